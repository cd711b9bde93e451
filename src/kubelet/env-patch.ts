import { type Parsed, parsed, refused } from '../eviction/parsed.ts';
import type { WrittenSettings } from '../eviction/settings.ts';
import { applyEdits, type Edit, lineBreak } from './edit.ts';
import { type EnvEntry, readEnvFile } from './env-file.ts';
import { findFlags, flagWords, settingsOfFlags } from './flags.ts';
import { splitWords } from './systemd-words.ts';
import { carries } from './unit-patch.ts';

const EXTRA_VARIABLE = 'KUBELET_EXTRA_ARGS';

/** The assignments in effect: of several of one name the last. */
function inEffect(text: string): readonly EnvEntry[] {
  return [...new Map(readEnvFile(text).map(entry => [entry.name, entry])).values()];
}

function usesIn(text: string) {
  return inEffect(text).flatMap(({ value }) => findFlags(splitWords(value, { escapes: false }) ?? []));
}

/** The eviction flags that the variables of an env file hold. */
export function settingsOfEnvFile(text: string): Parsed<WrittenSettings> {
  return settingsOfFlags(usesIn(text));
}

/**
 * Writes settings into an env file: a flag that is there is replaced where it stands, otherwise it is added to
 * `KUBELET_EXTRA_ARGS`. Percent signs stay single: an env file knows no specifiers.
 */
export function patchEnvFile(text: string, settings: WrittenSettings): Parsed<string> {
  const words = flagWords(settings);
  if (!words.ok) return words;
  const uses = usesIn(text);
  const edits: Edit[] = [];
  const fresh: string[] = [];
  for (const word of words.value) {
    const equals = word.indexOf('=');
    const last = uses.findLast(use => `--${use.flag}` === word.slice(0, equals));
    const value = word.slice(equals + 1);
    if (last === undefined) fresh.push(word);
    else if (last.value !== value) edits.push({ ...last.valueRange, text: value });
  }
  if (fresh.length > 0) edits.push(addition(text, fresh.join(' ')));
  const result = applyEdits(text, edits);
  return isFaithful(text, result, settings)
    ? parsed(result)
    : refused('the env file is written in a way that cannot be changed in place safely');
}

function addition(text: string, flags: string): Edit {
  const entry = inEffect(text).find(e => e.name === EXTRA_VARIABLE);
  if (entry !== undefined) {
    const gap = entry.value.text === '' ? '' : ' ';
    return { start: entry.appendAt, end: entry.appendAt, text: `${gap}${flags}` };
  }
  const brk = lineBreak(text);
  const gap = text === '' || text.endsWith('\n') ? '' : brk;
  return { start: text.length, end: text.length, text: `${gap}${EXTRA_VARIABLE}=${flags}${brk}` };
}

function isFaithful(before: string, result: string, settings: WrittenSettings): boolean {
  const read = settingsOfEnvFile(result);
  if (!read.ok || !carries(read.value, settings)) return false;
  const rest = (text: string): string =>
    JSON.stringify(
      inEffect(text)
        .filter(entry => entry.name !== EXTRA_VARIABLE)
        .map(({ name, value }) => [name, value.text.replaceAll(/--eviction-[a-z-]+[= ]\S*/g, '')]),
    );
  return rest(before) === rest(result);
}
