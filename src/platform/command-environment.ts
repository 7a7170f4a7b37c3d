const secretName =
  /passw|passphrase|(^|_)pass(_|$)|_pwd$|secret|token|credential|private|cookie|(^|_)auth(_|$)|authoriz|authentic|api_?key|access_?key|(^|_)key$|(^|_)(pat|jwt|sas|webhook(_url)?)$|dsn$|connection_?string/i;
const ownNames = /^(WHERRY|AWS)_/i;
const userInfo = /[a-z][a-z\d+.-]*:\/\/[^\s/?#]*@/i;
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/**
 * What a user's command sees: the ambient environment without what is, or looks like, a secret of Wherry's or of the
 * pod's; and what it is told, which wins.
 */
export function commandEnvironment(
  ambient: NodeJS.ProcessEnv,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  const harmless = Object.entries(ambient).flatMap(([name, value]): [string, string][] =>
    value === undefined || isSecret(name, value) ? [] : [[name, value]],
  );
  return { ...Object.fromEntries(harmless), ...own };
}

function isSecret(name: string, value: string): boolean {
  return ownNames.test(name) || secretName.test(name) || userInfo.test(value) || privateKey.test(value);
}
