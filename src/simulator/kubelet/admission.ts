import type { PressureCondition } from '../../eviction/signal.ts';
import { field } from '../json.ts';
import { textField } from './fields.ts';
import type { KubeletPod } from './pod.ts';

const MEMORY_TAINT = 'node.kubernetes.io/memory-pressure';

/** Whether the toleration covers a NoSchedule taint of that key without a value. */
export function toleratesTaint(toleration: unknown, key: string, effect: string): boolean {
  const wanted = textField(toleration, 'key');
  const operator = textField(toleration, 'operator') ?? 'Equal';
  const onlyEffect = textField(toleration, 'effect');
  if (onlyEffect !== null && onlyEffect !== '' && onlyEffect !== effect) return false;
  if (wanted === null || wanted === '') return operator === 'Exists';
  if (wanted !== key) return false;
  return operator === 'Exists' || (field(toleration, 'value') ?? '') === '';
}

/**
 * Whether a kubelet under those conditions takes a new pod: `Admit` of the eviction manager. Critical pods always; under
 * memory pressure alone also pods that are not BestEffort, or that tolerate it; else nothing.
 */
export function admits(conditions: readonly PressureCondition[], pod: KubeletPod): boolean {
  if (conditions.length === 0 || pod.critical) return true;
  if (conditions.some(condition => condition !== 'MemoryPressure')) return false;
  return pod.qosClass !== 'BestEffort' || pod.tolerations.some(one => toleratesTaint(one, MEMORY_TAINT, 'NoSchedule'));
}
