import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { notesOf, refusal } from '../scripts/release-notes.mjs';

// The workflows that a maintainer can switch on, held to what keeps them safe and true. Nothing here runs them.

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const FOLDER = join(ROOT, '.github', 'workflows');

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly 'runs-on'?: string;
  readonly 'timeout-minutes'?: number;
  readonly needs?: string | readonly string[];
  readonly permissions?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix?: Readonly<Record<string, readonly unknown[]>> };
  readonly steps?: readonly Step[];
}

interface Workflow {
  readonly name?: string;
  readonly on?: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs?: Readonly<Record<string, Job>>;
}

const { scripts, engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
  engines: { node: string };
};

/** What is wrong with a workflow. */
function faults(text: string): readonly string[] {
  const workflow = load(text) as Workflow;
  const found: string[] = [];
  if (!workflow.name || !workflow.on) found.push('has no name, or nothing starts it');
  if (JSON.stringify(workflow.permissions) !== '{"contents":"read"}') found.push('permissions are not contents: read');
  for (const [name, job] of Object.entries(workflow.jobs ?? {})) {
    found.push(...jobFaults(job, workflow).map(fault => `${name}: ${fault}`));
  }
  for (const line of text.split('\n').filter(l => /\buses:/.test(l))) {
    if (!/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line)) found.push(`not pinned, or of no named version: ${line.trim()}`);
  }
  return found;
}

function jobFaults(job: Job, workflow: Workflow): readonly string[] {
  const found: string[] = [];
  const steps = job.steps ?? [];
  if (steps.length === 0) found.push('no steps');
  if (!/^(?:[\w.-]+\d[\w.-]*|\$\{\{ matrix\.os \}\})$/.test(job['runs-on'] ?? ''))
    found.push('runs on no named version');
  if (!((job['timeout-minutes'] ?? 0) > 0)) found.push('no timeout');
  const unknown = [job.needs ?? []].flat().filter(name => workflow.jobs?.[name] === undefined);
  if (unknown.length > 0) found.push(`needs ${unknown.join(', ')}, which is no job`);
  const writes = Object.values(job.permissions ?? {}).some(right => right !== 'read');
  if (writes && steps.some(step => step.uses?.startsWith('actions/checkout@')))
    found.push('may write, and runs the repository');
  for (const { uses = '', run = '', with: inputs = {} } of steps) {
    if ((uses === '') === (run === '')) found.push('a step is neither an action nor a command');
    if (uses.startsWith('actions/checkout@') && inputs['persist-credentials'] !== false)
      found.push('keeps credentials');
    // A branch or a tag may be named like a command.
    if (run.includes('${{')) found.push(`a command is put together from outside: ${run}`);
    for (const [, script = ''] of run.matchAll(/npm run (?:--silent )?([\w:-]+)/g)) {
      if (!Object.hasOwn(scripts, script)) found.push(`npm run ${script}: there is no such script`);
    }
    for (const [, file = ''] of run.matchAll(/\bnode ([\w./-]+\.m?js)/g)) {
      if (!existsSync(join(ROOT, file))) found.push(`${file} does not exist`);
    }
  }
  return found;
}

const files = readdirSync(FOLDER);
const text = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');
const jobs = (file: string): Readonly<Record<string, Job>> => (load(text(file)) as Workflow).jobs ?? {};
const matrix = (job: Job | undefined, key: string): readonly string[] =>
  (job?.strategy?.matrix?.[key] ?? []).map(String);

describe('workflows', () => {
  test('there are two', () => {
    expect(files.toSorted()).toEqual(['ci.yml', 'release.yml']);
  });

  test.each(files)('%s is safe and calls what there is', file => {
    expect(faults(text(file))).toEqual([]);
  });

  test('ci lints, tests and goes through a real cluster', () => {
    const { lint, test: tests, e2e } = jobs('ci.yml');
    const commands = [lint, tests, e2e].flatMap(job => (job?.steps ?? []).map(step => step.run));
    for (const command of ['npm run lint', 'npm run types', 'npm test', 'npm run e2e'])
      expect(commands).toContain(command);
    expect(matrix(tests, 'os').map(os => os.split('-')[0])).toEqual(expect.arrayContaining(['ubuntu', 'macos']));
    expect(matrix(tests, 'node')[0]).toBe(/\d+\.\d+/.exec(engines.node)?.[0]);
  });

  test('three minors of Kubernetes, each image named by its digest', () => {
    const images = matrix(jobs('ci.yml')['e2e'], 'image');
    const minors = images.map(image => /^kindest\/node:v1\.(\d+)\.\d+@sha256:[0-9a-f]{64}$/.exec(image)?.[1]);
    expect(new Set(minors).size).toBe(3);
    expect(minors).not.toContain(undefined);
  });

  test('a release is built for all platforms, checked, and published by a job of its own', () => {
    const { build, publish } = jobs('release.yml');
    const commands = (build?.steps ?? []).map(step => step.run ?? '');
    expect(commands).toContain('npm run build:release');
    expect(commands.some(command => command.includes('sha256sum --check'))).toBe(true);
    expect(commands.some(command => command.startsWith('node krew/check.mjs'))).toBe(true);
    expect(publish?.permissions).toEqual({ contents: 'write' });
    expect(publish?.needs).toBe('build');
  });
});

describe('the checks themselves notice', () => {
  const good = text('ci.yml');
  test.each<readonly [string, (text: string) => string, RegExp]>([
    ['more rights', t => t.replace('contents: read', 'contents: write'), /permissions/],
    ['an action by its tag', t => t.replace(/checkout@\S+ # v\S+/, 'checkout@v5'), /not pinned/],
    ['a moving system', t => t.replace('runs-on: ubuntu-24.04', 'runs-on: ubuntu-latest'), /no named version/],
    ['a script that is gone', t => t.replace('npm run lint', 'npm run lintt'), /npm run lintt/],
    ['no timeout', t => t.replace('timeout-minutes: 15', 'timeout-minutes: 0'), /no timeout/],
    ['a job that is gone', t => t.replace('needs: lint', 'needs: lints'), /no job/],
    [
      'kept credentials',
      t => t.replace('persist-credentials: false', 'persist-credentials: true'),
      /keeps credentials/,
    ],
    [
      'text from outside in a command',
      t => t.replace('run: npm ci', ['run: echo ', '{{ github.head_ref }}'].join('$')),
      /from outside/,
    ],
    ['a file that is gone', t => t.replace('run: npm ci', 'run: node scripts/gone.mjs'), /gone\.mjs/],
  ])('%s', (_, spoil, sentence) => {
    expect(spoil(good)).not.toBe(good);
    expect(faults(spoil(good)).join('\n')).toMatch(sentence);
  });
});

describe('release notes', () => {
  const changelog =
    '# Changelog\n\n## Unreleased\n\n- soon\n\n## 0.2.0 (2026-12-01)\n\n- new\n\n## 0.1.0 (2026-11-01)\n\n- first\n\n## 0.0.9\n';

  test.each([
    ['0.2.0', '- new\n'],
    ['0.1.0', '- first\n'],
    ['0.0.9', null],
    ['0.1', null],
  ])('of %s', (version, notes) => {
    expect(notesOf(changelog, version)).toBe(notes);
  });

  test.each<readonly [string, string, RegExp | null]>([
    ['v0.2.0', '0.2.0', null],
    ['v0.2.0', '0.1.0', /package\.json has 0\.1\.0/],
    ['0.2.0', '0.2.0', /the tag is 0\.2\.0/],
    ['v0.3.0', '0.3.0', /CHANGELOG\.md has no section/],
  ])('tag %s, version %s', (tag, version, why) => {
    const refused = refusal(tag, { version, changelog });
    if (why === null) expect(refused).toBeNull();
    else expect(refused).toMatch(why);
  });
});
