import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CancelledError, EvictError } from '../../src/errors.ts';
import { readArchive } from '../../src/world/archive.ts';
import { podObject } from '../support/purge-world.ts';

const signal = new AbortController().signal;

function line(name: string, more: object = {}): string {
  const pod = podObject(name);
  return JSON.stringify({ apiVersion: 'kubectl-evict/v1', kind: 'ArchivedPod', pod, events: [], ...more });
}

async function read(pieces: readonly (string | Uint8Array)[]) {
  const found = [];
  for await (const entry of readArchive('-', Readable.from(pieces), signal)) found.push(entry);
  return found;
}

const outcome = (entries: Awaited<ReturnType<typeof read>>) =>
  entries.map(entry => (entry.ok ? `${entry.line} ${entry.pod.name}` : `${entry.line} ${entry.error}`));

describe('an archive', () => {
  test.each<[string, readonly (string | Uint8Array)[], readonly string[]]>([
    ['nothing', [], []],
    ['two lines', [`${line('a')}\n${line('b')}\n`], ['1 a', '2 b']],
    ['the last without an end', [`${line('a')}\n${line('b')}`], ['1 a', '2 b']],
    ['blank lines, and those of Windows', [`${line('a')}\r\n\r\n\n${line('b')}\r\n`], ['1 a', '4 b']],
    ['a torn last line', [`${line('a')}\n${line('b').slice(0, -9)}`], ['1 a', '2 is cut off']],
    ['a torn line in between', [`${line('a').slice(0, 50)}\n${line('b')}\n`], ['1 is no JSON', '2 b']],
    ['other objects', ['{}\n[]\n1\nnull\n"x"\n'], [1, 2, 3, 4, 5].map(n => `${n} is no archived pod`)],
    ['a newer version', [line('a', { apiVersion: 'kubectl-evict/v2' })], ['1 is no archived pod']],
    ['a pod without a name', [line('a', { pod: { metadata: {} } })], ['1 is no archived pod']],
    ['a line separator that JSON knows nothing of', [line('a', { note: '\u2028\u2029\u0085' })], ['1 a']],
  ])('%s', async (_name, pieces, expected) => {
    expect(outcome(await read(pieces))).toEqual(expected);
  });

  test('whatever the pieces it comes in', async () => {
    const bytes = Buffer.from(`${line('ä')}\n${line('€', { note: '😀' })}\n`);
    for (const size of [1, 2, 3, 7, 1000]) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      expect(outcome(await read(pieces))).toEqual(['1 ä', '2 €']);
    }
  });

  test("the pod's first Evicted event is its evidence; others' are not", async () => {
    const event = (uid: string, reason: string, firstTimestamp: string) => ({
      reason,
      firstTimestamp,
      involvedObject: { kind: 'Pod', uid },
      message: firstTimestamp,
    });
    const pod = podObject('a');
    Object.assign(pod.metadata, { uid: 'u' });
    const events = [
      event('u', 'Killing', '2026-11-23T01:00:00Z'),
      event('other', 'Evicted', '2026-11-23T02:00:00Z'),
      event('u', 'Evicted', '2026-11-23T04:00:00Z'),
      event('u', 'Evicted', '2026-11-23T03:00:00Z'),
    ];
    const [entry] = await read([line('a', { pod, events })]);
    expect(entry?.ok === true && entry.evidence?.message).toBe('2026-11-23T03:00:00Z');
    const [without] = await read([line('a', { pod, events: null, eventsError: 'forbidden' })]);
    expect(without).toMatchObject({ ok: true, evidence: null });
  });
});

describe('a file', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'evict-archive-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const drain = async (path: string, stop: AbortSignal = signal) => {
    const found = [];
    for await (const entry of readArchive(path, Readable.from([]), stop)) found.push(entry);
    return found;
  };

  test('is read', async () => {
    const path = join(folder, 'a.ndjson');
    writeFileSync(path, `${line('a')}\n`);
    expect(outcome(await drain(path))).toEqual(['1 a']);
  });

  test.each([
    ['missing', 'nothing-here', /cannot read .*nothing-here: no such file/],
    ['a folder', '.', /cannot read .*: it is a folder/],
  ])('%s: an error that names it', async (_name, name, sentence) => {
    const error = await drain(join(folder, name)).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(EvictError);
    expect((error as EvictError).message).toMatch(sentence);
  });

  test('Ctrl-C ends the reading of an input that does not end', async () => {
    const stop = new AbortController();
    const endless = new Readable({ read() {} });
    endless.push(`${line('a')}\n`);
    const reading = (async () => {
      for await (const _ of readArchive('-', endless, stop.signal)) stop.abort();
    })();
    await expect(reading).rejects.toBeInstanceOf(CancelledError);
  });
});
