import type { Command } from '../command.ts';
import { completionCommand } from './completion.ts';
import { demoCommand } from './demo.ts';
import { purgeCommand } from './purge.ts';
import { rbacCommand } from './rbac.ts';
import { reportCommand } from './report.ts';
import { snapshotCommand } from './snapshot.ts';
import { statusCommand } from './status.ts';
import { tuneCommand } from './tune.ts';
import { verifyCommand } from './verify.ts';
import { versionCommand } from './version.ts';
import { whyCommand } from './why.ts';

/** The commands, in the order of the help page. */
export const COMMANDS: readonly Command[] = [
  statusCommand,
  tuneCommand,
  verifyCommand,
  purgeCommand,
  whyCommand,
  reportCommand,
  rbacCommand,
  snapshotCommand,
  demoCommand,
  completionCommand,
  versionCommand,
];
