import { ClusterError } from '../errors.ts';

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = new RegExp(`^${label}(\\.${label})*$`);

/** True for a DNS subdomain of at most 253 characters: what a node may be called. */
export function isNodeName(name: string): boolean {
  return name.length <= 253 && subdomain.test(name);
}

/**
 * The path of a node; sub-paths (`/proxy/stats/summary`) are appended by hand, because their slashes must stay slashes.
 *
 * @throws ClusterError `invalid` for anything that is no node name.
 */
export function nodePath(name: string): string {
  if (!isNodeName(name)) {
    throw new ClusterError('invalid', `${JSON.stringify(name.slice(0, 100))} is not a node name`, {
      hint: 'a node name has lower case letters, digits, "-" and ".", at most 253 of them',
    });
  }
  return `/api/v1/nodes/${name}`;
}

/**
 * Joins path segments, each encoded: `apiPath('api', 'v1', 'namespaces', ns, 'pods')`.
 *
 * @throws ClusterError `invalid` for an empty segment, `.` or `..`, which would become another path.
 */
export function apiPath(...segments: readonly string[]): string {
  return segments
    .map(segment => {
      if (segment === '' || segment === '.' || segment === '..') {
        throw new ClusterError('invalid', `${JSON.stringify(segment)} is not a name`);
      }
      return `/${encodeURIComponent(segment)}`;
    })
    .join('');
}
