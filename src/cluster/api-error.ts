import { X509Certificate } from 'node:crypto';
import { type ApiStatus, CancelledError, ClusterError, type ClusterReason } from '../errors.ts';
import type { Answer, ExchangeError } from './exchange.ts';
import { codeOf, own } from './own.ts';
import { parseRetryAfter } from './retry.ts';
import { ProxyError } from './tunnel.ts';

/** What an error sentence needs to know of the request. */
export interface ErrorContext {
  /** "list nodes". */
  readonly what: string;
  /** The server's URL, without credentials. */
  readonly server: string;
  /** How the user proves who they are, in words. */
  readonly credential: string;
  /** PEM of the client certificate, to see whether it has expired. */
  readonly clientCertificate: string | Buffer | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A body is looked into up to this length. */
const MAX_PARSED = 1024 * 1024;
const MAX_QUOTED = 400;
/** Kept of a Status message, for code that takes it apart. */
const MAX_MESSAGE = 8192;

/** Turns any answer but 2xx into the error with its remedy: a Status object, plain text, a proxy's HTML, or nothing. */
export function errorFromAnswer(context: ErrorContext, answer: Answer): ClusterError {
  const { status } = answer;
  const apiStatus = parseStatus(answer.text);
  const header = answer.headers['retry-after'];
  const details = {
    status,
    apiStatus,
    retryAfterSeconds: parseRetryAfter(header, context.now) ?? statusRetryAfter(answer.text, apiStatus),
  };
  if (status === 401) return unauthorized(context, answer, details);
  if (isHtml(answer)) return htmlAnswer(context, answer, details);
  if (status >= 300 && status < 400) {
    return new ClusterError('server', `cannot ${context.what}: ${context.server} redirects elsewhere (${status})`, {
      ...details,
      hint: 'check the server address: a login page or gateway may stand in front of the API server',
    });
  }
  const text = apiStatus?.message ?? plainText(answer.text);
  const said = text === '' ? 'the server gave no reason' : quote(text);
  const { reason, word, hint: usual } = verdict(status, text, details.retryAfterSeconds);
  const isAnonymous = status === 403 && context.credential === 'none';
  const hint = isAnonymous ? 'no credentials were sent: add a user to the context, or use --token or --user' : usual;
  return new ClusterError(reason, `cannot ${context.what}: ${word}: ${said}`, { ...details, hint });
}

/** The error of a 2xx answer whose body is not the JSON it should be. */
export function malformedAnswer(context: ErrorContext, answer: Answer): ClusterError {
  const details = { status: answer.status };
  if (isHtml(answer)) return htmlAnswer(context, answer, details);
  const why = answer.text === '' ? 'an empty answer' : 'an answer that is cut off or no JSON';
  return new ClusterError('server', `cannot ${context.what}: ${context.server} gave ${why}`, {
    ...details,
    hint: 'try again; if it stays, look at what stands between here and the API server',
  });
}

/** Turns a request without a whole answer into the error with its remedy. */
export function errorFromFailure(context: ErrorContext, failure: ExchangeError): ClusterError | CancelledError {
  const { what, server } = context;
  const make = (reason: ClusterReason, why: string, hint: string): ClusterError =>
    new ClusterError(reason, `cannot ${what}: ${why}`, { hint, cause: failure.cause });
  switch (failure.kind) {
    case 'cancelled':
      return new CancelledError();
    case 'timeout':
      return make(
        'timeout',
        `no answer from ${server} within ${failure.limit / 1000} s`,
        'try again, or with a longer --request-timeout',
      );
    case 'too-large':
      return make('too-large', `the answer is larger than ${size(failure.limit)}`, 'ask for less at a time');
    case 'cut':
      return make('unreachable', `${server} broke off in the middle of its answer`, 'try again');
    case 'garbled':
      return make('server', `the compressed answer of ${server} is broken or cut off`, 'try again');
    case 'network':
      return networkError(context, failure.cause, make);
  }
}

function size(bytes: number): string {
  const mebibytes = Math.floor(bytes / 1024 / 1024);
  return mebibytes > 0 ? `${mebibytes} MiB` : `${bytes} bytes`;
}

/** True for the failures that a reading of the system's certificate store may cure: an authority that Node does not bring along. */
export function isUnknownAuthority(failure: ExchangeError): boolean {
  return failure.kind === 'network' && unknownAuthorities.has(codeOf(failure.cause));
}

type Details = {
  readonly status: number;
  readonly apiStatus?: ApiStatus | undefined;
  readonly retryAfterSeconds?: number | undefined;
};

interface Verdict {
  readonly reason: ClusterReason;
  readonly word: string;
  readonly hint?: string | undefined;
}

const fixedVerdicts: ReadonlyMap<number, Verdict> = new Map<number, Verdict>([
  [
    403,
    {
      reason: 'forbidden',
      word: 'forbidden',
      hint: 'the message names the missing right; "rbac" prints the rights each command needs',
    },
  ],
  [404, { reason: 'not-found', word: 'not found' }],
  [409, { reason: 'conflict', word: 'conflict' }],
  [410, { reason: 'expired', word: 'expired', hint: 'try again' }],
]);

function verdict(status: number, text: string, retryAfterSeconds: number | undefined): Verdict {
  const fixed = fixedVerdicts.get(status);
  if (fixed !== undefined) return fixed;
  if (status === 429) {
    const wait = retryAfterSeconds === undefined ? 'later' : `in ${retryAfterSeconds} s`;
    return {
      reason: 'throttled',
      word: 'the server has too much to do (429)',
      hint: `try again ${wait}, with fewer requests at a time`,
    };
  }
  if (status >= 500) {
    const kubelet = text.startsWith('error trying to reach service');
    return {
      reason: 'server',
      word: `server error ${status}`,
      hint: kubelet
        ? 'the API server cannot reach the kubelet of that node: is it running?'
        : 'try again; the API server may be starting or overloaded',
    };
  }
  const plainHttp = /HTTP request to an HTTPS server/i.test(text);
  const loopback = /address not allowed/i.test(text);
  return {
    reason: 'invalid',
    word: `refused (${status})`,
    hint: plainHttp
      ? 'write https:// in the server address'
      : loopback
        ? 'the node reports a loopback or link-local address, and the API server does not proxy there'
        : undefined,
  };
}

function unauthorized(context: ErrorContext, answer: Answer, details: Details): ClusterError {
  const { what, server, credential } = context;
  const expired = certificateExpiry(context);
  const message = details.apiStatus?.message ?? (isHtml(answer) ? '' : plainText(answer.text));
  const said = message === '' || message === 'Unauthorized' ? '' : `: ${quote(message)}`;
  const why =
    credential === 'none'
      ? `${server} asks for credentials and there are none`
      : `${server} does not accept the credentials (${credential})${said}`;
  const hint =
    expired !== undefined
      ? `the client certificate expired on ${expired}: get a new kubeconfig`
      : unauthorizedHint(credential);
  return new ClusterError('unauthorized', `cannot ${what}: ${why}`, { ...details, hint });
}

function unauthorizedHint(credential: string): string {
  if (credential === 'none') return 'add a user to the context, or use --token or --user';
  if (credential.startsWith('exec plugin') || credential.startsWith('auth provider'))
    return "log in again with your provider's tool, then repeat the command";
  return 'it may have expired: log in again, or get a new kubeconfig';
}

function certificateExpiry(context: ErrorContext): string | undefined {
  if (context.clientCertificate === undefined) return undefined;
  try {
    const { validToDate } = new X509Certificate(context.clientCertificate);
    return validToDate.getTime() < context.now ? validToDate.toISOString().slice(0, 10) : undefined;
  } catch {
    return undefined;
  }
}

function isHtml(answer: Answer): boolean {
  const type = answer.headers['content-type'];
  return (
    (type !== undefined && /^text\/html\b/i.test(type)) || /^\s*(<!doctype html|<html)/i.test(answer.text.slice(0, 500))
  );
}

function htmlAnswer(context: ErrorContext, answer: Answer, details: Details): ClusterError {
  const title = /<title[^>]*>([^<]{1,200})/i.exec(answer.text.slice(0, 10_000))?.[1];
  const named = title === undefined || title.trim() === '' ? '' : ` "${quote(title)}"`;
  const reason = answer.status === 429 ? 'throttled' : 'server';
  return new ClusterError(
    reason,
    `cannot ${context.what}: a web page${named} (${answer.status}) came instead of an answer from ${context.server}`,
    { ...details, hint: 'a proxy or gateway stands in between: check the server address, HTTPS_PROXY and NO_PROXY' },
  );
}

function parseStatus(text: string): ApiStatus | undefined {
  if (text.length > MAX_PARSED || !/^\s*\{/.test(text)) return undefined;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (own(body, 'kind') !== 'Status') return undefined;
  const details = own(body, 'details');
  const code = own(body, 'code');
  const message = string(own(body, 'message'));
  return {
    reason: string(own(body, 'reason')),
    message: message === undefined || message === '' ? undefined : message.slice(0, MAX_MESSAGE),
    code: typeof code === 'number' ? code : undefined,
    continue: string(own(own(body, 'metadata'), 'continue')),
    kind: string(own(details, 'kind')),
    name: string(own(details, 'name')),
  };
}

/** `details.retryAfterSeconds` of a Status, which may stand there without a header. */
function statusRetryAfter(text: string, apiStatus: ApiStatus | undefined): number | undefined {
  if (apiStatus === undefined) return undefined;
  const seconds = own(own(JSON.parse(text), 'details'), 'retryAfterSeconds');
  return typeof seconds === 'number' && seconds >= 0 && Number.isFinite(seconds) ? seconds : undefined;
}

function string(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A body that is no Status: half a JSON document tells a reader nothing. */
function plainText(text: string): string {
  return /^\s*[{[]/.test(text) ? '' : text.slice(0, 4 * MAX_QUOTED).trim();
}

/** One line, of a length one can read. */
function quote(text: string): string {
  const line = text
    .slice(0, 4 * MAX_QUOTED)
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > MAX_QUOTED ? `${line.slice(0, MAX_QUOTED)}...` : line;
}

const unknownAuthorities: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
]);

type Make = (reason: ClusterReason, why: string, hint: string) => ClusterError;

const networkFailures: ReadonlyMap<string, (server: string) => readonly [why: string, hint: string]> = new Map<
  string,
  (server: string) => readonly [string, string]
>([
  [
    'ECONNREFUSED',
    s => [`${s} refused the connection`, 'is the API server running, and is the server address of the context right?'],
  ],
  ['ENOTFOUND', s => [`the host name of ${s} is not known`, 'check the server address, the network and VPN']],
  ['EAI_AGAIN', s => [`the host name of ${s} cannot be resolved now`, 'check the network, VPN and name server']],
  ['ECONNRESET', s => [`${s} cut the connection`, 'try again; a firewall or load balancer may be in between']],
  ['EPIPE', s => [`${s} cut the connection`, 'try again; a firewall or load balancer may be in between']],
  ['ETIMEDOUT', s => [`${s} cannot be reached (no answer to the connection)`, 'check the network and VPN']],
  ['EHOSTUNREACH', s => [`there is no route to ${s}`, 'check the network and VPN']],
  ['ENETUNREACH', s => [`there is no route to ${s}`, 'check the network and VPN']],
]);

function networkError(context: ErrorContext, cause: unknown, make: Make): ClusterError {
  const { server } = context;
  if (cause instanceof ClusterError) return cause;
  if (cause instanceof ProxyError) return make('unreachable', cause.message, cause.hint);
  const code = codeOf(cause);
  const tls = tlsError(server, code, make) ?? alertError(context, code, make);
  if (tls !== undefined) return tls;
  const known = networkFailures.get(code);
  if (known !== undefined) return make('unreachable', ...known(server));
  if (code.startsWith('HPE_')) {
    return make(
      'unreachable',
      `${server} does not speak HTTP`,
      'if it is a TLS port, write https:// in the server address',
    );
  }
  return make(
    'unreachable',
    `no connection to ${server} (${code || 'unknown error'})`,
    'check the server address and the network',
  );
}

function tlsError(server: string, code: string, make: Make): ClusterError | undefined {
  if (unknownAuthorities.has(code)) {
    return make(
      'untrusted',
      `the certificate of ${server} is signed by an unknown authority`,
      "name the cluster's CA with --certificate-authority or in the kubeconfig; a proxy that opens TLS needs its own CA there",
    );
  }
  switch (code) {
    case 'CERT_SIGNATURE_FAILURE':
      // The authority has the right name and another key: what a rebuilt cluster looks like to an old kubeconfig.
      return make(
        'untrusted',
        `the certificate of ${server} is signed by another authority of the same name`,
        'the cluster may have been built anew: get its kubeconfig again',
      );
    case 'CERT_HAS_EXPIRED':
      return make(
        'untrusted',
        `the certificate of ${server} has expired`,
        'renew it on the cluster, or check the clock of this machine',
      );
    case 'CERT_NOT_YET_VALID':
      return make('untrusted', `the certificate of ${server} is not valid yet`, 'check the clock of this machine');
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return make(
        'untrusted',
        `the certificate of ${server} is for another name`,
        "check the server address, or give the certificate's name with --tls-server-name",
      );
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'ERR_SSL_HTTP_REQUEST':
      return make(
        'untrusted',
        `${server} does not speak TLS`,
        'if it is a plain HTTP port (kubectl proxy), write http:// in the server address',
      );
    default:
      return code.startsWith('CERT_')
        ? make(
            'untrusted',
            `the certificate of ${server} is not acceptable (${code})`,
            "check the cluster's certificate and --certificate-authority",
          )
        : undefined;
  }
}

/** The server ended the handshake: with TLS 1.3 this is how it refuses a client certificate. */
function alertError(context: ErrorContext, code: string, make: Make): ClusterError | undefined {
  if (!code.startsWith('ERR_SSL_')) return undefined;
  if (!code.includes('CERTIFICATE') && !code.includes('UNKNOWN_CA')) {
    return make('untrusted', `the TLS handshake with ${context.server} failed (${code})`, 'check the server address');
  }
  const expired = certificateExpiry(context);
  return make(
    'unauthorized',
    `${context.server} does not accept the client certificate (${code.replace(/^ERR_SSL_/, '').toLowerCase()})`,
    expired === undefined ? 'get a new kubeconfig' : `it expired on ${expired}: get a new kubeconfig`,
  );
}
