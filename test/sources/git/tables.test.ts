import { describe, expect, test } from 'vitest';
import { agentsSpeakToProxies } from '../../../src/platform/proxy.ts';
import { DamageError } from '../../../src/sources/git/damage.ts';
import type { Asked } from '../../../src/sources/git/failures.ts';
import { judgeGit } from '../../../src/sources/git/git-verdict.ts';
import { parsePackedRefs } from '../../../src/sources/git/local-refs.ts';
import { parseLsRemote } from '../../../src/sources/git/ls-remote.ts';
import { fileUrl, originOf, schemeOf } from '../../../src/sources/git/places.ts';
import { parseWanted, resolve } from '../../../src/sources/git/refs.ts';
import { sshCommand } from '../../../src/sources/git/ssh-command.ts';
import { parseGitmodules, resolveSubmoduleUrl } from '../../../src/sources/git/submodule-urls.ts';
import { parseTree } from '../../../src/sources/git/tree.ts';

const one = '1'.repeat(40);
const two = '2'.repeat(40);

describe('what is asked for', () => {
  test.each([
    ['HEAD', ['HEAD']],
    ['main', ['refs/heads/main', 'refs/tags/main', 'refs/main']],
    ['site/a', ['refs/heads/site/a', 'refs/tags/site/a', 'refs/site/a']],
    ['refs/deploy/x', ['refs/deploy/x']],
    ['1234567', ['refs/heads/1234567', 'refs/tags/1234567', 'refs/1234567']],
  ])('by %s', (text, candidates) => {
    expect(parseWanted(text)).toMatchObject({ kind: 'ref', text, candidates });
  });

  test.each([one, 'ABCDEF0123'.repeat(4), '0'.repeat(64)])('by the commit %s', (text) => {
    expect(parseWanted(text)).toEqual({ kind: 'commit', revision: text.toLowerCase() });
  });

  test('is the first that exists, peeled', () => {
    const refs = new Map([
      ['refs/tags/v1', { oid: one, peeled: two }],
      ['refs/v1', { oid: one }],
    ]);
    const candidates = ['refs/heads/v1', 'refs/tags/v1', 'refs/v1'];
    expect(resolve(candidates, refs)).toEqual({ ref: 'refs/tags/v1', revision: two, shadowed: ['refs/v1'] });
    expect(resolve(['refs/heads/v1'], refs)).toBeUndefined();
  });
});

describe('lists of refs', () => {
  test('of git ls-remote', () => {
    const output = `${one}\tHEAD\n${one}\trefs/tags/v1\n${two}\trefs/tags/v1^{}\nwarning: x\n`;
    expect([...parseLsRemote(output)]).toEqual([
      ['HEAD', { oid: one }],
      ['refs/tags/v1', { oid: one, peeled: two }],
    ]);
  });

  test('of packed-refs', () => {
    const text = `# pack-refs with: peeled fully-peeled sorted \n${one} refs/heads/main\n${one} refs/tags/v1\n^${two}\n`;
    const packed = parsePackedRefs(text);
    expect(packed.fullyPeeled).toBe(true);
    expect([...packed.refs]).toEqual([
      ['refs/heads/main', { oid: one }],
      ['refs/tags/v1', { oid: one, peeled: two }],
    ]);
    expect(parsePackedRefs(`${one} refs/tags/v1\n`).fullyPeeled).toBe(false);
  });
});

describe('addresses', () => {
  test.each([
    ['https://Host.example/x', 'https', 'https://host.example'],
    ['http://host:8080/x', 'http', 'http://host:8080'],
    ['https://host:443/x', 'https', 'https://host'],
    ['ssh://git@host/x', 'ssh', 'ssh://host:22'],
    ['ssh://git@host:2222/x', 'ssh', 'ssh://host:2222'],
    ['git@host:x/y.git', 'ssh', 'ssh://host:22'],
    ['host:x', 'ssh', 'ssh://host:22'],
    ['git@[::1]:x', 'ssh', 'ssh://[::1]:22'],
    ['file:///srv/x', 'file', 'file://'],
  ])('of %s', (url, scheme, origin) => {
    expect(schemeOf(url)).toBe(scheme);
    expect(originOf(url)).toBe(origin);
  });

  test('of files keep their percent signs', () => {
    expect(fileUrl('/a%20b')).toBe('file:///a%2520b');
  });

  test.each([
    ['../lib.git', 'https://host/team/main.git', 'https://host/team/lib.git'],
    ['../lib.git', 'https://host/team/main.git/', 'https://host/team/lib.git'],
    ['../../other/lib.git', 'https://host/team/main.git', 'https://host/other/lib.git'],
    ['./sub', 'https://host/team/main.git', 'https://host/team/main.git/sub'],
    ['../lib.git', 'git@host:team/main.git', 'git@host:team/lib.git'],
    ['../lib.git', 'git@host:main.git', 'git@host:lib.git'],
    ['../lib', 'file:///srv/main', 'file:///srv/lib'],
    ['https://else/x.git', 'https://host/team/main.git', 'https://else/x.git'],
    ['git@else:x.git', 'https://host/team/main.git', 'git@else:x.git'],
    ['/srv/lib', 'file:///srv/main', 'file:///srv/lib'],
  ])('of the submodule %s in %s', (url, parent, expected) => {
    expect(resolveSubmoduleUrl({ path: 's', url }, parent, parent)).toBe(expected);
  });

  test.each([
    ['/etc', 'https://host/main.git'],
    ['file:///etc', 'https://host/main.git'],
    ['ext::sh', 'https://host/main.git'],
    ['-c', 'file:///srv/main'],
    ['word', 'file:///srv/main'],
    ['git://host/x', 'https://host/main.git'],
    ['http://else/x', 'https://host/main.git'],
    ['../../../../x', 'https://host/main.git'],
    ['https://host/a\nb', 'https://host/main.git'],
  ])('of the submodule %j in %s are refused', (url, parent) => {
    expect(() => resolveSubmoduleUrl({ path: 's', url }, parent, parent)).toThrow(/WHERRY_GIT_SUBMODULES/);
  });

  test('of submodules are read as git prints them', () => {
    const output =
      'submodule.a.b.path\nvendor/x\0submodule.a.b.url\n../x.git\0submodule.c.path\nc\0submodule.c.branch\nmain\0core.x\ny\0';
    expect(parseGitmodules(output)).toEqual([{ path: 'vendor/x', url: '../x.git' }]);
  });
});

describe('what a failed git says', () => {
  const asked: Asked = {
    display: 'https://host/x',
    transport: 'http',
    credential: 'WHERRY_GIT_TOKEN',
    address: 'WHERRY_GIT_REPO',
  };
  const cases: readonly (readonly [string, string])[] = [
    ["fatal: couldn't find remote ref refs/heads/x", 'no-ref'],
    [`fatal: remote error: upload-pack: not our ref ${one}`, 'not-advertised'],
    [`error: Server does not allow request for unadvertised object ${one}`, 'not-advertised'],
    ['fatal: mismatched algorithms: client sha1; server sha256', 'format'],
    ["fatal: unable to access 'https://host/x/': Could not resolve host: host", 'unreachable'],
    ["fatal: unable to access 'https://host/x/': Failed to connect to host port 443", 'unreachable'],
    ["fatal: unable to access 'https://host/x/': The requested URL returned error: 403", 'denied'],
    ["fatal: unable to access 'https://host/x/': The requested URL returned error: 503", 'unreachable'],
    ["fatal: repository 'https://host/x/' not found", 'missing'],
    [
      "fatal: unable to access 'https://host/x/': server certificate verification failed. CAfile: none",
      'denied',
    ],
    ["fatal: unable to access 'https://host/x/': SSL certificate problem: self-signed certificate", 'denied'],
    ["fatal: Authentication failed for 'https://host/x/'", 'doubtful'],
    ["fatal: could not read Username for 'https://host': terminal prompts disabled", 'doubtful'],
    ['fatal: https://host/x/info/refs not valid: is this a git repository?', 'unreachable'],
    [
      'error: RPC failed; curl 18 transfer closed\nfetch-pack: unexpected disconnect\nfatal: early EOF',
      'unreachable',
    ],
    ['fatal: the remote end hung up unexpectedly', 'unreachable'],
    ['Host key verification failed.\nfatal: Could not read from remote repository.', 'denied'],
    ['me@host: Permission denied (publickey).\nfatal: Could not read from remote repository.', 'denied'],
    ['ssh: connect to host h port 22: Connection refused\nfatal: Could not read', 'unreachable'],
    ['ssh: Could not resolve hostname h: Name or service not known', 'unreachable'],
    ["fatal: '/srv/x' does not appear to be a git repository", 'missing'],
    ['ERROR: Repository not found.\nfatal: Could not read from remote repository.', 'missing'],
    ['remote: ERROR: The project you were looking for could not be found', 'missing'],
    ['No user exists for uid 1234', 'unexpected'],
    ['Error: spawn git ENOENT', 'unexpected'],
    ['fatal: write error: No space left on device\nfatal: index-pack failed', 'target'],
    ['remote: No space left on device\nfatal: early EOF', 'unreachable'],
    ['fatal: pack has bad object at offset 12\nfatal: the remote end hung up', 'unknown'],
    ['error: object file .git/objects/12/34 is empty\nfatal: loose object is corrupt', 'unknown'],
    ["fatal: Unable to create 'x/shallow.lock': File exists.", 'unknown'],
    ['fatal: something that nobody has seen', 'unknown'],
  ];
  test.each(cases)('%j', (stderr, expected) => {
    const verdict = judgeGit(stderr, asked);
    expect(verdict.kind === 'failure' ? verdict.failure.kind : verdict.kind).toBe(expected);
  });
});

describe('ssh', () => {
  test('is started without the user’s configuration, in words that a shell takes apart again', () => {
    const command = sshCommand({
      keyPath: '/proc/1/fd/20',
      knownHostsPaths: ["/state dir/it's", '/proc/1/fd/21'],
      hostKeyCheck: 'accept-new',
    });
    expect(command).toMatch(/^ssh -F \/dev\/null -o IdentitiesOnly=yes /);
    expect(command).toContain('-o StrictHostKeyChecking=accept-new');
    expect(command).toContain(`-o 'UserKnownHostsFile="/state dir/it'\\''s" /proc/1/fd/21'`);
  });
});

test('proxies are spoken to by the agents of newer versions', () => {
  const versions = ['20.20.0', '22.20.0', '22.21.0', '23.11.0', '24.4.1', '24.5.0', '26.10.0'];
  expect(versions.map(agentsSpeakToProxies)).toEqual([false, false, true, false, false, true, true]);
});

test('a tree that is cut short is damage', () => {
  const tree = Buffer.concat([Buffer.from('100644 a\0'), Buffer.from(one, 'hex')]);
  expect([...parseTree(tree, 20)]).toEqual([{ mode: '100644', name: Buffer.from('a'), oid: one }]);
  for (let end = 1; end < tree.byteLength; end++) {
    expect(() => [...parseTree(tree.subarray(0, end), 20)]).toThrow(DamageError);
  }
});
