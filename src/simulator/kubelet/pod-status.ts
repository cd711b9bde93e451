import { timestamp } from '../json.ts';
import type { KubeletFeatures } from './features.ts';
import { hashText } from './noise.ts';
import { type KubeletPod, type PodContainer, runningContainers } from './pod.ts';
import type { ContainerExit } from './spec.ts';

/** What a pod's status says about where and since when it runs. */
export interface PodPlace {
  readonly hostIp: string;
  /** Null where the pod lost its sandbox before the status was written. */
  readonly podIp: string | null;
  readonly startedAtMs: number;
  readonly features: KubeletFeatures;
}

/** How an evicted pod ended. */
export interface PodEnd {
  readonly message: string;
  readonly finishedAtMs: number;
  readonly exit: ContainerExit;
  /** True for node pressure; storage limits leave no DisruptionTarget. */
  readonly nodePressure: boolean;
}

const LOST_NOW = {
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the pod was terminated',
  startedAt: null,
  finishedAt: null,
};
const LOST_BEFORE = {
  ...LOST_NOW,
  message: 'The container could not be located when the pod was deleted.  The container used to be Running',
};

/** A container id that the pod's uid decides. */
function containerId(pod: KubeletPod, name: string): string {
  const part = (salt: number): string => hashText(`${pod.uid}/${name}/${salt}`).toString(16).padStart(8, '0');
  return `containerd://${[0, 1, 2, 3, 4, 5, 6, 7].map(part).join('')}`;
}

function imageId(image: string): string {
  const part = (salt: number): string => hashText(`${image}/${salt}`).toString(16).padStart(8, '0');
  return `sha256:${[0, 1, 2, 3, 4, 5, 6, 7].map(part).join('')}`;
}

function condition(
  pod: KubeletPod,
  place: PodPlace,
  type: string,
  status: boolean,
  atMs: number,
  extra: object = {},
): object {
  return {
    type,
    ...(place.features.observedGeneration ? { observedGeneration: pod.generation } : {}),
    status: status ? 'True' : 'False',
    lastProbeTime: null,
    lastTransitionTime: timestamp(atMs),
    ...extra,
  };
}

function mountsOf(container: PodContainer): object[] {
  return container.mounts.map(mount => {
    const plain = typeof mount === 'object' && mount !== null ? mount : {};
    return 'readOnly' in plain ? { ...plain, recursiveReadOnly: 'Disabled' } : plain;
  });
}

function resourceFields(resources: object): object {
  const requests = 'requests' in resources ? { allocatedResources: resources.requests } : {};
  return { ...requests, resources };
}

/** The part of a container status that newer kubelets add. A lost container has only its mounts. */
function statusExtras(container: PodContainer, features: KubeletFeatures, lost: boolean): object {
  return {
    ...(features.statusResources && !lost ? resourceFields(container.resources) : {}),
    ...(features.statusMounts ? { volumeMounts: mountsOf(container) } : {}),
    ...(features.statusMounts && !lost ? { user: { linux: { uid: 0, gid: 0, supplementalGroups: [0] } } } : {}),
  };
}

function runningStatus(pod: KubeletPod, container: PodContainer, place: PodPlace): object {
  return {
    name: container.name,
    state: { running: { startedAt: timestamp(place.startedAtMs) } },
    lastState: {},
    ready: true,
    restartCount: 0,
    image: container.image,
    imageID: imageId(container.image),
    containerID: containerId(pod, container.name),
    started: true,
    ...statusExtras(container, place.features, false),
  };
}

function endedStatus(
  pod: KubeletPod,
  container: PodContainer,
  place: PodPlace,
  finishedAtMs: number,
  exit: ContainerExit,
): object {
  if (exit === 'lost') {
    return {
      name: container.name,
      state: { terminated: LOST_NOW },
      lastState: { terminated: LOST_BEFORE },
      ready: false,
      restartCount: 1,
      image: container.image,
      imageID: '',
      started: false,
      ...statusExtras(container, place.features, true),
    };
  }
  const ended = exit === 'zero' ? { exitCode: 0, reason: 'Completed' } : { exitCode: 137, reason: 'Error' };
  const id = containerId(pod, container.name);
  return {
    name: container.name,
    state: {
      terminated: {
        ...ended,
        startedAt: timestamp(place.startedAtMs),
        finishedAt: timestamp(finishedAtMs),
        containerID: id,
      },
    },
    lastState: {},
    ready: false,
    restartCount: 0,
    image: container.image,
    imageID: imageId(container.image),
    containerID: id,
    started: false,
    ...statusExtras(container, place.features, false),
  };
}

function containerStatuses(
  pod: KubeletPod,
  place: PodPlace,
  end: { finishedAtMs: number; exit: ContainerExit } | null,
): object {
  const status = (container: PodContainer): object =>
    end === null
      ? runningStatus(pod, container, place)
      : endedStatus(pod, container, place, end.finishedAtMs, end.exit);
  const init = pod.containers
    .filter(container => container.init)
    // A plain init container has long done its work, however the pod ends.
    .map(container =>
      container.sidecar ? status(container) : endedStatus(pod, container, place, place.startedAtMs, 'zero'),
    );
  return {
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
    containerStatuses: pod.containers.filter(container => !container.init).map(status),
  };
}

function addresses(place: PodPlace): object {
  const { hostIp, podIp, features } = place;
  return {
    hostIP: hostIp,
    ...(features.sandboxCondition ? { hostIPs: [{ ip: hostIp }] } : {}),
    ...(podIp === null ? {} : { podIP: podIp, podIPs: [{ ip: podIp }] }),
  };
}

/** Resources at the level of the pod: the sum, written here where one container makes it trivial. */
function podResources(pod: KubeletPod, features: KubeletFeatures): object {
  if (!features.statusResources) return {};
  const [only, ...others] = pod.containers;
  return resourceFields(only !== undefined && others.length === 0 ? only.resources : {});
}

function generation(pod: KubeletPod, features: KubeletFeatures): object {
  return features.observedGeneration ? { observedGeneration: pod.generation } : {};
}

/** The status of a pod that was admitted and runs. */
export function runningPodStatus(pod: KubeletPod, place: PodPlace): object {
  const { features, startedAtMs } = place;
  const types = ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'];
  if (features.sandboxCondition) types.unshift('PodReadyToStartContainers');
  return {
    ...generation(pod, features),
    phase: 'Running',
    conditions: types.map(type => condition(pod, place, type, true, startedAtMs)),
    ...addresses(place),
    startTime: timestamp(startedAtMs),
    ...containerStatuses(pod, place, null),
    qosClass: pod.qosClass,
    ...podResources(pod, features),
  };
}

function endedConditions(pod: KubeletPod, place: PodPlace, end: PodEnd): object[] {
  const { features, startedAtMs } = place;
  const at = end.finishedAtMs;
  const completed = end.exit === 'zero';
  const unready = completed
    ? { reason: 'PodCompleted' }
    : features.disruptionTarget
      ? { reason: 'PodFailed' }
      : {
          reason: 'ContainersNotReady',
          message: `containers with unready status: [${runningContainers(pod)
            .map(({ name }) => name)
            .join(' ')}]`,
        };
  const conditions: object[] = [];
  if (end.nodePressure && features.disruptionTarget) {
    const reason = { reason: 'TerminationByKubelet', message: end.message };
    conditions.push(condition(pod, place, 'DisruptionTarget', true, at, reason));
  }
  if (features.sandboxCondition) conditions.push(condition(pod, place, 'PodReadyToStartContainers', false, at));
  conditions.push(
    condition(pod, place, 'Initialized', true, startedAtMs, completed ? { reason: 'PodCompleted' } : {}),
    condition(pod, place, 'Ready', false, at, unready),
    condition(pod, place, 'ContainersReady', false, at, unready),
    condition(pod, place, 'PodScheduled', true, startedAtMs),
  );
  return conditions;
}

/**
 * The status of an evicted pod as that release writes it. Before 1.22 nothing but the verdict is left; later the
 * statuses stay, and a pod whose containers all leave with 0 ends as Succeeded, without a reason.
 */
export function evictedPodStatus(pod: KubeletPod, place: PodPlace, end: PodEnd): object {
  const { features } = place;
  const verdict = { message: end.message, reason: 'Evicted' };
  if (!features.keepsStatus) return { phase: 'Failed', ...verdict, startTime: timestamp(place.startedAtMs) };
  const succeeded = end.exit === 'zero' && features.disruptionTarget;
  return {
    ...generation(pod, features),
    phase: succeeded ? 'Succeeded' : 'Failed',
    conditions: endedConditions(pod, place, end),
    ...(succeeded ? {} : verdict),
    ...addresses(place),
    startTime: timestamp(place.startedAtMs),
    ...containerStatuses(pod, place, end),
    qosClass: pod.qosClass,
    ...podResources(pod, features),
  };
}

/** The status of a pod that the kubelet refused to run. */
export function refusedPodStatus(
  pod: KubeletPod,
  message: string,
  startedAtMs: number,
  features: KubeletFeatures,
): object {
  return {
    ...generation(pod, features),
    phase: 'Failed',
    message,
    reason: 'Evicted',
    startTime: timestamp(startedAtMs),
    ...(features.keepsStatus ? { qosClass: pod.qosClass } : {}),
  };
}
