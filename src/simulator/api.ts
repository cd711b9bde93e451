import type { IncomingHttpHeaders } from 'node:http';
import type { User } from './auth.ts';
import type { Clock } from './clock.ts';
import type { ClusterWorld } from './cluster.ts';
import type { NodeAgent } from './node-agent.ts';
import type { RequestInfo } from './request-info.ts';
import type { SimulatedVersion } from './resources.ts';
import { type Failure, statusBody } from './status.ts';

/** What the handlers know of the simulated API server. */
export interface ApiContext {
  readonly cluster: ClusterWorld;
  readonly version: SimulatedVersion;
  /** The time of connections: latency, timeouts of watches, hanging kubelets. */
  readonly timers: Clock;
  readonly agents: ReadonlyMap<string, NodeAgent>;
  /** How long a hanging kubelet is waited for, in milliseconds; Infinity for ever. */
  readonly kubeletHangMs: number;
  /** Time between two bookmarks of a watch, in milliseconds. */
  readonly bookmarkMs: number;
}

/** One request, its caller known. */
export interface ApiRequest {
  readonly method: string;
  readonly info: RequestInfo;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly user: User;
}

/** A complete answer. */
export interface BodyReply {
  readonly type: 'body';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly chunks: readonly Buffer[];
}

/** Where a stream writes to. */
export interface Sink {
  write(chunk: Buffer): void;
  end(): void;
}

/** An answer that goes on until it or the client ends. */
export interface StreamReply {
  readonly type: 'stream';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Begins to write; returns a function that stops it when the client is gone. */
  start(sink: Sink): () => void;
}

/** An answer that comes later, or never. */
export interface DelayedReply {
  readonly type: 'delayed';
  readonly afterMs: number;
  readonly reply: BodyReply;
}

/** What a handler gives back. */
export type Reply = BodyReply | StreamReply | DelayedReply;

const JSON_HEADERS = { 'Cache-Control': 'no-cache, private', 'Content-Type': 'application/json' };

/** An answer of JSON. */
export function jsonReply(status: number, value: unknown): BodyReply {
  return { type: 'body', status, headers: JSON_HEADERS, chunks: [Buffer.from(`${JSON.stringify(value)}\n`)] };
}

/** An answer of JSON that is rendered already. */
export function renderedReply(status: number, chunks: readonly Buffer[]): BodyReply {
  return { type: 'body', status, headers: JSON_HEADERS, chunks };
}

/** An answer of plain text, marked as Go's HTTP server marks it. */
export function textReply(status: number, text: string): BodyReply {
  const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' };
  return { type: 'body', status, headers, chunks: [Buffer.from(text)] };
}

/** A failure as its Status, with Retry-After where it says when. */
export function failureReply(failure: Failure): BodyReply {
  const reply = jsonReply(failure.code, statusBody(failure));
  const seconds = failure.details?.retryAfterSeconds;
  if (seconds === undefined) return reply;
  return { ...reply, headers: { ...reply.headers, 'Retry-After': String(seconds) } };
}

/** The headers of a stream of JSON. */
export const STREAM_HEADERS: Readonly<Record<string, string>> = JSON_HEADERS;
