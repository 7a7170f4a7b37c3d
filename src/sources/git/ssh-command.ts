export interface SshOptions {
  readonly keyPath: string | undefined;
  /** The first one takes what is accepted new. */
  readonly knownHostsPaths: readonly string[];
  readonly hostKeyCheck: 'strict' | 'accept-new' | 'off';
}

const checks = { strict: 'yes', 'accept-new': 'accept-new', off: 'no' } as const;

/** The value of GIT_SSH_COMMAND: neither the user's nor the system's configuration, keys or agents. */
export function sshCommand({ keyPath, knownHostsPaths, hostKeyCheck }: SshOptions): string {
  const options = [
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    'BatchMode=yes',
    'PreferredAuthentications=publickey',
    // A list: ssh splits it at spaces that are not quoted.
    `UserKnownHostsFile=${(knownHostsPaths.length === 0 ? ['/dev/null'] : knownHostsPaths).map(doubleQuote).join(' ')}`,
    'GlobalKnownHostsFile=/dev/null',
    `IdentityFile=${keyPath === undefined ? 'none' : doubleQuote(keyPath)}`,
    `StrictHostKeyChecking=${checks[hostKeyCheck]}`,
    'UpdateHostKeys=no',
    'ConnectTimeout=15',
    'ServerAliveInterval=15',
    'ServerAliveCountMax=3',
    'ControlMaster=no',
    'ClearAllForwardings=yes',
    'LogLevel=ERROR',
  ];
  return ['ssh', '-F', '/dev/null', ...options.flatMap((option) => ['-o', option])].map(quote).join(' ');
}

function doubleQuote(path: string): string {
  return /\s/.test(path) ? `"${path}"` : path;
}

/** git hands the command to a shell. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
