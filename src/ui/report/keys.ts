import type { KeyBinding } from '../keys.ts';
import type { ReportIntent } from './state.ts';

/** The keys of the report. */
export const REPORT_KEYS: readonly KeyBinding<ReportIntent>[] = [
  { keys: ['tab', 'l', 'right'], intent: 'next-section', help: 'next grouping', hint: 'group' },
  { keys: ['shift-tab', 'h', 'left'], intent: 'previous-section', help: 'previous grouping' },
  { keys: ['1'], intent: 'causes', help: 'causes: for what, and when' },
  { keys: ['2'], intent: 'owners', help: 'owners: whose pods' },
  { keys: ['3'], intent: 'nodes', help: 'nodes: where' },
  { keys: ['4'], intent: 'namespaces', help: 'namespaces' },
  { keys: ['r'], intent: 'again', help: 'read all evictions again', hint: 'read again' },
  {
    keys: ['y', 'c'],
    intent: 'command-line',
    help: 'the command line that prints the same; it is copied too',
    hint: 'command',
  },
  { keys: ['escape', 'q', 'backspace', 'R'], intent: 'leave', help: 'back', hint: 'back' },
];
