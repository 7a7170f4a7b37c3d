import { version } from '../version.ts';

const text = `wherry ${version}: keeps a directory true to a remote source, atomically, and tells the application

Usage: wherry [command] [--setting value]…

  run            the sidecar: sync, publish, signal, watch; until SIGTERM (the default)
  init           one sync, no reload signal, then exit
  check          proves settings, source and target; asks the reload target nothing   [--json]
  status         what is published, signalled and failed, from the state file         [--json]
  healthcheck    startupz | readyz | livez, for exec probes
  hold           publish nothing new, until resume                                    [--json]
  pin REVISION   follow this commit, tag, branch or state of a bucket, until resume   [--json]
  resume         follow the source again; what was refused may be tried again         [--json]
  rollback       publish the good set before the present one again                    [--json]
  demo           needs no settings: commits and releases become files and reloads before your eyes [--once]
  release        puts a directory into a bucket, for readers with WHERRY_S3_POINTER   [--help]
  settings       the table of all settings                                 [--markdown | --json]
  --help, --version

Every setting is an environment variable, WHERRY_GIT_REPO, and a flag that wins over it, --git-repo; its value can
come from a file, WHERRY_GIT_REPO_FILE=/path. \`wherry settings\` lists them all.

  WHERRY_SOURCE=git WHERRY_GIT_REPO=https://git.example.com/config.git WHERRY_TARGET=/config wherry

Exit codes: 0 done · 1 unexpected · 2 settings · 3 access denied · 4 not found · 5 unreachable · 6 content refused ·
7 target not writable, or held by another Wherry
`;

const releaseText = `wherry release: puts a directory into a bucket as one release, and moves the pointer that readers follow

Usage: wherry release DIR s3://bucket/prefix --pointer KEY [--setting value]…
       wherry release s3://bucket/prefix --pointer KEY --rollback [REV]
       wherry release s3://bucket/prefix --pointer KEY --list

Contents go to <prefix>blobs/, called by their SHA-256: what is there is not uploaded again. What makes up the release
goes to <prefix>releases/<rev>.json, and stays. The pointer is moved last, and only if nobody else has moved it since.
KEY is that of the readers, WHERRY_S3_POINTER, from the root of the bucket.

  --message TEXT         what --list shows beside the release
  --rev NAME             the name of the release; by default its time and the beginning of its digest
  --dry-run              says what would be done, and writes nothing
  --force                makes a release of what the pointer names already, and writes over a pointer of plain text
  --rollback [REV]       moves the pointer to an earlier release; without REV to the one that was before this one
  --list [--limit N]     the releases, the newest first, the current one marked
  --json                 the result as JSON
  --no-compare-and-swap  for stores that cannot write on a condition: nothing then keeps two writers apart

Settings that count: WHERRY_S3_ENDPOINT, _REGION, _PATH_STYLE, _CREDENTIALS and those with it, _CA, _SSE_C_KEY,
_REQUESTER_PAYS, _CONCURRENCY, and AWS_*; WHERRY_INCLUDE, _EXCLUDE, _SYMLINKS, _REQUIRE, _ALLOW_EMPTY, _MAX_FILES,
_MAX_BYTES, as readers have them. Directories called .git are left out.

Exit codes: those of \`wherry --help\`; 6 also when another writer was faster. Interrupted, it ends with 128 and the
number of the signal: the pointer is then where it was, and what was uploaded need not be uploaded again.
`;

/** About the program, or about one of its commands that has more to say. */
export function help(topic: string | undefined, out: NodeJS.WritableStream): number {
  out.write(topic === 'release' ? releaseText : text);
  return 0;
}

export function printVersion(out: NodeJS.WritableStream): number {
  out.write(`${version}\n`);
  return 0;
}
