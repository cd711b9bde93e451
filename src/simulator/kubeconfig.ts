/** What a kubeconfig for a simulated cluster says. */
export interface KubeconfigFacts {
  readonly server: string;
  /** PEM; absent for a server without TLS. */
  readonly authority?: string | undefined;
  readonly user: string;
  readonly credentials:
    | { readonly token: string }
    | { readonly certificate: string; readonly key: string }
    | { readonly none: true };
  /** The context's namespace. @default none, which is `default` */
  readonly namespace?: string | undefined;
}

/** A kubeconfig with one context, `USER@simulated`. JSON, which is YAML, so nothing needs to be quoted by hand. */
export function renderKubeconfig(facts: KubeconfigFacts): string {
  const { authority, namespace, server, user } = facts;
  const context = `${user}@simulated`;
  return `${JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': context,
      clusters: [
        {
          name: 'simulated',
          cluster: { server, ...(authority === undefined ? {} : { 'certificate-authority-data': base64(authority) }) },
        },
      ],
      users: [{ name: user, user: userFields(facts.credentials) }],
      contexts: [
        { name: context, context: { cluster: 'simulated', user, ...(namespace === undefined ? {} : { namespace }) } },
      ],
    },
    undefined,
    2,
  )}\n`;
}

function userFields(credentials: KubeconfigFacts['credentials']): object {
  if ('token' in credentials) return { token: credentials.token };
  if ('none' in credentials) return {};
  return {
    'client-certificate-data': base64(credentials.certificate),
    'client-key-data': base64(credentials.key),
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
