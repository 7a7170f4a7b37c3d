/** From these versions on Node's own agents speak to proxies. */
export function agentsSpeakToProxies(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21);
}

const proxies = ['http_proxy', 'https_proxy', 'no_proxy'];

/** The proxy settings under both spellings: libcurl takes no upper-case HTTP_PROXY. */
export function proxyVariables(ambient: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    proxies.flatMap((name) => {
      const value = ambient[name] ?? ambient[name.toUpperCase()];
      return value === undefined || value === ''
        ? []
        : [
            [name, value],
            [name.toUpperCase(), value],
          ];
    }),
  );
}
