import { RefusedError } from '../../failure/failure.ts';
import { gitRemote } from '../../settings/git-remote.ts';
import { originOf, schemeOf, urlForGit } from './places.ts';

/** One section of `.gitmodules`. */
export interface Submodule {
  readonly path: string;
  readonly url: string;
}

/** Reads what `git config -z --list` prints of a `.gitmodules`: `submodule.<name>.<key> LF <value> NUL`. */
export function parseGitmodules(output: string): Submodule[] {
  const sections = new Map<string, { path?: string; url?: string }>();
  for (const item of output.split('\0')) {
    const end = item.indexOf('\n');
    const match = /^submodule\.(.+)\.(path|url)$/s.exec(end === -1 ? '' : item.slice(0, end));
    if (match?.[1] === undefined) continue;
    const section = sections.get(match[1]) ?? {};
    section[match[2] === 'path' ? 'path' : 'url'] = item.slice(end + 1);
    sections.set(match[1], section);
  }
  return [...sections.values()].flatMap(({ path, url }) =>
    path === undefined || url === undefined ? [] : [{ path, url }],
  );
}

/**
 * The address that git would take for a submodule: relative ones start from the address of the repository that holds
 * it. Only what the main repository's own transport makes reasonable is allowed; a tree's text is nobody's order.
 */
export function resolveSubmoduleUrl({ path, url }: Submodule, parent: string, main: string): string {
  const absolute = /^\.\.?\//.test(url) ? resolveRelative(parent, url) : url;
  const remote = absolute === undefined ? undefined : gitRemote.parse(absolute);
  const isLocalPath = remote?.transport === 'file' && !/^(?:file:\/\/|\/)/i.test(absolute ?? '');
  if (remote === undefined || isLocalPath) throw refused(path, url, 'is not an address that can be fetched');
  if (remote.transport === 'file' && schemeOf(main) !== 'file') {
    throw refused(path, url, 'leads into this machine, and the repository that names it does not');
  }
  const result = urlForGit(remote);
  if (schemeOf(result) === 'http' && schemeOf(main) === 'https' && originOf(result) !== originOf(main)) {
    throw refused(path, url, 'is not encrypted, and the repository that names it is');
  }
  return result;
}

/**
 * git's rule: each `../` takes the last element off, at a slash or, in `host:path`, at the colon. Undefined when
 * that would take the host off.
 */
function resolveRelative(parent: string, url: string): string | undefined {
  const host = /^(?:[a-z]+:\/\/[^/]*)?/i.exec(parent)?.[0] ?? '';
  let base = parent.replace(/\/+$/, '');
  let rest = url;
  let separator = '/';
  for (;;) {
    if (rest.startsWith('./')) rest = rest.slice(2);
    else if (rest.startsWith('../')) {
      rest = rest.slice(3);
      const slash = base.lastIndexOf('/');
      const cut = slash === -1 ? base.lastIndexOf(':') : slash;
      separator = slash === -1 ? ':' : '/';
      if (cut < Math.max(host.length, 1)) return undefined;
      base = base.slice(0, cut);
    } else break;
  }
  return `${base}${separator}${rest}`.replace(/\/+$/, '');
}

function refused(path: string, url: string, fault: string): RefusedError {
  const shown = url.replace(/\/\/[^/@]*@/, '//');
  return new RefusedError({
    setting: 'WHERRY_GIT_SUBMODULES',
    problem: `the address ${JSON.stringify(shown)} of the submodule ${JSON.stringify(path)} ${fault}`,
    cure: 'change it in .gitmodules, or leave the submodule out with WHERRY_EXCLUDE',
  });
}
