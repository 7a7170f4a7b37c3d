import { SettingsError } from '../failure/failure.ts';

/** From these versions on Node's own agents speak to proxies. */
export function agentsSpeakToProxies(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21);
}

const proxies = ['http_proxy', 'https_proxy', 'no_proxy'];

/**
 * The proxy settings under both spellings: libcurl takes no upper-case HTTP_PROXY. Throws `SettingsError` for a URL that
 * cannot be read: Node.js and others would quote it, its password too.
 */
export function proxyVariables(ambient: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    proxies.flatMap((name) => {
      const upper = name.toUpperCase();
      const value = ambient[name] ?? ambient[upper];
      if (value === undefined || value === '') return [];
      if (/^https?:\/\//.test(value) && !isReadable(value)) {
        throw new SettingsError({
          setting: ambient[name] === undefined ? upper : name,
          problem: 'the value is not the URL of a proxy',
          cure: 'write it as http://host:port; what is special in a user name or a password is percent-encoded',
        });
      }
      return [
        [name, value],
        [upper, value],
      ];
    }),
  );
}

function isReadable(text: string): boolean {
  try {
    const { username, password } = new URL(text);
    return decodeURIComponent(username + password) !== undefined && !/[\r\n]/.test(text);
  } catch {
    return false;
  }
}
