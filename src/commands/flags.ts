import type { FlagSpec } from './command.ts';

/** The flags of every command that talks to a cluster: kubectl's names and meaning. */
export const CONNECTION_FLAGS: readonly FlagSpec[] = [
  {
    name: 'kubeconfig',
    type: 'string',
    placeholder: 'FILE',
    completes: 'file',
    help: 'the kubeconfig file to use, and no other',
  },
  { name: 'context', type: 'string', placeholder: 'NAME', completes: 'context', help: 'the kubeconfig context to use' },
  { name: 'cluster', type: 'string', placeholder: 'NAME', completes: 'cluster', help: 'the kubeconfig cluster to use' },
  { name: 'user', type: 'string', placeholder: 'NAME', completes: 'user', help: 'the kubeconfig user to use' },
  {
    name: 'namespace',
    short: 'n',
    type: 'string',
    placeholder: 'NAME',
    completes: 'namespace',
    help: 'the namespace scope',
  },
  { name: 'all-namespaces', short: 'A', type: 'boolean', help: 'all namespaces' },
  { name: 'server', short: 's', type: 'string', placeholder: 'URL', help: 'address of the API server' },
  { name: 'as', type: 'string', placeholder: 'USER', help: 'user to impersonate' },
  { name: 'as-group', type: 'strings', placeholder: 'GROUP', help: 'group to impersonate; may be repeated' },
  { name: 'as-uid', type: 'string', placeholder: 'UID', help: 'uid to impersonate' },
  { name: 'token', type: 'string', placeholder: 'TOKEN', help: 'bearer token for the API server' },
  {
    name: 'certificate-authority',
    type: 'string',
    placeholder: 'FILE',
    completes: 'file',
    help: 'certificate of the authority to trust',
  },
  {
    name: 'client-certificate',
    type: 'string',
    placeholder: 'FILE',
    completes: 'file',
    help: 'client certificate for TLS',
  },
  { name: 'client-key', type: 'string', placeholder: 'FILE', completes: 'file', help: 'client key for TLS' },
  {
    name: 'insecure-skip-tls-verify',
    type: 'boolean',
    help: "do not check the API server's certificate: anybody may answer in its place",
  },
  {
    name: 'tls-server-name',
    type: 'string',
    placeholder: 'NAME',
    help: "name to expect in the API server's certificate",
  },
  {
    name: 'request-timeout',
    type: 'string',
    placeholder: 'DURATION',
    help: 'longest wait for one answer of the API server (1s, 2m, seconds); 0 waits for ever',
  },
  {
    name: 'chunk-size',
    type: 'string',
    placeholder: 'N',
    fallback: '500',
    help: 'read long lists in pages of this many items; 0 reads them whole',
  },
];

/** The flags every command takes. */
export const GLOBAL_FLAGS: readonly FlagSpec[] = [
  {
    name: 'color',
    type: 'string',
    placeholder: 'WHEN',
    choices: ['auto', 'always', 'never'],
    fallback: 'auto',
    help: 'colour: auto, always or never; NO_COLOR is honoured',
  },
  {
    name: 'v',
    short: 'v',
    type: 'string',
    placeholder: 'LEVEL',
    fallback: '0',
    help: 'how much to tell on stderr: 1 causes of errors, 6 every request (never credentials)',
  },
  { name: 'help', short: 'h', type: 'boolean', help: 'show this help' },
];

/** The flags of every command that asks kubelets. */
export const KUBELET_FLAGS: readonly FlagSpec[] = [
  {
    name: 'concurrency',
    type: 'string',
    placeholder: 'N',
    fallback: '64',
    help: 'requests to kubelets at a time, 1 to 256',
  },
  {
    name: 'kubelet-timeout',
    type: 'string',
    placeholder: 'DURATION',
    fallback: '5s',
    help: 'longest wait for one answer of a kubelet',
  },
];
