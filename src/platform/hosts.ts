import type { LookupFunction } from 'node:net';

/** The host name of a URL as sockets want it: no brackets, no final dot. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}

/** True for hosts that never leave the pod: they are called directly, whatever proxy is set. */
export function isLoopback(host: string): boolean {
  return (
    isLocalhost(host) ||
    /^127\./.test(host) ||
    /^::ffff:7f/i.test(host) ||
    ['::1', '0.0.0.0', '::'].includes(host)
  );
}

export function isLocalhost(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}

/** Applications bind to one of the two, and images name either one first in /etc/hosts: both are tried. */
export const lookUpLocalhost: LookupFunction = (_host, options, callback) => {
  const both = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ];
  if (options.all === true) callback(null, both);
  else callback(null, '127.0.0.1', 4);
};
