import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodePath, encodeQuery, Signer } from '../../../../src/sources/s3/store/sigv4.ts';

/** The examples of AWS's own documentation of Signature Version 4 for S3. */
const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  sessionToken: undefined,
  expiresAt: undefined,
};
const scope = { credentials, region: 'us-east-1', time: new Date('2013-05-24T00:00:00Z') };
const host = 'examplebucket.s3.amazonaws.com';

const examples = [
  {
    name: 'GET Object with a range',
    request: { path: '/test.txt', query: '', headers: { host, range: 'bytes=0-9' } },
    signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  },
  {
    name: 'GET Bucket Lifecycle',
    request: { path: '/', query: encodeQuery({ lifecycle: '' }), headers: { host } },
    signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  },
  {
    name: 'GET Bucket (List Objects)',
    request: { path: '/', query: encodeQuery({ prefix: 'J', 'max-keys': '2' }), headers: { host } },
    signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  },
];

test.each(examples)('signs as in the example $name', ({ request, signature }) => {
  const headers = new Signer().sign({ method: 'GET', ...request }, scope);
  expect(headers['authorization']).toMatch(new RegExp(`Signature=${signature}$`));
});

test('makes the key anew for another day, region or secret', () => {
  const request = { method: 'GET', path: '/', query: '', headers: { host } };
  const others = [
    scope,
    { ...scope, time: new Date('2013-05-25T00:00:00Z') },
    { ...scope, region: 'eu-west-1' },
    { ...scope, credentials: { ...credentials, secretAccessKey: 'another' } },
  ];
  const signer = new Signer();
  for (const other of [...others, ...others]) {
    expect(signer.sign(request, other)).toEqual(new Signer().sign(request, other));
  }
});

test('signs the session token', () => {
  const temporary = { ...scope, credentials: { ...credentials, sessionToken: 'token' } };
  const headers = new Signer().sign({ method: 'GET', path: '/', query: '', headers: { host } }, temporary);
  expect(headers['x-amz-security-token']).toBe('token');
  expect(headers['authorization']).toContain('x-amz-security-token,');
});

test('keeps every part of a key literal', () => {
  expect(encodePath('a/../../b//c/./d')).toBe('a/../../b//c/./d');
  expect(encodePath("a b+c%41ü\n!'()*~")).toBe('a%20b%2Bc%2541%C3%BC%0A%21%27%28%29%2A~');
  expect(encodePath('?x=1#y')).toBe('%3Fx%3D1%23y');
});

test('encodes each byte of any key once', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (key) => {
      const encoded = encodePath(key);
      expect(encoded).toMatch(/^(?:[A-Za-z0-9\-._~/]|%[0-9A-F]{2})*$/);
      expect(decodeURIComponent(encoded)).toBe(key.toWellFormed());
    }),
  );
});

test('sorts a query by its encoded names', () => {
  expect(encodeQuery({ prefix: 'a/b c', 'list-type': '2', a: '', 'a-b': '=&' })).toBe(
    'a=&a-b=%3D%26&list-type=2&prefix=a%2Fb%20c',
  );
});
