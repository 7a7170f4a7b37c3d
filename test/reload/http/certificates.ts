import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../../support/temporary.ts';

export const hasOpenssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** A CA, and a certificate that it made for `name` (`DNS:localhost,IP:127.0.0.1`). PEM texts. */
export async function createCertificates(name: string) {
  const directory = await temporaryDirectory();
  const run = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  run('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test CA', '-days', '2');
  const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-days', '2'];
  const subject = ['-subj', '/CN=app', '-addext', `subjectAltName=${name}`];
  run('req', '-x509', ...key, '-keyout', 'app.key', '-out', 'app.pem', ...subject, ...signing);
  const read = (file: string) => readFileSync(join(directory, file), 'utf8');
  return { ca: read('ca.pem'), key: read('app.key'), cert: read('app.pem') };
}
