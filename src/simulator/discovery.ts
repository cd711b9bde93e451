import { type ApiContext, jsonReply, type Reply, textReply } from './api.ts';
import { RESOURCES, type Resource, type SimulatedVersion } from './resources.ts';

const GROUPS = ['authorization.k8s.io', 'coordination.k8s.io'];

const VERSIONS: Readonly<Record<SimulatedVersion, object>> = {
  '1.20': {
    major: '1',
    minor: '20',
    gitVersion: 'v1.20.2',
    gitCommit: 'simulated',
    gitTreeState: 'clean',
    buildDate: '2021-01-13T13:20:00Z',
    goVersion: 'go1.15.5',
    compiler: 'gc',
    platform: 'linux/amd64',
  },
  '1.36': {
    major: '1',
    minor: '36',
    emulationMajor: '1',
    emulationMinor: '36',
    minCompatibilityMajor: '1',
    minCompatibilityMinor: '35',
    gitVersion: 'v1.36.2',
    gitCommit: 'simulated',
    gitTreeState: 'clean',
    buildDate: '2026-08-21T00:00:00Z',
    goVersion: 'go1.26.11',
    compiler: 'gc',
    platform: 'linux/amd64',
  },
};

/**
 * The documents about the API itself: version, groups, resources, health. Enough for kubectl to find `nodes`, `pods`
 * and their like; there is no OpenAPI.
 *
 * @returns undefined for a path that is none of them
 */
export function discover(context: ApiContext, path: string): Reply | undefined {
  const trimmed = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  const document = documents(context.version).get(trimmed);
  if (document !== undefined) return jsonReply(200, document);
  return ['/healthz', '/livez', '/readyz'].includes(trimmed) ? textReply(200, 'ok') : undefined;
}

function documents(version: SimulatedVersion): ReadonlyMap<string, object> {
  const paths = ['/api', '/api/v1', '/apis', ...GROUPS.flatMap(group => [`/apis/${group}`, `/apis/${group}/v1`])];
  return new Map<string, object>([
    ['/', { paths: [...paths, '/healthz', '/livez', '/readyz', '/version'] }],
    ['/version', VERSIONS[version]],
    ['/api', { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }],
    ['/api/v1', resourceList('', 'v1')],
    ['/apis', { kind: 'APIGroupList', apiVersion: 'v1', groups: GROUPS.map(groupDocument) }],
    ...GROUPS.flatMap(group => [
      [`/apis/${group}`, { kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(group) }] as const,
      [`/apis/${group}/v1`, resourceList(group, `${group}/v1`)] as const,
    ]),
  ]);
}

function groupDocument(name: string): object {
  const version = { groupVersion: `${name}/v1`, version: 'v1' };
  return { name, versions: [version], preferredVersion: version };
}

function resourceList(group: string, groupVersion: string): object {
  const resources = RESOURCES.filter(resource => resource.group === group).flatMap(entriesOf);
  const reviews = {
    name: 'selfsubjectaccessreviews',
    singularName: '',
    namespaced: false,
    kind: 'SelfSubjectAccessReview',
    verbs: ['create'],
  };
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion,
    resources: group === 'authorization.k8s.io' ? [reviews] : resources,
  };
}

function entriesOf(resource: Resource): object[] {
  const { categories, kind, namespaced, plural, shortNames, subresources, verbs } = resource;
  const main = {
    name: plural,
    singularName: '',
    namespaced,
    kind,
    verbs,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  };
  const others = subresources.map(subresource =>
    subresource === 'proxy'
      ? {
          name: `${plural}/proxy`,
          singularName: '',
          namespaced,
          kind: 'NodeProxyOptions',
          verbs: ['create', 'delete', 'get', 'patch', 'update'],
        }
      : { name: `${plural}/status`, singularName: '', namespaced, kind, verbs: ['get', 'patch', 'update'] },
  );
  return [main, ...others];
}
