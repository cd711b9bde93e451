import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type BodyReply, failureReply, type StreamReply } from './api.ts';
import { type Fault, faultFailure } from './faults.ts';

const compress = promisify(gzip);

/** kube-apiserver compresses answers from this size on. */
const GZIP_FROM_BYTES = 128 * 1024;

type ReplyFault = Exclude<Fault, { type: 'latency' }> | undefined;

/** The answer that a fault puts in place of the real one; undefined where it spoils the real one or none. */
export function replacement(fault: ReplyFault): BodyReply | undefined {
  if (fault?.type === 'html') return htmlReply(fault.code ?? 502);
  if (fault?.type !== 'status') return undefined;
  const failure = faultFailure(fault);
  const reply = failureReply(failure);
  if (fault.text !== true) return reply;
  const headers = { ...reply.headers, 'Content-Type': 'text/plain; charset=utf-8' };
  return { ...reply, headers, chunks: [Buffer.from(`${failure.message}\n`)] };
}

/**
 * Sends a complete answer, spoiled where the fault says so.
 *
 * @returns bytes of the body as sent
 */
export async function sendBody(
  request: IncomingMessage,
  response: ServerResponse,
  reply: BodyReply,
  fault: ReplyFault,
): Promise<number> {
  const whole = Buffer.concat([...reply.chunks]);
  const headers: Record<string, string> = { ...reply.headers };
  let body = spoil(whole, fault);
  if (fault?.type === 'content-type') headers['Content-Type'] = fault.contentType;
  const gzipped = wantsGzip(request, reply.status, body.length);
  if (gzipped) {
    body = await compress(body, { level: 1 });
    headers['Content-Encoding'] = 'gzip';
    headers['Vary'] = 'Accept-Encoding';
  }
  // The client may have gone while the answer was prepared.
  if (response.destroyed) return 0;
  response.writeHead(reply.status, { ...headers, 'Content-Length': String(body.length) });
  if (fault?.type !== 'cut-body') {
    response.end(body);
    return body.length;
  }
  const sent = body.subarray(0, fault.afterBytes ?? Math.floor(body.length / 2));
  response.write(sent, () => response.destroy());
  return sent.length;
}

/** Sends a stream until it ends, the client is gone or the fault cuts it. Calls `done` with the bytes sent, once. */
export function sendStream(
  response: ServerResponse,
  reply: StreamReply,
  fault: ReplyFault,
  done: (bytes: number) => void,
): void {
  const cutAt = fault?.type === 'cut-body' ? (fault.afterBytes ?? 0) : Infinity;
  let bytes = 0;
  let stop = () => {};
  response.writeHead(reply.status, {
    ...reply.headers,
    ...(fault?.type === 'content-type' ? { 'Content-Type': fault.contentType } : {}),
  });
  response.flushHeaders();
  // First of all, so that the count is not lost to whoever else waits for the end.
  response.prependOnceListener('close', () => {
    stop();
    done(bytes);
  });
  stop = reply.start({
    write: chunk => {
      if (response.destroyed || response.writableEnded) return;
      const allowed = spoil(chunk, fault).subarray(0, cutAt - bytes);
      bytes += allowed.length;
      if (bytes < cutAt) response.write(allowed);
      else response.write(allowed, () => response.destroy());
    },
    end: () => response.end(),
  });
}

function spoil(body: Buffer, fault: ReplyFault): Buffer {
  if (fault?.type === 'truncate') return body.subarray(0, fault.bytes ?? Math.floor(body.length / 2));
  if (fault?.type !== 'malformed') return body;
  const spoiled = Buffer.from(body);
  spoiled.fill('}', 0, Math.min(8, spoiled.length));
  return spoiled;
}

function wantsGzip(request: IncomingMessage, status: number, bytes: number): boolean {
  const accepted = request.headers['accept-encoding'] ?? '';
  return status === 200 && bytes >= GZIP_FROM_BYTES && String(accepted).includes('gzip');
}

function htmlReply(status: number): BodyReply {
  const text = `<html>\n<head><title>${status}</title></head>\n<body><h1>${status}</h1>gateway</body>\n</html>\n`;
  return { type: 'body', status, headers: { 'Content-Type': 'text/html' }, chunks: [Buffer.from(text)] };
}
