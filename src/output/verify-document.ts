import type { WrittenSettings } from '../eviction/settings.ts';
import type { Difference, NodeVerification } from '../eviction/verify.ts';
import type { VerifyReport } from '../eviction/verify-report.ts';
import { type Column, table } from './columns.ts';
import { API_VERSION } from './status-document.ts';
import type { Paint, Tone } from './style.ts';

/** A report as a `VerifyResult`: the shape of `docs/schemas/verify-result.json`. */
export function verifyResult(report: VerifyReport): object {
  const { nodes } = report;
  return {
    apiVersion: API_VERSION,
    kind: 'VerifyResult',
    file: report.file,
    document: report.label,
    wanted: wantedDocument(report.wanted.settings),
    summary: {
      nodes: nodes.length,
      matching: nodes.filter(n => n.matches === true).length,
      differing: nodes.filter(n => n.matches === false).length,
      unknown: nodes.filter(n => n.matches === null).length,
    },
    waitedSeconds: report.waitedSeconds,
    verdict: report.verdict,
    items: nodes,
    errors: report.errors,
  };
}

function wantedDocument(settings: WrittenSettings): object {
  const entries = Object.entries(settings).map(([field, value]): [string, unknown] => [
    field,
    value instanceof Map ? Object.fromEntries(value) : value,
  ]);
  return Object.fromEntries(entries);
}

const RESULT_TONE: Readonly<Record<string, Tone>> = { match: 'good', MISMATCH: 'bad', unknown: 'warning' };

/** `match`, `MISMATCH`, or `unknown` where the node could not be asked. */
export function resultWord(node: NodeVerification): string {
  if (node.matches === null) return 'unknown';
  return node.matches ? 'match' : 'MISMATCH';
}

const COLUMNS: readonly Column<NodeVerification>[] = [
  { header: 'NODE', text: node => node.node },
  { header: 'RESULT', text: resultWord, tone: node => RESULT_TONE[resultWord(node)] ?? 'plain' },
  { header: 'READY', text: node => (node.ready ? 'yes' : 'no') },
  { header: 'PRESSURE', text: node => node.pressure.join(',') },
  { header: 'DIFFERENCES', text: node => node.error ?? node.differences.map(differenceText).join('; ') },
];

/** One row a node. */
export function verifyTable(
  report: VerifyReport,
  options: { readonly headers: boolean; readonly paint: Paint },
): string {
  return table(COLUMNS, report.nodes, options);
}

/** `nodefs.available 10%, wanted 5%`. */
export function differenceText(difference: Difference): string {
  const { field, signal, wanted, actual } = difference;
  const what = field === 'evictionHard' ? (signal ?? field) : `${field}${signal === null ? '' : ` ${signal}`}`;
  return `${what} ${actual ?? 'not set'}, wanted ${wanted ?? 'none'}`;
}
