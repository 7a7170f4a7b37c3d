import http from 'node:http';
import https from 'node:https';

/** How the SDK reaches STS and SSO: by the proxy of the variables, and with an end to every wait. */
export function requestHandler(proxyEnv: Readonly<Record<string, string>>) {
  return {
    connectionTimeout: 3000,
    requestTimeout: 6000,
    throwOnRequestTimeout: true,
    httpAgent: new http.Agent({ proxyEnv }),
    httpsAgent: new https.Agent({ proxyEnv }),
  };
}
