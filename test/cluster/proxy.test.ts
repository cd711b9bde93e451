import { describe, expect, test } from 'vitest';
import { chooseProxy, isExcepted } from '../../src/cluster/proxy.ts';
import { ClusterError } from '../../src/errors.ts';

const server = new URL('https://api.example.com:6443');

describe('NO_PROXY as Go reads it', () => {
  test.each<[string, string, boolean]>([
    ['https://api.example.com:6443', '', false],
    ['https://api.example.com:6443', '*', true],
    ['https://api.example.com:6443', 'example.com', true],
    ['https://api.example.com:6443', ' EXAMPLE.com , x', true],
    ['https://api.example.com:6443', '.example.com', true],
    ['https://api.example.com:6443', '*.example.com', true],
    ['https://example.com:6443', '.example.com', false],
    ['https://example.com:6443', '*.example.com', false],
    ['https://example.com:6443', 'example.com', true],
    ['https://notexample.com', 'example.com', false],
    ['https://api.example.com:6443', 'example.com:6443', true],
    ['https://api.example.com:6443', 'example.com:443', false],
    ['https://api.example.com', 'example.com:443', true],
    ['http://api.example.com', 'example.com:80', true],
    ['https://api.example.com.', 'example.com', true],
    ['https://10.1.2.3:6443', '10.1.2.3', true],
    ['https://10.1.2.3:6443', '10.1.2.3:6443', true],
    ['https://10.1.2.3:6443', '10.1.2.3:443', false],
    ['https://10.1.2.3:6443', '10.0.0.0/8', true],
    ['https://11.1.2.3:6443', '10.0.0.0/8', false],
    ['https://api.example.com:6443', '10.0.0.0/8', false],
    ['https://10.1.2.3:6443', '10.0.0.0/99', false],
    ['https://10.1.2.3:6443', 'fd00::/8', false],
    ['https://[fd00::1]:6443', 'fd00::/8', true],
    ['https://[fd00::1]:6443', 'fd00:0::1', true],
    ['https://[fd00::1]:6443', '[fd00::1]:6443', true],
    ['https://[fd00::1]:6443', '[fd00::1]:1', false],
    ['https://api.example.com:6443', ',,:,/,[', false],
    ['https://localhost:6443', '', true],
    ['https://127.0.0.1:6443', '', true],
    ['https://127.9.9.9:6443', '', true],
    ['https://[::1]:6443', '', true],
    ['https://localhost.example.com', '', false],
  ])('%s, NO_PROXY=%j: %s', (url, noProxy, expected) => {
    expect(isExcepted(new URL(url), noProxy)).toBe(expected);
  });
});

describe('which proxy', () => {
  test.each<[string, Record<string, string>, string | undefined, string | null]>([
    ['none', {}, undefined, null],
    ['HTTPS_PROXY', { HTTPS_PROXY: 'http://p:3128' }, undefined, 'http://p:3128'],
    ['https_proxy', { https_proxy: 'p:3128' }, undefined, 'http://p:3128'],
    ['upper case first', { HTTPS_PROXY: 'http://up:1', https_proxy: 'http://low:1' }, undefined, 'http://up:1'],
    ['ALL_PROXY last', { ALL_PROXY: 'socks5://s' }, undefined, 'socks5://s:1080'],
    ['HTTP_PROXY is for http servers', { HTTP_PROXY: 'http://p:1' }, undefined, null],
    ['NO_PROXY', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'example.com' }, undefined, null],
    ['no_proxy', { HTTPS_PROXY: 'http://p:1', no_proxy: 'example.com' }, undefined, null],
    [
      'proxy-url beats the environment and NO_PROXY',
      { HTTPS_PROXY: 'http://p:1', NO_PROXY: '*' },
      'https://k',
      'https://k:443',
    ],
    ['credentials are not shown', {}, 'http://me:pw@p:3128', 'http://p:3128'],
  ])('%s', (_name, env, proxyUrl, expected) => {
    expect(chooseProxy(server, proxyUrl, env)?.display ?? null).toBe(expected);
  });

  test.each(['ftp://p', 'http://', 'no url'])('%s is refused without being repeated', text => {
    const choose = (): unknown => chooseProxy(server, text, {});
    expect(choose).toThrow(ClusterError);
    expect(choose).toThrow(/^proxy-url of the kubeconfig is not a usable proxy address$/);
  });
});
