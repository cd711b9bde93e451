import { humanDuration } from './human-duration.ts';
import { field, fieldAt, isObject, listAt, textAt } from './json.ts';
import type { Kind, KubeObject } from './objects.ts';
import { type Form, metadataOnly, typedObject } from './present.ts';
import type { SimulatedVersion } from './resources.ts';
import type { StoredObject } from './stored-object.ts';
import { summarizePod } from './table-pod.ts';

/** What the cells of a row depend on beside the object. */
export interface TableContext {
  /** Milliseconds since the Unix epoch: ages count from here. */
  readonly now: number;
  readonly version: SimulatedVersion;
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

interface Printer {
  readonly columns: (version: SimulatedVersion) => readonly Column[];
  readonly cells: (object: KubeObject, context: TableContext) => readonly unknown[];
}

const name: Column = { name: 'Name', type: 'string', format: 'name', description: 'Name of the object.', priority: 0 };
const age = column('Age', 'Time since the object was created.');

function column(title: string, description: string, priority = 0, type = 'string'): Column {
  return { name: title, type, format: '', description, priority };
}

const PRINTERS: Readonly<Record<Kind, Printer>> = {
  Node: {
    columns: () => [
      name,
      column('Status', 'Whether the node is ready, and schedulable.'),
      column('Roles', 'Roles of the node, from its labels.'),
      age,
      column('Version', 'Version of the kubelet.'),
      column('Internal-IP', 'First internal address.', 1),
      column('External-IP', 'First external address.', 1),
      column('OS-Image', 'Operating system as the node reports it.', 1),
      column('Kernel-Version', 'Kernel as the node reports it.', 1),
      column('Container-Runtime', 'Container runtime and its version.', 1),
    ],
    cells: nodeCells,
  },
  Pod: {
    columns: version => [
      name,
      column('Ready', 'Containers that are ready, of all.'),
      column('Status', 'State of the containers in one word.'),
      column('Restarts', 'Restarts of the containers.', 0, version === '1.20' ? 'integer' : 'string'),
      age,
      column('IP', 'Address of the pod.', 1),
      column('Node', 'Node the pod is bound to.', 1),
      column('Nominated Node', 'Node that a preemption is making room on.', 1),
      column('Readiness Gates', 'Readiness gates that are met, of all.', 1),
    ],
    cells: podCells,
  },
  Event: {
    columns: () => [
      column('Last Seen', 'Time since the last occurrence.'),
      column('Type', 'Normal or Warning.'),
      column('Reason', 'Reason as one word.'),
      column('Object', 'Kind and name of what it is about.'),
      column('Subobject', 'Part of the object it is about.', 1),
      column('Source', 'Component and host that reported it.', 1),
      column('Message', 'What happened.'),
      column('First Seen', 'Time since the first occurrence.', 1),
      column('Count', 'Number of occurrences.', 1),
      { ...name, priority: 1 },
    ],
    cells: eventCells,
  },
  Namespace: {
    columns: () => [name, column('Status', 'Active or Terminating.'), age],
    cells: (object, context) => [object.metadata.name, textAt(object, 'status.phase') ?? '', ageOf(object, context)],
  },
  ConfigMap: {
    columns: () => [name, column('Data', 'Number of entries.'), age],
    cells: (object, context) => [object.metadata.name, entries(object), ageOf(object, context)],
  },
  Lease: {
    columns: () => [name, column('Holder', 'Who holds the lease.'), age],
    cells: (object, context) => [
      object.metadata.name,
      textAt(object, 'spec.holderIdentity') ?? '',
      ageOf(object, context),
    ],
  },
};

/** The column definitions of a kind. */
export function tableColumns(kind: Kind, version: SimulatedVersion): readonly Column[] {
  return PRINTERS[kind].columns(version);
}

/** One object as a row, with the object beside the cells as `includeObject` asked. */
export function tableRow(stored: StoredObject, form: Form & { as: 'table' }, context: TableContext): object {
  const cells = PRINTERS[stored.kind].cells(stored.object, context);
  const conditions = stored.kind === 'Pod' ? podConditions(textAt(stored.object, 'status.phase')) : undefined;
  const object = form.include === 'Object' ? typedObject(stored) : metadataOnly(stored);
  return {
    cells,
    ...(conditions === undefined ? {} : { conditions }),
    ...(form.include === 'None' ? { object: null } : { object }),
  };
}

function podConditions(phase: string | undefined): readonly object[] | undefined {
  if (phase === 'Succeeded') {
    const message = 'The pod has completed successfully.';
    return [{ type: 'Completed', status: 'True', reason: 'Succeeded', message }];
  }
  if (phase !== 'Failed') return undefined;
  return [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }];
}

function podCells(pod: KubeObject, context: TableContext): readonly unknown[] {
  const { lastRestart, ready, restarts, status, total } = summarizePod(pod, context.version);
  const gates = listAt(pod, 'spec.readinessGates');
  const met = gates.filter(gate => conditionStatus(pod, field(gate, 'conditionType')) === 'True').length;
  return [
    pod.metadata.name,
    `${ready}/${total}`,
    status,
    context.version === '1.20' ? restarts : restartText(restarts, lastRestart, context),
    ageOf(pod, context),
    textAt(listAt(pod, 'status.podIPs')[0], 'ip') ?? textAt(pod, 'status.podIP') ?? '<none>',
    textAt(pod, 'spec.nodeName') ?? '<none>',
    textAt(pod, 'status.nominatedNodeName') ?? '<none>',
    gates.length === 0 ? '<none>' : `${met}/${gates.length}`,
  ];
}

function restartText(restarts: number, last: string | undefined, context: TableContext): string {
  return restarts === 0 || last === undefined ? String(restarts) : `${restarts} (${since(last, context)} ago)`;
}

function nodeCells(node: KubeObject, context: TableContext): readonly unknown[] {
  const ready = conditionStatus(node, 'Ready');
  const status = ready === undefined ? 'Unknown' : ready === 'True' ? 'Ready' : 'NotReady';
  const info = (key: string) => textAt(node, `status.nodeInfo.${key}`) ?? '<unknown>';
  return [
    node.metadata.name,
    fieldAt(node, 'spec.unschedulable') === true ? `${status},SchedulingDisabled` : status,
    rolesOf(node),
    ageOf(node, context),
    textAt(node, 'status.nodeInfo.kubeletVersion') ?? '',
    addressOf(node, 'InternalIP'),
    addressOf(node, 'ExternalIP'),
    info('osImage'),
    info('kernelVersion'),
    info('containerRuntimeVersion'),
  ];
}

function rolesOf(node: KubeObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const roles = Object.entries(node.metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(prefix) && key.length > prefix.length) return [key.slice(prefix.length)];
    return key === 'kubernetes.io/role' && value !== '' ? [value] : [];
  });
  return roles.length === 0 ? '<none>' : [...new Set(roles)].sort().join(',');
}

function addressOf(node: KubeObject, type: string): string {
  const found = listAt(node, 'status.addresses').find(address => field(address, 'type') === type);
  return textAt(found, 'address') ?? '<none>';
}

function eventCells(event: KubeObject, context: TableContext): readonly unknown[] {
  const eventTime = textAt(event, 'eventTime');
  const first = textAt(event, 'firstTimestamp') ?? eventTime;
  const last = textAt(event, 'series.lastObservedTime') ?? textAt(event, 'lastTimestamp') ?? first;
  const host = textAt(event, 'source.host') ?? textAt(event, 'reportingInstance') ?? '';
  const component = textAt(event, 'source.component') ?? textAt(event, 'reportingComponent') ?? '';
  const kind = (textAt(event, 'involvedObject.kind') ?? '').toLowerCase();
  return [
    since(last, context),
    textAt(event, 'type') ?? '',
    textAt(event, 'reason') ?? '',
    `${kind}/${textAt(event, 'involvedObject.name') ?? ''}`,
    textAt(event, 'involvedObject.fieldPath') ?? '',
    host === '' ? component : `${component}, ${host}`,
    (textAt(event, 'message') ?? '').trim(),
    since(first, context),
    fieldAt(event, 'series.count') ?? field(event, 'count') ?? 1,
    event.metadata.name,
  ];
}

function entries(configMap: KubeObject): number {
  return [field(configMap, 'data'), field(configMap, 'binaryData')]
    .filter(isObject)
    .reduce((sum, data) => sum + Object.keys(data).length, 0);
}

function conditionStatus(object: KubeObject, type: unknown): string | undefined {
  return textAt(
    listAt(object, 'status.conditions').find(condition => field(condition, 'type') === type),
    'status',
  );
}

function ageOf(object: KubeObject, context: TableContext): string {
  return since(object.metadata.creationTimestamp, context);
}

function since(time: string | undefined, context: TableContext): string {
  const at = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(at) ? '<unknown>' : humanDuration(context.now - at);
}
