import { field, timestamp } from '../json.ts';
import type { KubeletFeatures } from './features.ts';
import { textField } from './fields.ts';

function names(value: object): Record<string, object> {
  return Object.fromEntries(Object.keys(value).map(key => [`f:${key}`, {}]));
}

function conditionFields(conditions: readonly unknown[]): object {
  const keyed = conditions.map(condition => {
    const type = textField(condition, 'type') ?? '';
    return [`k:{"type":"${type}"}`, { '.': {}, ...names(Object(condition)) }] as const;
  });
  return { '.': {}, ...Object.fromEntries(keyed) };
}

/** The kubelet's entry of a pod's `managedFields` after it wrote that status: the only clock every evicted pod has. */
export function kubeletFields(status: object, atMs: number, features: KubeletFeatures): object {
  const conditions = field(status, 'conditions');
  const fields = {
    ...names(status),
    ...(Array.isArray(conditions) ? { 'f:conditions': conditionFields(conditions) } : {}),
  };
  return {
    manager: 'kubelet',
    operation: 'Update',
    apiVersion: 'v1',
    time: timestamp(atMs),
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:status': fields },
    ...(features.managedSubresource ? { subresource: 'status' } : {}),
  };
}

/** The list with the kubelet's entry replaced. */
export function withKubeletFields(
  managed: readonly object[],
  status: object,
  atMs: number,
  features: KubeletFeatures,
): readonly object[] {
  const others = managed.filter(entry => textField(entry, 'manager') !== 'kubelet');
  return [...others, kubeletFields(status, atMs, features)];
}
