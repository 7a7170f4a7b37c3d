import { isAbsolute } from 'node:path';
import { parseDuration, parseSize } from '../platform/units.ts';

/** How one sort of value is written. `parse` returns undefined for text that is not one. */
export interface Kind<T> {
  /** What was expected, for errors and the reference: `a duration such as 30s`. */
  readonly expected: string;
  /** True where the flag may stand without a value. */
  readonly flag?: boolean;
  /** True for what stands in a file beside secrets: a wrong value may be one of those, and is not shown. */
  readonly besideSecrets?: boolean;
  parse(text: string): T | undefined;
}

export const text: Kind<string> = {
  expected: 'text',
  parse: (value) => value,
};

export const duration: Kind<number> = {
  expected: 'a duration such as 500ms, 30s, 5m or 1h',
  parse: parseDuration,
};

/** Milliseconds of patience: more than none, and no more than a timer can count. */
export const timeout: Kind<number> = {
  expected: 'a duration such as 500ms, 30s or 5m, from 1ms to 500h',
  parse: (value) => {
    const milliseconds = parseDuration(value);
    return milliseconds !== undefined && milliseconds >= 1 && milliseconds <= 500 * 3_600_000
      ? milliseconds
      : undefined;
  },
};

export const size: Kind<number> = {
  expected: 'a size such as 64KiB, 1MiB or 1GiB',
  parse: parseSize,
};

export const boolean: Kind<boolean> = {
  expected: 'true or false',
  flag: true,
  parse: (value) => {
    if (/^(true|1|yes|on)$/i.test(value)) return true;
    return /^(false|0|no|off)$/i.test(value) ? false : undefined;
  },
};

export const list: Kind<readonly string[]> = {
  expected: 'a list with commas or newlines between its items',
  parse: (value) =>
    value
      .split(/[,\n]/)
      .map((item) => item.trim())
      .filter((item) => item !== ''),
};

/** What a client can send behind `Bearer`. */
export const token: Kind<string> = {
  expected: 'a token without spaces',
  parse: (value) => (/^[\x21-\x7e]+$/.test(value) ? value : undefined),
};

export const certificate: Kind<string> = {
  expected: 'the text of PEM certificates',
  besideSecrets: true,
  parse: (value) => (value.includes('-----BEGIN CERTIFICATE-----') ? value : undefined),
};

export const privateKey: Kind<string> = {
  expected: 'the text of a private key, with its BEGIN and END lines',
  parse: (value) => (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(value) ? value : undefined),
};

/** Octal permission bits; the execute bits come from the source. */
export const mode: Kind<number> = {
  expected: 'an octal mode such as 0644',
  parse: (value) => (/^0?[0-7]{3}$/.test(value) ? Number.parseInt(value, 8) : undefined),
};

/** `25%` → 0.25. */
export const share: Kind<number> = {
  expected: 'a share from 0% to 100%',
  parse: (value) => {
    const match = /^(\d+(?:\.\d+)?)%$/.exec(value);
    const fraction = Number(match?.[1] ?? Number.NaN) / 100;
    return fraction <= 1 ? fraction : undefined;
  },
};

/** A fraction from 0 up to, not including, 1. */
export const fraction: Kind<number> = {
  expected: 'a number from 0 to 0.99',
  parse: (value) => (/^(0|0?\.\d+)$/.test(value) ? Number(value) : undefined),
};

export function integer(least: number): Kind<number> {
  return {
    expected: `a whole number from ${least}`,
    parse: (value) => {
      const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
      return Number.isSafeInteger(number) && number >= least ? number : undefined;
    },
  };
}

export function oneOf<const T extends string>(...values: readonly T[]): Kind<T> {
  return {
    expected: values.length === 1 ? values.join() : `one of ${values.join(', ')}`,
    parse: (value) => values.find((known) => known === value),
  };
}

/** HTTP header lines, `Name: value`, one a line, of what HTTP can carry. */
export const headers: Kind<readonly (readonly [string, string])[]> = {
  expected: 'lines of the form Name: value, in printable ASCII',
  parse: (value) => {
    const lines = value
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== '');
    const parsed = lines.map((line) => /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):\s*([\t\x20-\x7e]*)$/.exec(line));
    return parsed.every((match) => match !== null)
      ? parsed.map((match) => [match[1] ?? '', match[2] ?? ''] as const)
      : undefined;
  },
};

/** A set of HTTP statuses. */
export interface Statuses {
  /** As the user wrote it. */
  readonly text: string;
  includes(status: number): boolean;
}

/** `2xx`, `200,202`, `2xx,304`. */
export const statuses: Kind<Statuses> = {
  expected: 'HTTP statuses such as 2xx or 200,202',
  parse: (value) => {
    const items = value.split(',').map((item) => item.trim());
    if (!items.every((item) => /^[1-5](xx|\d\d)$/.test(item))) return undefined;
    return {
      text: value,
      includes: (status) =>
        items.some((item) => (item.endsWith('xx') ? item[0] === String(status)[0] : item === String(status))),
    };
  },
};

/** One or more `http:` or `https:` URLs. */
const httpUrls: Kind<readonly URL[]> = {
  expected: 'one or more http:// or https:// URLs',
  parse: (value) => {
    const items = list.parse(value) ?? [];
    const urls = items.map((item) => (URL.canParse(item) && !/\s/.test(item) ? new URL(item) : undefined));
    return urls.every((url) => url?.protocol === 'http:' || url?.protocol === 'https:')
      ? urls.filter((url) => url !== undefined)
      : undefined;
  },
};

/** HTTP URLs, and the two forms in which HAProxy's master CLI is reached. */
export const reloadUrls: Kind<readonly URL[]> = {
  expected:
    'one or more http:// or https:// URLs; for HAProxy unix:///path (107 bytes at most) or tcp://host:port too',
  parse: (value) => {
    const urls = (list.parse(value) ?? []).map((item) => httpUrl.parse(item) ?? socketUrl(item));
    const known = urls.filter((url) => url !== undefined);
    return known.length === urls.length ? known : undefined;
  },
};

function socketUrl(text: string): URL | undefined {
  if (!URL.canParse(text) || /\s/.test(text)) return undefined;
  const url = new URL(text);
  const { protocol, host, hostname, port, pathname, username, password, search, hash } = url;
  if (`${username}${password}${search}${hash}` !== '') return undefined;
  // Of a longer path the system would silently take the beginning.
  const isPath = /^\/[^/]/.test(pathname) && Buffer.byteLength(pathname) <= 107;
  const isUnix = protocol === 'unix:' && host === '' && isPath;
  const isTcp = protocol === 'tcp:' && hostname !== '' && port !== '' && /^\/?$/.test(pathname);
  return isUnix || isTcp ? url : undefined;
}

/** One `http:` or `https:` URL. */
export const httpUrl: Kind<URL> = {
  expected: 'one http:// or https:// URL',
  parse: (value) => {
    const [url, ...more] = httpUrls.parse(value) ?? [];
    return more.length === 0 ? url : undefined;
  },
};

export type ListenAddress = { readonly host: string | undefined; readonly port: number } | 'off';

/** `:9717`, `127.0.0.1:9717`, `[::1]:9717` or `off`. */
export const listenAddress: Kind<ListenAddress> = {
  expected: 'host:port, :port or off',
  parse: (value) => {
    if (value === 'off') return 'off';
    const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(value);
    const port = Number(match?.[3] ?? Number.NaN);
    if (match === null || !(port <= 65_535)) return undefined;
    return { host: match[1] ?? (match[2] === '' ? undefined : match[2]), port };
  },
};

/** A path inside the target: relative, without `..`. */
export const insidePath: Kind<string> = {
  expected: 'a relative path without ..',
  parse: (value) => {
    const elements = value.replace(/^\.\//, '').split('/');
    const fits = elements.every((element) => element !== '' && element !== '.' && !element.startsWith('..'));
    return fits ? elements.join('/') : undefined;
  },
};

/** Where the application writes: inside the target, or in another volume. */
export const acknowledgementPath: Kind<string> = {
  expected: 'an absolute path, or a relative one without ..',
  parse: (value) => (isAbsolute(value) ? value : insidePath.parse(value)),
};

/** `SIGHUP` or `HUP`. */
export const signalName: Kind<NodeJS.Signals> = {
  expected: 'a signal such as SIGHUP, SIGUSR1 or SIGUSR2',
  parse: (value) => signals.find((name) => name === value || name === `SIG${value}`),
};

const signals: readonly NodeJS.Signals[] = [
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
];
