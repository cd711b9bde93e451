import { needsOf } from '../eviction/rights.ts';
import { clean } from './clean.ts';
import { toYaml } from './documents.ts';
import { policyRules, roleName } from './rbac-manifest.ts';

/** A purge that a cluster runs by itself. */
export interface CronJobRequest {
  /** As `crontab` writes it, or `@daily` and the like. */
  readonly schedule: string;
  readonly image: string;
  /** Where the job runs; what it purges, unless `allNamespaces`. */
  readonly namespace: string;
  readonly allNamespaces: boolean;
  /** The arguments of the program: `purge`, and what was asked for. */
  readonly args: readonly string[];
  /** Events tell ages; without a limit on the age they are not read. */
  readonly readsEvents: boolean;
  /** `batch/v1`; before 1.21 `batch/v1beta1`. */
  readonly apiVersion: 'batch/v1' | 'batch/v1beta1';
  /** How the user calls the program. */
  readonly program: string;
}

/** The version of the CronJob API that a server of this version (`v1.31.4`) serves; one that does not say is a new one. */
export function cronJobApiVersion(serverVersion: string): CronJobRequest['apiVersion'] {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(serverVersion) ?? [];
  return Number(major) === 1 && Number(minor) < 21 ? 'batch/v1beta1' : 'batch/v1';
}

const NAME = roleName('purge');
const LABELS = { 'app.kubernetes.io/name': 'kubectl-evict', 'app.kubernetes.io/component': 'purge' };

/**
 * ServiceAccount, the smallest role with its binding, and the CronJob, as one YAML stream. Without `allNamespaces` everything is
 * in the one namespace, and the role is a Role.
 */
export function cronJobManifest(request: CronJobRequest): string {
  return head(request) + documents(request).map(toYaml).join('---\n');
}

function head({ program, image, allNamespaces, namespace }: CronJobRequest): string {
  const scope = allNamespaces ? 'all namespaces' : `namespace ${clean(namespace)}`;
  return `# A CronJob that purges Evicted pods of ${scope}, with the smallest role for it. To create it, pipe this into
# "kubectl apply -f -". The image must hold kubectl-evict on its PATH, and run it as any user.
# Made by: ${program} purge --print-cronjob ... --image ${image}
`;
}

function documents(request: CronJobRequest): readonly object[] {
  const { namespace, allNamespaces } = request;
  const here = { name: NAME, namespace, labels: LABELS };
  const everywhere = { name: NAME, labels: LABELS };
  const prefix = allNamespaces ? 'Cluster' : '';
  const metadata = allNamespaces ? everywhere : here;
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: here },
    { apiVersion: RBAC, kind: `${prefix}Role`, metadata, rules: policyRules(needs(request)) },
    {
      apiVersion: RBAC,
      kind: `${prefix}RoleBinding`,
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: `${prefix}Role`, name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace }],
    },
    cronJob(request),
  ];
}

const RBAC = 'rbac.authorization.k8s.io/v1';

/** Of what purge asks for: no watch, and events only for ages. */
function needs({ readsEvents }: CronJobRequest) {
  return needsOf('purge').filter(
    ({ resource, verbs }) => !verbs.includes('watch') && (readsEvents || resource !== 'events'),
  );
}

function cronJob({ apiVersion, namespace, schedule, image, args }: CronJobRequest): object {
  return {
    apiVersion,
    kind: 'CronJob',
    metadata: { name: NAME, namespace, labels: LABELS },
    spec: {
      schedule,
      // A purge that takes long is not helped by a second one.
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: 600,
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        metadata: { labels: LABELS },
        spec: {
          backoffLimit: 0,
          activeDeadlineSeconds: 3600,
          template: {
            metadata: { labels: LABELS },
            spec: {
              serviceAccountName: NAME,
              restartPolicy: 'Never',
              securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
              containers: [
                {
                  name: 'purge',
                  image,
                  command: ['kubectl-evict'],
                  // A kubelet takes $(NAME) for a variable; $$ stands for one dollar.
                  args: args.map(arg => arg.replaceAll('$(', () => '$$(')),
                  securityContext: {
                    allowPrivilegeEscalation: false,
                    readOnlyRootFilesystem: true,
                    capabilities: { drop: ['ALL'] },
                  },
                  resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } },
                },
              ],
            },
          },
        },
      },
    },
  };
}
