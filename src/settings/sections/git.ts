import { gitRemote } from '../git-remote.ts';
import * as kinds from '../kinds.ts';
import { inSection } from '../setting.ts';

const git = inSection('git');

export const gitSettings = {
  gitRepo: git(gitRemote, {
    url: true,
    defaultNote: 'required',
    meaning: '`https://`, `http://`, `ssh://`, `user@host:path`, `file://`, or a path',
  }),
  gitRef: git(kinds.text, {
    default: 'HEAD',
    meaning: 'branch, tag (annotated too), `refs/…` or commit; a commit needs no polling',
  }),
  gitPath: git(kinds.text, {
    default: '.',
    meaning: 'the directory (or file) of the repository that becomes the set',
  }),
  gitDepth: git(kinds.integer(0), {
    default: '1',
    meaning: 'commits of history to fetch; `0` = whole history',
  }),
  gitSubmodules: git(kinds.oneOf('off', 'shallow', 'recursive'), {
    default: 'off',
    meaning: "`off`, `shallow` (the repository's own submodules), `recursive` (theirs too)",
  }),
  gitLfs: git(kinds.oneOf('false'), {
    default: 'false',
    meaning: 'only `false` in this version; an LFS pointer in the set is a warning that names it',
  }),
  gitUsername: git(kinds.text, { meaning: 'HTTP(S) user name; inside the URL it is accepted too' }),
  gitPassword: git(kinds.text, {
    secret: true,
    meaning: 'HTTP(S) password or access token; inside the URL it is accepted too and never printed',
  }),
  gitToken: git(kinds.text, { secret: true, meaning: 'sent as a bearer token' }),
  gitSshKey: git(kinds.privateKey, { secret: true, meaning: 'private key (use `_FILE`)' }),
  gitSshKnownHosts: git(kinds.text, {
    meaning: 'text of a known_hosts file; required for SSH unless the check is set otherwise',
  }),
  gitSshHostKeyCheck: git(kinds.oneOf('strict', 'accept-new', 'off'), {
    default: 'strict',
    meaning: '`strict`, `accept-new`, `off` (warns)',
  }),
  gitCa: git(kinds.certificate, { meaning: 'PEM certificates of a private CA (use `_FILE`)' }),
  gitClientCert: git(kinds.certificate, { meaning: 'PEM certificate for mutual TLS (use `_FILE`)' }),
  gitClientKey: git(kinds.privateKey, { secret: true, meaning: 'its PEM private key (use `_FILE`)' }),
  gitCookies: git(kinds.text, { secret: true, meaning: 'an HTTP cookie jar (use `_FILE`)' }),
} as const;
