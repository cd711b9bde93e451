import { textAt } from './json.ts';
import { listPages } from './paging.ts';
import { apiPath } from './paths.ts';
import type { NameLists } from './port.ts';
import type { Transport } from './transport.ts';

/** Names stand in the metadata; the rest of the objects need not travel. */
const METADATA =
  'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1beta1,application/json';
/** Names beyond this many are not looked at. */
const MOST_NAMES = 5000;

/** Reads names page by page, metadata only. */
export function nameLists(transport: Transport, signal: AbortSignal): NameLists {
  const names = async (what: string, path: string): Promise<readonly string[]> => {
    let found: string[] = [];
    const translate = (object: unknown): string => textAt(object, 'metadata', 'name');
    for await (const page of listPages(transport, { path, what, accept: METADATA, translate, signal })) {
      if (page.restarted) found = [];
      found.push(...page.items.filter(name => typeof name === 'string'));
      if (found.length >= MOST_NAMES) break;
    }
    return found.slice(0, MOST_NAMES);
  };
  return {
    nodes: () => names('list nodes', apiPath('api', 'v1', 'nodes')),
    namespaces: () => names('list namespaces', apiPath('api', 'v1', 'namespaces')),
    pods: namespace =>
      names(`list pods in namespace ${namespace}`, apiPath('api', 'v1', 'namespaces', namespace, 'pods')),
  };
}
