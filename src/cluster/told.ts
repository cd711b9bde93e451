import { ClusterError } from '../errors.ts';
import type { ApiRequest, Transport } from './transport.ts';

/** From this verbosity on every request is told. */
const REQUESTS = 6;

/**
 * What to say when a request waits for its next attempt: once, that the API server asks for it; from verbosity 6 on, every wait.
 *
 * @param tell takes one line; it may hold what the server said
 */
export function waitTeller(tell: (line: string) => void, verbosity: number): (error: Error, ms: number) => void {
  let said = false;
  return (error, ms) => {
    if (verbosity >= REQUESTS) tell(`again in ${(ms / 1000).toFixed(1)} s: ${error.message}`);
    else if (!said && error instanceof ClusterError && error.reason === 'throttled') {
      said = true;
      tell('warning: the API server has too much to do (429): waiting as it asks');
    }
  };
}

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
