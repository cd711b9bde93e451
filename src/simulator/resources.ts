import type { Kind } from './objects.ts';

/** The Kubernetes versions whose answers the simulator can give. */
export type SimulatedVersion = '1.20' | '1.36';

/** What the API says about one resource. */
export interface Resource {
  readonly kind: Kind;
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** The plural in paths, rules and messages. */
  readonly plural: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly ('status' | 'proxy')[];
  readonly verbs: readonly string[];
  /** The fields that a `fieldSelector` may name beside `metadata.name` and `metadata.namespace`. */
  readonly selectable: readonly string[];
  /**
   * Resources without field labels of their own share a generic conversion function, which words the refusal of an
   * unknown label in another way.
   */
  readonly genericFieldLabels: boolean;
}

const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const core = {
  group: '',
  version: 'v1',
  categories: [],
  subresources: [],
  verbs: ALL_VERBS,
  genericFieldLabels: false,
};

/** Every resource the simulated API server has, in the order of its discovery. */
export const RESOURCES: readonly Resource[] = [
  {
    ...core,
    kind: 'ConfigMap',
    plural: 'configmaps',
    namespaced: true,
    shortNames: ['cm'],
    selectable: [],
    genericFieldLabels: true,
  },
  {
    ...core,
    kind: 'Event',
    plural: 'events',
    namespaced: true,
    shortNames: ['ev'],
    selectable: [
      'involvedObject.kind',
      'involvedObject.namespace',
      'involvedObject.name',
      'involvedObject.uid',
      'involvedObject.apiVersion',
      'involvedObject.resourceVersion',
      'involvedObject.fieldPath',
      'reason',
      'source',
      'type',
    ],
  },
  {
    ...core,
    kind: 'Namespace',
    plural: 'namespaces',
    namespaced: false,
    shortNames: ['ns'],
    subresources: ['status'],
    verbs: ALL_VERBS.filter(verb => verb !== 'deletecollection'),
    selectable: ['status.phase'],
  },
  {
    ...core,
    kind: 'Node',
    plural: 'nodes',
    namespaced: false,
    shortNames: ['no'],
    subresources: ['proxy', 'status'],
    selectable: ['spec.unschedulable'],
  },
  {
    ...core,
    kind: 'Pod',
    plural: 'pods',
    namespaced: true,
    shortNames: ['po'],
    categories: ['all'],
    subresources: ['status'],
    selectable: [
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'status.phase',
      'status.podIP',
      'status.nominatedNodeName',
    ],
  },
  {
    ...core,
    kind: 'Lease',
    group: 'coordination.k8s.io',
    plural: 'leases',
    namespaced: true,
    shortNames: [],
    selectable: [],
    genericFieldLabels: true,
  },
];

const byKind = new Map(RESOURCES.map(resource => [resource.kind, resource]));

/** The resource of a kind. */
export function resourceOf(kind: Kind): Resource {
  const resource = byKind.get(kind);
  if (resource === undefined) throw new RangeError(`no resource of kind ${kind}`);
  return resource;
}

/** The resource of a path's group, version and plural; undefined where the API has none. */
export function findResource(group: string, version: string, plural: string): Resource | undefined {
  return RESOURCES.find(
    resource => resource.group === group && resource.version === version && resource.plural === plural,
  );
}

/** `v1` or `group/version`. */
export function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}
