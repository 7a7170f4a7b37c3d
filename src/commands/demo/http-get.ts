import http from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** One GET; undefined when nobody listens there, or the connection breaks. Rejects when the signal is aborted. */
export async function httpGet(url: string, signal: AbortSignal): Promise<HttpAnswer | undefined> {
  try {
    return await new Promise<HttpAnswer>((resolve, reject) => {
      const onAnswer = (response: http.IncomingMessage) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        response.once('error', reject).once('end', () => resolve({ status: response.statusCode ?? 0, body }));
      };
      http.get(url, { signal, agent: false }, onAnswer).once('error', reject);
    });
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
