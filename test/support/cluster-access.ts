import type { Access } from '../../src/cluster/access.ts';
import type { Environment, Target } from '../../src/cluster/connection.ts';

/** An environment of a test: no variables, no terminal, a fixed clock; warnings are kept. */
export function testEnvironment(overrides: Partial<Environment> = {}): Environment & { readonly warnings: string[] } {
  const warnings: string[] = [];
  return {
    env: {},
    homeDir: '/nonexistent',
    cwd: '/',
    stdinIsTTY: false,
    warn: line => {
      warnings.push(line);
    },
    now: () => Date.parse('2026-11-23T12:00:00Z'),
    userAgent: 'kubectl-evict/0.0.0 (test/test)',
    serviceAccountDir: '/nonexistent',
    warnings,
    ...overrides,
  };
}

/** A target that leads to a server, without credentials unless given. */
export function testTarget(server: string, access: Partial<Access> = {}, overrides: Partial<Target> = {}): Target {
  const secrets: Access = {
    cluster: { name: 'test', server, skipTLSVerify: server.startsWith('http:') },
    user: { name: 'tester' },
    exec: undefined,
    tokenFile: undefined,
    impersonation: { user: undefined, uid: undefined, groups: [], extra: new Map() },
    proxyUrl: undefined,
    ...access,
  };
  return {
    context: 'test',
    cluster: 'test',
    user: 'tester',
    server,
    namespace: 'default',
    source: 'kubeconfig',
    files: [],
    credential: 'token',
    requestTimeoutMs: undefined,
    access: () => secrets,
    ...overrides,
  };
}
