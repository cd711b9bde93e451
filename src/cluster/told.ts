import type { ApiRequest, Transport } from './transport.ts';

/** A transport that tells every request and its outcome: method, path, status, milliseconds. Never headers or bodies. */
export function told(transport: Transport, tell: (line: string) => void, now: () => number): Transport {
  return {
    target: transport.target,
    close: () => transport.close(),
    stream: async request => {
      const start = now();
      const line = `${lineOf('GET', request)} (stream)`;
      try {
        const stream = await transport.stream(request);
        tell(`${line} opened in ${now() - start} ms`);
        return stream;
      } catch (error) {
        tell(`${line} failed in ${now() - start} ms: ${error instanceof Error ? error.message : String(error)}`);
        throw error;
      }
    },
    request: async request => {
      const start = now();
      const line = lineOf(request.method, request);
      try {
        const response = await transport.request(request);
        tell(`${line} ${response.status} in ${now() - start} ms`);
        return response;
      } catch (error) {
        tell(`${line} failed in ${now() - start} ms: ${error instanceof Error ? error.message : String(error)}`);
        throw error;
      }
    },
  };
}

function lineOf(method: string, { path, query }: Pick<ApiRequest, 'path' | 'query'>): string {
  const entries = Object.entries(query ?? {}).flatMap(([k, v]) => (v === undefined ? [] : [[k, String(v)]]));
  const text = new URLSearchParams(entries).toString();
  return `${method} ${path}${text === '' ? '' : `?${text}`}`;
}
