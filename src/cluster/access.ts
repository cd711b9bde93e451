import type { Cluster, User } from '@kubernetes/client-node';

/** Whom to act as; empty fields are not sent. */
export interface Impersonation {
  readonly user: string | undefined;
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  readonly extra: ReadonlyMap<string, readonly string[]>;
}

/** An exec credential plugin, as the kubeconfig describes it. */
export interface ExecSpec {
  readonly apiVersion: string;
  /** Absolute, or a bare name to be found in PATH. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly installHint: string | undefined;
  readonly provideClusterInfo: boolean;
  readonly interactiveMode: 'Never' | 'IfAvailable' | 'Always';
  /** The cluster extension `client.authentication.k8s.io/exec`, passed on with the cluster. */
  readonly clusterConfig: unknown;
}

/** All secrets and settings of one target. Never print it. */
export interface Access {
  /** In the library's shape; file paths absolute. The proxy is kept apart. */
  readonly cluster: Omit<Cluster, 'proxyUrl'>;
  readonly user: User;
  readonly exec: ExecSpec | undefined;
  /** A file that holds a bearer token and may change. */
  readonly tokenFile: string | undefined;
  readonly impersonation: Impersonation;
  /** `proxy-url` of the cluster entry; it beats the proxy environment. */
  readonly proxyUrl: string | undefined;
}
