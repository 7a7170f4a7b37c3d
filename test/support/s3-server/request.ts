import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** A request as the server saw it. */
export interface SeenRequest {
  readonly method: string;
  /** As it was sent. */
  readonly target: string;
  readonly operation: 'get' | 'head' | 'put' | 'delete' | 'list' | 'versions' | 'other';
  readonly bucket: string;
  readonly key: string;
  readonly path: Buffer;
  readonly query: ReadonlyMap<string, string>;
  readonly headers: IncomingHttpHeaders;
  /** Undefined until it is answered. */
  status: number | undefined;
}

export function readRequest(message: IncomingMessage): SeenRequest {
  const target = message.url ?? '/';
  const [rawPath = '/', ...rawQuery] = target.split('?');
  const path = decode(rawPath);
  const query = new Map(
    rawQuery
      .join('?')
      .split('&')
      .filter((pair) => pair !== '')
      .map((pair) => {
        const [name = '', ...value] = pair.split('=');
        return [decode(name).toString(), decode(value.join('=')).toString()] as const;
      }),
  );
  const method = message.method ?? 'GET';
  const text = path.toString();
  // The bucket as the first label of the host's name, or as the first segment of the path.
  const inHost = /^(.+?)\.(?:localhost|s3\.[a-z0-9.-]+)(?::\d+)?$/i.exec(message.headers.host ?? '')?.[1];
  const slash = text.indexOf('/', 1);
  const inPath = slash === -1 ? text.slice(1) : text.slice(1, slash);
  const key = inHost === undefined ? (slash === -1 ? '' : text.slice(slash + 1)) : text.slice(1);
  return {
    method,
    target,
    operation: operationOf(method, key, query),
    bucket: inHost ?? inPath,
    key,
    path,
    query,
    headers: message.headers,
    status: undefined,
  };
}

function operationOf(method: string, key: string, query: ReadonlyMap<string, string>) {
  if (key === '') {
    if (method !== 'GET') return 'other';
    if (query.has('versions')) return 'versions';
    return query.get('list-type') === '2' ? 'list' : 'other';
  }
  // A sub-resource is not the object: taken for it, a PUT would overwrite it.
  const parameters = [...query.keys()].filter((name) => !['x-id', 'versionId'].includes(name));
  if (parameters.length > 0) return 'other';
  const operations = { GET: 'get', HEAD: 'head', PUT: 'put', DELETE: 'delete' } as const;
  return isOneOf(operations, method) ? operations[method] : 'other';
}

function isOneOf<T extends object>(table: T, name: PropertyKey): name is keyof T {
  return Object.hasOwn(table, name);
}

/** Percent-encoding alone: a plus sign is itself. */
function decode(text: string): Buffer {
  const latin = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(latin, 'latin1');
}
