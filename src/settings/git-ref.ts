/** Whether git may know something by this name; what control characters or `git check-ref-format` forbid is not. */
export function isGitRef(text: string): boolean {
  return text !== '' && text !== '@' && !/^-|^\/|\/$|\.\.|\/\/|@\{|\.lock$|[\s\p{Cc}~^:?*[\\]/u.test(text);
}
