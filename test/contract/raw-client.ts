import { Agent as HttpAgent, request as requestHttp } from 'node:http';
import { type AgentOptions, Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { load } from 'js-yaml';

/** What a raw request asks. */
export interface RawRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON unless it is a string. */
  readonly body?: unknown;
}

/** What came back. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The parsed body; undefined when it is no JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the cases, which know what they expect
  readonly json: any;
}

/** One event of a watch. */
export interface RawEvent {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: see RawAnswer
  readonly object: any;
}

/** The smallest client that can speak to an API server: no retries, no interpretation. */
export interface RawClient {
  readonly server: string;
  send(request: RawRequest): Promise<RawAnswer>;
  /** Reads a watch until `enough` says so or the server ends it. */
  watch(path: string, enough: (events: readonly RawEvent[]) => boolean): Promise<readonly RawEvent[]>;
  close(): void;
}

interface Parsed {
  readonly server: string;
  readonly tls: AgentOptions;
  readonly headers: Readonly<Record<string, string>>;
}

/** A client with the current context of a kubeconfig. */
export function rawClient(kubeconfig: string): RawClient {
  return clientOf(parseKubeconfig(kubeconfig));
}

/** A client of the same server without credentials, or with a token of its own. */
export function strangerClient(kubeconfig: string, token?: string): RawClient {
  const { server, tls } = parseKubeconfig(kubeconfig);
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return clientOf({ server, tls: tls.ca === undefined ? {} : { ca: tls.ca }, headers });
}

function parseKubeconfig(text: string): Parsed {
  // biome-ignore lint/suspicious/noExplicitAny: a kubeconfig the test itself made or was given
  const config = load(text) as any;
  const { context } = config.contexts.find((entry: { name: string }) => entry.name === config['current-context']);
  const { cluster } = config.clusters.find((entry: { name: string }) => entry.name === context.cluster);
  const { user } = config.users.find((entry: { name: string }) => entry.name === context.user);
  const pem = (data: string | undefined) => (data === undefined ? undefined : Buffer.from(data, 'base64'));
  const tls = {
    ca: pem(cluster['certificate-authority-data']),
    cert: pem(user['client-certificate-data']),
    key: pem(user['client-key-data']),
  };
  return {
    server: cluster.server,
    tls: Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined)),
    headers: user.token === undefined ? {} : { Authorization: `Bearer ${user.token}` },
  };
}

function clientOf({ headers, server, tls }: Parsed): RawClient {
  const secure = server.startsWith('https:');
  const agent = secure ? new HttpsAgent({ ...tls, keepAlive: true }) : new HttpAgent({ keepAlive: true });
  const open = ({ body, method = 'GET', path, headers: more }: RawRequest) => {
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const all: Record<string, string> = { Accept: 'application/json', 'User-Agent': 'contract', ...headers };
    if (text !== undefined) {
      all['Content-Type'] = 'application/json';
      all['Content-Length'] = String(Buffer.byteLength(text));
    }
    const request = (secure ? requestHttps : requestHttp)(`${server}${path}`, {
      method,
      agent,
      headers: { ...all, ...more },
    });
    request.end(text);
    return request;
  };
  return {
    server,
    close: () => agent.destroy(),
    send: asked =>
      new Promise((resolve, reject) => {
        open(asked)
          .on('error', reject)
          .on('response', response => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('error', reject);
            response.on('end', () => {
              const text = Buffer.concat(chunks).toString('utf8');
              resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parse(text) });
            });
          });
      }),
    watch: (path, enough) =>
      new Promise((resolve, reject) => {
        const events: RawEvent[] = [];
        let rest = '';
        const request = open({ path });
        const finish = () => {
          resolve(events);
          request.destroy();
        };
        request.on('error', error => (events.length > 0 && enough(events) ? resolve(events) : reject(error)));
        request.on('response', response => {
          response.setEncoding('utf8');
          response.on('error', reject);
          response.on('end', () => {
            if (rest.trim() !== '') events.push({ type: 'RAW', object: parse(rest) ?? rest });
            resolve(events);
          });
          response.on('data', (chunk: string) => {
            const lines = (rest + chunk).split('\n');
            rest = lines.pop() ?? '';
            for (const line of lines) events.push(JSON.parse(line));
            if (enough(events)) finish();
          });
        });
      }),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
