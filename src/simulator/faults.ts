import type { Random } from './random.ts';
import type { RequestInfo } from './request-info.ts';
import type { Failure } from './status.ts';

/** What goes wrong with a request. */
export type Fault =
  /** The answer comes later; combines with any other fault. */
  | { readonly type: 'latency'; readonly ms: number; readonly jitterMs?: number }
  /** A Status instead of the answer; `text` sends its message as plain text, as kube-apiserver's own 429. */
  | { readonly type: 'status'; readonly code: number; readonly retryAfterSeconds?: number; readonly text?: boolean }
  /** A page of HTML instead of the answer, as from a load balancer or a captive portal. @default code 502 */
  | { readonly type: 'html'; readonly code?: number }
  /** The connection ends before any answer. */
  | { readonly type: 'cut' }
  /** The connection ends within the body (of a watch: within the stream). @default afterBytes half of the body */
  | { readonly type: 'cut-body'; readonly afterBytes?: number }
  /** A complete answer whose JSON ends early. @default bytes half of the body */
  | { readonly type: 'truncate'; readonly bytes?: number }
  /** A complete answer of the right length that is no JSON. */
  | { readonly type: 'malformed' }
  /** The answer with another Content-Type. */
  | { readonly type: 'content-type'; readonly contentType: string }
  /** Nothing, for ever. */
  | { readonly type: 'hang' };

/** Which requests a fault is for; all given fields must match. */
export interface FaultMatch {
  readonly method?: string;
  /** The path as decoded, without the query. */
  readonly path?: RegExp;
  readonly verb?: string;
  /** The plural, `nodes/proxy` for a subresource. */
  readonly resource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly user?: string;
  /** Whether the query has a `continue` token. */
  readonly continued?: boolean;
}

/** A fault and when it happens. */
export interface FaultRule {
  readonly fault: Fault;
  /** @default every request */
  readonly match?: FaultMatch;
  /** Leaves this many matching requests alone first. @default 0 */
  readonly skip?: number;
  /** Happens at most this often. @default no limit */
  readonly times?: number;
  /** Of those, the share it happens to, 0 to 1. @default 1 */
  readonly probability?: number;
}

/** What the rules look at. */
export interface FaultSubject {
  readonly method: string;
  readonly info: RequestInfo;
  readonly query: URLSearchParams;
  readonly user: string | undefined;
}

/** What was decided about one request. */
export interface FaultDecision {
  /** Milliseconds to wait first. */
  readonly delayMs: number;
  readonly fault: Exclude<Fault, { type: 'latency' }> | undefined;
}

/** The faults in force. The same seed and the same requests in the same order give the same faults. */
export class FaultInjector {
  readonly #random: Random;
  readonly #rules = new Map<FaultRule, { seen: number; happened: number }>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** Puts a rule in force, behind the others. Returns a function that lifts it. */
  add(rule: FaultRule): () => void {
    this.#rules.set(rule, { seen: 0, happened: 0 });
    return () => {
      this.#rules.delete(rule);
    };
  }

  /** Lifts all rules. */
  clear(): void {
    this.#rules.clear();
  }

  /** How often a rule has happened so far. */
  count(rule: FaultRule): number {
    return this.#rules.get(rule)?.happened ?? 0;
  }

  /** Decides about a request: all latencies add up, of the others the first that applies happens. */
  decide(subject: FaultSubject): FaultDecision {
    let delayMs = 0;
    let fault: FaultDecision['fault'];
    for (const [rule, counts] of this.#rules) {
      if (!matches(rule.match ?? {}, subject)) continue;
      if (fault !== undefined && rule.fault.type !== 'latency') continue;
      counts.seen += 1;
      if (counts.seen <= (rule.skip ?? 0) || counts.happened >= (rule.times ?? Infinity)) continue;
      if (rule.probability !== undefined && this.#random() >= rule.probability) continue;
      counts.happened += 1;
      if (rule.fault.type === 'latency') delayMs += rule.fault.ms + this.#random() * (rule.fault.jitterMs ?? 0);
      else fault = rule.fault;
    }
    return { delayMs, fault };
  }
}

function matches(match: FaultMatch, subject: FaultSubject): boolean {
  const { info } = subject;
  const resource = info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`;
  const pairs: readonly (readonly [unknown, unknown])[] = [
    [match.method, subject.method],
    [match.verb, info.verb],
    [match.resource, resource],
    [match.namespace, info.namespace],
    [match.name, info.name],
    [match.user, subject.user],
    [match.continued, subject.query.has('continue')],
  ];
  if (match.path !== undefined && !match.path.test(info.path)) return false;
  return pairs.every(([wanted, actual]) => wanted === undefined || wanted === actual);
}

const REASONS: Readonly<Record<number, readonly [string, string]>> = {
  400: ['BadRequest', 'the server rejected our request for an unknown reason'],
  401: ['Unauthorized', 'Unauthorized'],
  403: ['Forbidden', 'forbidden: simulated fault'],
  404: ['NotFound', 'the server could not find the requested resource'],
  405: ['MethodNotAllowed', 'the server does not allow this method on the requested resource'],
  409: ['Conflict', 'Operation cannot be fulfilled: simulated fault'],
  410: ['Expired', 'The resourceVersion for the provided list is too old.'],
  429: ['TooManyRequests', 'Too many requests, please try again later.'],
  500: ['InternalError', 'Internal error occurred: simulated fault'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: ['Timeout', 'Timeout: request did not complete within the allotted timeout'],
};

/** The Status of an injected failure. */
export function faultFailure(fault: Fault & { type: 'status' }): Failure {
  const { code, retryAfterSeconds } = fault;
  const [reason, message] = REASONS[code] ?? ['Unknown', 'simulated fault'];
  return { code, reason, message, details: retryAfterSeconds === undefined ? {} : { retryAfterSeconds } };
}
