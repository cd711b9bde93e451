import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type ErrorContext, errorFromAnswer, errorFromFailure, malformedAnswer } from '../../src/cluster/api-error.ts';
import { type Answer, ExchangeError } from '../../src/cluster/exchange.ts';
import { CancelledError, type ClusterError, type ClusterReason } from '../../src/errors.ts';
import { makeAuthority } from '../support/certificates.ts';

const context: ErrorContext = {
  what: 'list nodes',
  server: 'https://api:6443',
  credential: 'token',
  clientCertificate: undefined,
  now: Date.parse('2026-11-23T12:00:00Z'),
};

function recorded(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
}

function answer(status: number, text: string, headers: Answer['headers'] = {}): Answer {
  return { status, text, headers };
}

const html = '<!DOCTYPE html>\n<html><head><title>Access\n Denied</title></head><body>no</body></html>';

describe('answers', () => {
  test.each<[string, number, string, ClusterReason, string, RegExp | undefined]>([
    [
      '401 of a 1.20',
      401,
      recorded('v1.20/unauthorized.json'),
      'unauthorized',
      'cannot list nodes: https://api:6443 does not accept the credentials (token)',
      /log in again/,
    ],
    [
      '403',
      403,
      recorded('v1.20/forbidden.json'),
      'forbidden',
      'cannot list nodes: forbidden: nodes "k120-node" is forbidden: User "viewer" cannot get resource "nodes/proxy" in API group "" at the cluster scope',
      /missing right/,
    ],
    [
      '404',
      404,
      recorded('v1.20/configz-node-not-found.json'),
      'not-found',
      'cannot list nodes: not found: nodes "no-such-node" not found',
      undefined,
    ],
    [
      '404 as text',
      404,
      recorded('v1.20/kubelet-path-not-found.txt'),
      'not-found',
      'cannot list nodes: not found: 404 page not found',
      undefined,
    ],
    [
      '409',
      409,
      recorded('v1.36/delete-precondition-rv-conflict.json'),
      'conflict',
      'cannot list nodes: conflict: Operation cannot be fulfilled on Pod "writer": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (1747). The object might have been modified',
      undefined,
    ],
    [
      '400',
      400,
      recorded('v1.36/configz-address-not-allowed.json'),
      'invalid',
      'cannot list nodes: refused (400): address not allowed',
      /loopback/,
    ],
    [
      '400 to plain HTTP',
      400,
      'Client sent an HTTP request to an HTTPS server.\n',
      'invalid',
      'cannot list nodes: refused (400): Client sent an HTTP request to an HTTPS server.',
      /https:\/\//,
    ],
    [
      '500 of a dead kubelet, 1.20',
      500,
      recorded('v1.20/configz-kubelet-down.json'),
      'server',
      'cannot list nodes: server error 500: error trying to reach service: dial tcp 10.120.68.35:11350: connect: connection refused',
      /kubelet/,
    ],
    [
      '503 of a dead kubelet, 1.36',
      503,
      recorded('v1.36/configz-kubelet-down.json'),
      'server',
      'cannot list nodes: server error 503: error trying to reach service: dial tcp 10.136.0.1:10450: connect: connection refused',
      /kubelet/,
    ],
    [
      '500 with nothing',
      500,
      '',
      'server',
      'cannot list nodes: server error 500: the server gave no reason',
      /try again/,
    ],
    [
      '500 with cut JSON',
      500,
      '{"kind":"Status","mess',
      'server',
      'cannot list nodes: server error 500: the server gave no reason',
      /try again/,
    ],
    [
      '502 with a web page',
      502,
      html,
      'server',
      'cannot list nodes: a web page "Access Denied" (502) came instead of an answer from https://api:6443',
      /HTTPS_PROXY/,
    ],
    [
      '403 with a web page is no missing right',
      403,
      html,
      'server',
      'cannot list nodes: a web page "Access Denied" (403) came instead of an answer from https://api:6443',
      /NO_PROXY/,
    ],
    [
      '401 with a web page',
      401,
      html,
      'unauthorized',
      'cannot list nodes: https://api:6443 does not accept the credentials (token)',
      /log in/,
    ],
    ['302', 302, '', 'server', 'cannot list nodes: https://api:6443 redirects elsewhere (302)', /login page/],
    [
      '429 as text',
      429,
      'Too many requests, please try again later.\n',
      'throttled',
      'cannot list nodes: the server has too much to do (429): Too many requests, please try again later.',
      /later/,
    ],
    [
      'a Status of wrong types',
      500,
      '{"kind":"Status","message":{"a":1},"reason":[],"code":"x","details":"y","metadata":7}',
      'server',
      'cannot list nodes: server error 500: the server gave no reason',
      /try again/,
    ],
    [
      'polluting keys',
      422,
      '{"kind":"Status","__proto__":{"message":"evil"},"message":"bad"}',
      'invalid',
      'cannot list nodes: refused (422): bad',
      undefined,
    ],
  ])('%s', (_name, status, text, reason, message, hint) => {
    const error = errorFromAnswer(context, answer(status, text));
    expect(error).toMatchObject({ reason, message, status, exitCode: 1 });
    if (hint === undefined) expect(error.hint).toBeUndefined();
    else expect(error.hint).toMatch(hint);
  });

  test('410 keeps the token that is offered', () => {
    const error = errorFromAnswer(context, answer(410, recorded('v1.36/continue-expired.json')));
    expect(error.reason).toBe('expired');
    expect(error.apiStatus).toMatchObject({ reason: 'Expired', continue: expect.stringMatching(/^eyJ2/) });
  });

  test.each<[Record<string, string>, number | undefined]>([
    [{ 'retry-after': '7' }, 7],
    [{ 'retry-after': 'Mon, 23 Nov 2026 12:00:10 GMT' }, 10],
    [{ 'retry-after': 'x' }, undefined],
    [{}, undefined],
  ])('Retry-After %j', (headers, seconds) => {
    const error = errorFromAnswer(context, answer(429, '', headers));
    expect(error.retryAfterSeconds).toBe(seconds);
    expect(error.hint).toContain(seconds === undefined ? 'try again later' : `try again in ${seconds} s`);
  });

  test('the Status says how long to wait where no header does', () => {
    expect(errorFromAnswer(context, answer(504, recorded('v1.36/list-rv-too-large.json')))).toMatchObject({
      reason: 'server',
      retryAfterSeconds: 1,
    });
  });

  test.each([
    ['exec plugin aws', /provider's tool/],
    ['auth provider oidc', /provider's tool/],
    ['none', /add a user to the context/],
    ['client certificate', /new kubeconfig/],
  ])('401 with %s', (credential, hint) => {
    const error = errorFromAnswer({ ...context, credential }, answer(401, ''));
    expect(error.hint).toMatch(hint);
    expect(error.message).not.toContain('(none)');
  });

  test('401 with an expired client certificate says so', () => {
    const expired = makeAuthority().issue({
      commonName: 'me',
      notBefore: new Date('2025-01-01'),
      notAfter: new Date('2026-01-01'),
    });
    const error = errorFromAnswer({ ...context, clientCertificate: expired.cert }, answer(401, ''));
    expect(error.hint).toBe('the client certificate expired on 2026-01-01: get a new kubeconfig');
  });

  test('403 without credentials', () => {
    expect(errorFromAnswer({ ...context, credential: 'none' }, answer(403, '')).hint).toContain(
      'no credentials were sent',
    );
  });

  test('a megabyte of message becomes a readable line', () => {
    const status = JSON.stringify({ kind: 'Status', message: 'x\n'.repeat(250_000) });
    for (const text of [status, 'y\n'.repeat(1_000_000), `<html><title>${'z'.repeat(1e6)}`]) {
      const error = errorFromAnswer(context, answer(500, text));
      expect(error.message.length).toBeLessThan(600);
      expect(error.message).not.toContain('\n');
    }
    expect(errorFromAnswer(context, answer(500, status)).apiStatus?.message?.length).toBeLessThan(10_000);
  });

  test.each([
    ['', /empty answer/],
    ['{"a":', /cut off or no JSON/],
    [html, /web page "Access Denied" \(200\)/],
  ])('200 with %j', (text, message) => {
    const error = malformedAnswer(context, answer(200, text));
    expect(error.reason).toBe('server');
    expect(error.message).toMatch(message);
  });
});

describe('no answer', () => {
  const failure = (code: string): ExchangeError =>
    new ExchangeError('network', false, 0, Object.assign(new Error('Authorization: Bearer secret'), { code }));

  test.each<[string, ClusterReason, RegExp, RegExp]>([
    ['ECONNREFUSED', 'unreachable', /refused the connection/, /running/],
    ['ENOTFOUND', 'unreachable', /host name .* not known/, /VPN/],
    ['EAI_AGAIN', 'unreachable', /cannot be resolved/, /name server/],
    ['ECONNRESET', 'unreachable', /cut the connection/, /try again/],
    ['EPIPE', 'unreachable', /cut the connection/, /try again/],
    ['ETIMEDOUT', 'unreachable', /cannot be reached/, /network/],
    ['EHOSTUNREACH', 'unreachable', /no route/, /network/],
    ['HPE_INVALID_CONSTANT', 'unreachable', /does not speak HTTP/, /https:\/\//],
    ['EWHATEVER', 'unreachable', /EWHATEVER/, /address/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'untrusted', /unknown authority/, /--certificate-authority/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'untrusted', /unknown authority/, /--certificate-authority/],
    ['CERT_HAS_EXPIRED', 'untrusted', /has expired/, /clock/],
    ['CERT_NOT_YET_VALID', 'untrusted', /not valid yet/, /clock/],
    ['CERT_REVOKED', 'untrusted', /CERT_REVOKED/, /certificate/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'untrusted', /another name/, /--tls-server-name/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'untrusted', /does not speak TLS/, /http:\/\//],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'unauthorized', /client certificate/, /kubeconfig/],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'unauthorized', /client certificate/, /kubeconfig/],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'untrusted', /handshake/, /address/],
  ])('%s', (code, reason, message, hint) => {
    const error = errorFromFailure(context, failure(code)) as ClusterError;
    expect(error.reason).toBe(reason);
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^cannot list nodes: .*https:\/\/api:6443/);
    expect(error.hint).toMatch(hint);
    expect(`${error.message} ${error.hint}`).not.toContain('secret');
  });

  test.each<['timeout' | 'too-large' | 'cut' | 'garbled', number, ClusterReason, RegExp]>([
    ['timeout', 5000, 'timeout', /no answer from https:\/\/api:6443 within 5 s/],
    ['too-large', 32 * 1024 * 1024, 'too-large', /larger than 32 MiB/],
    ['too-large', 100, 'too-large', /larger than 100 bytes/],
    ['cut', 0, 'unreachable', /broke off in the middle/],
    ['garbled', 0, 'server', /broken or cut off/],
  ])('%s', (kind, limit, reason, message) => {
    const error = errorFromFailure(context, new ExchangeError(kind, true, limit)) as ClusterError;
    expect(error.reason).toBe(reason);
    expect(error.message).toMatch(message);
  });

  test('cancelled', () => {
    expect(errorFromFailure(context, new ExchangeError('cancelled', true, 0))).toBeInstanceOf(CancelledError);
  });
});
