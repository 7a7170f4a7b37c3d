import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryDirectory } from './temporary.ts';

const exec = promisify(execFile);

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of a test's own, made by openssl. */
export class Authority {
  readonly cert: string;
  readonly #directory: string;
  #issued = 0;

  private constructor(directory: string, cert: string) {
    this.#directory = directory;
    this.cert = cert;
  }

  static async create(): Promise<Authority> {
    const directory = await temporaryDirectory();
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const extensions = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=keyCertSign'];
    await exec(
      'openssl',
      [
        'req',
        '-x509',
        ...key,
        '-keyout',
        'ca.key',
        '-out',
        'ca.crt',
        '-subj',
        '/CN=test authority',
        ...extensions,
      ],
      { cwd: directory },
    );
    return new Authority(directory, await readFile(join(directory, 'ca.crt'), 'utf8'));
  }

  /** For a server at `localhost`, or for a client. */
  async issue(name = 'localhost'): Promise<Certificate> {
    this.#issued += 1;
    const base = `issued-${this.#issued}`;
    const cwd = this.#directory;
    await writeFile(join(cwd, `${base}.ext`), `subjectAltName=DNS:${name},IP:127.0.0.1\n`);
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    await exec(
      'openssl',
      ['req', ...key, '-keyout', `${base}.key`, '-out', `${base}.csr`, '-subj', `/CN=${name}`],
      { cwd },
    );
    const signing = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
    await exec(
      'openssl',
      ['x509', '-req', '-in', `${base}.csr`, ...signing, '-extfile', `${base}.ext`, '-out', `${base}.crt`],
      { cwd },
    );
    const [cert, privateKey] = await Promise.all([
      readFile(join(cwd, `${base}.crt`), 'utf8'),
      readFile(join(cwd, `${base}.key`), 'utf8'),
    ]);
    return { cert, key: privateKey };
  }
}
