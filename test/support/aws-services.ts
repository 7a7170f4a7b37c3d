import { type FakeAnswer, type FakeServer, type SeenRequest, startFake } from './fake-http.ts';

/** Temporary credentials, as each of the services gives them. */
export interface Grant {
  readonly id: string;
  readonly expiration: Date;
}

export const inAnHour = () => new Date(Date.now() + 3_600_000);

/** STS: answers AssumeRole and AssumeRoleWithWebIdentity in its XML. */
export function startSts(grant: (form: URLSearchParams) => Grant | FakeAnswer): Promise<FakeServer> {
  return startFake(({ body }) => {
    const form = new URLSearchParams(body);
    const given = grant(form);
    return given !== undefined && 'id' in given ? assumed(form.get('Action') ?? '', given) : given;
  });
}

export function stsError(status: number, code: string, message: string): FakeAnswer {
  const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
  return {
    status,
    type: 'text/xml',
    body: `<ErrorResponse xmlns="${namespace}">${error}<RequestId>r</RequestId></ErrorResponse>`,
  };
}

const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/';

function assumed(action: string, { id, expiration }: Grant): FakeAnswer {
  const credentials = `<AccessKeyId>${id}</AccessKeyId><SecretAccessKey>secret-of-${id}</SecretAccessKey><SessionToken>token-of-${id}</SessionToken><Expiration>${expiration.toISOString()}</Expiration>`;
  return {
    type: 'text/xml',
    body: `<${action}Response xmlns="${namespace}"><${action}Result><Credentials>${credentials}</Credentials></${action}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></${action}Response>`,
  };
}

/** What the agents of containers and the instance's metadata service say. */
export function grantDocument({ id, expiration }: Grant): string {
  return JSON.stringify({
    Code: 'Success',
    Type: 'AWS-HMAC',
    AccessKeyId: id,
    SecretAccessKey: `secret-of-${id}`,
    Token: `token-of-${id}`,
    Expiration: expiration.toISOString(),
  });
}

/** IMDSv2: nothing without a session's token. */
export function startImds(grant: () => Grant): Promise<FakeServer> {
  const roles = '/latest/meta-data/iam/security-credentials/';
  return startFake(({ method, path, headers }: SeenRequest) => {
    if (method === 'PUT' && path === '/latest/api/token') return { type: 'text/plain', body: 'imds-session' };
    if (headers['x-aws-ec2-metadata-token'] !== 'imds-session') return { status: 401, body: '' };
    if (path === roles) return { type: 'text/plain', body: 'node-role' };
    return path === `${roles}node-role` ? { body: grantDocument(grant()) } : { status: 404, body: '' };
  });
}
