import { version } from '../version.ts';

const text = `wherry ${version}: keeps a directory true to a remote source, atomically, and tells the application

Usage: wherry [command] [--setting value]…

  run            the sidecar: sync, publish, signal, watch; until SIGTERM (the default)
  init           one sync, no reload signal, then exit
  check          proves settings, source and target; asks the reload target nothing   [--json]
  status         what is published, signalled and failed, from the state file         [--json]
  healthcheck    startupz | readyz | livez, for exec probes
  hold           publish nothing new, until resume                                    [--json]
  pin REVISION   follow this commit, tag or branch, until resume                      [--json]
  resume         follow the source again; what was refused may be tried again         [--json]
  rollback       publish the good set before the present one again                    [--json]
  demo           needs no settings: commits become files and reloads before your eyes [--once]
  settings       the table of all settings                                 [--markdown | --json]
  --help, --version

Every setting is an environment variable, WHERRY_GIT_REPO, and a flag that wins over it, --git-repo; its value can
come from a file, WHERRY_GIT_REPO_FILE=/path. \`wherry settings\` lists them all.

  WHERRY_SOURCE=git WHERRY_GIT_REPO=https://git.example.com/config.git WHERRY_TARGET=/config wherry

Exit codes: 0 done · 1 unexpected · 2 settings · 3 access denied · 4 not found · 5 unreachable · 6 content refused ·
7 target not writable
`;

export function help(out: NodeJS.WritableStream): number {
  out.write(text);
  return 0;
}

export function printVersion(out: NodeJS.WritableStream): number {
  out.write(`${version}\n`);
  return 0;
}
