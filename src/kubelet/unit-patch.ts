import { type Parsed, parsed, refused } from '../eviction/parsed.ts';
import type { WrittenSettings } from '../eviction/settings.ts';
import { applyEdits, type Edit, lineBreak } from './edit.ts';
import { EVICTION_FLAGS, type EvictionFlag, findFlags, flagWords, settingsOfFlags } from './flags.ts';
import type { MappedText } from './mapped-text.ts';
import { splitWords } from './systemd-words.ts';
import { commandWords, readService, refersTo, type Service, type UnitVariable } from './unit.ts';

/** A unit file with other settings, and what its owner should know. */
export interface UnitPatch {
  readonly text: string;
  readonly notes: readonly string[];
}

/** The variable that carries the thresholds where a file has no place for them yet. */
const OWN_VARIABLE = 'KUBELET_EVICTION_ARGS';
const EXTRA_VARIABLE = 'KUBELET_EXTRA_ARGS';

/** The eviction flags that a unit file sets: on its command line, or, without one, in any of its variables. */
export function settingsOfUnit(text: string): Parsed<WrittenSettings> {
  const service = readService(text);
  const problem = unreadable(service);
  return problem === null ? settingsOfFlags(usesIn(service)) : refused(problem);
}

function unreadable(service: Service): string | null {
  const broken = service.broken[0];
  if (broken !== undefined) return 'an Environment= line has a quote that does not close, or an unknown escape';
  if (service.exec === null) return null;
  const words = commandWords(service);
  if (words === null) return 'ExecStart= has a quote that does not close, or an unknown escape';
  return runsKubelet(words.map(word => word.text))
    ? null
    : 'ExecStart= does not run the kubelet itself: change what it starts by hand';
}

/** Whether a command line starts a kubelet, not a shell or a wrapper that takes flags of its own. */
function runsKubelet(words: readonly string[]): boolean {
  const program = (words[0] ?? '').replace(/^[@\-:+!|]+/, '');
  const name = program.slice(program.lastIndexOf('/') + 1);
  return name.startsWith('kubelet') || (name.startsWith('hyperkube') && words[1] === 'kubelet');
}

function usesIn(service: Service) {
  const words = commandWords(service);
  if (words !== null) return findFlags(words);
  return [...service.variables.values()].flatMap(({ value }) => findFlags(splitWords(value, { escapes: false }) ?? []));
}

/**
 * Writes settings into a unit file or drop-in: an eviction flag that is there is replaced where it stands; otherwise the flags
 * become one new variable beside the others, referred to at the end of `ExecStart=`. Percent signs are doubled. Every other
 * byte stays; the result is read again and compared.
 */
export function patchUnit(text: string, settings: WrittenSettings): Parsed<UnitPatch> {
  const service = readService(text);
  const problem = unreadable(service);
  if (problem !== null) return refused(problem);
  const words = flagWords(settings);
  if (!words.ok) return words;
  const editor = new UnitEditor(text, service);
  for (const word of words.value) editor.set(word);
  const result = editor.finish();
  if (!result.ok) return result;
  return isFaithful(service, result.value, settings)
    ? parsed({ text: result.value, notes: editor.notes })
    : refused('the unit is written in a way that cannot be changed in place safely');
}

function isFaithful(before: Service, result: string, settings: WrittenSettings): boolean {
  const after = settingsOfUnit(result);
  if (!after.ok || !carries(after.value, settings)) return false;
  const service = readService(result);
  const [was, is] = [commandWords(before), commandWords(service)].map(words => withoutEviction(words ?? []));
  if (JSON.stringify(was) !== JSON.stringify(is)) return false;
  const added = new Set([OWN_VARIABLE, EXTRA_VARIABLE]);
  const other = (s: Service): string =>
    JSON.stringify(
      [...s.variables]
        .filter(([name]) => !added.has(name))
        .map(([name, { value }]) => [name, withoutEviction(splitWords(value, { escapes: false }) ?? [])]),
    );
  return other(before) === other(service);
}

/** Whether what was read contains what was to be written. */
export function carries(read: WrittenSettings, wanted: WrittenSettings): boolean {
  return Object.entries(wanted).every(([field, value]) => {
    const found = read[field as keyof WrittenSettings];
    if (!(value instanceof Map)) return found === value;
    return found instanceof Map && found.size === value.size && [...value].every(([k, v]) => found.get(k) === v);
  });
}

function withoutEviction(words: readonly MappedText[]): readonly string[] {
  const texts = words.map(word => word.text);
  const isFlag = (text: string): boolean => EVICTION_FLAGS.some(flag => text === `--${flag}`);
  return texts.filter((text, i) => {
    if (EVICTION_FLAGS.some(flag => text.startsWith(`--${flag}=`)) || isFlag(text)) return false;
    return !isFlag(texts[i - 1] ?? '');
  });
}

class UnitEditor {
  readonly notes: string[] = [];
  readonly #text: string;
  readonly #service: Service;
  readonly #edits: Edit[] = [];
  readonly #fresh: string[] = [];

  constructor(text: string, service: Service) {
    this.#text = text;
    this.#service = service;
  }

  /** Sets one `--flag=value`. */
  set(word: string): void {
    const [name, value] = splitFlag(word);
    const uses = usesIn(this.#service).filter(use => use.flag === name);
    const last = uses.at(-1);
    if (last === undefined) {
      this.#fresh.push(word);
      return;
    }
    // Earlier uses only add entries that the complete map has, too; the last use decides.
    const { start, end } = last.valueRange;
    const text = doubled(value);
    if (this.#text.slice(start, end) !== text) this.#edits.push({ start, end, text });
  }

  finish(): Parsed<string> {
    if (this.#fresh.length > 0) {
      const problem = this.#addVariable(this.#fresh.map(doubled).join(' '));
      if (problem !== null) return refused(problem);
    }
    return parsed(applyEdits(this.#text, this.#edits));
  }

  #addVariable(flags: string): string | null {
    const { variables, exec } = this.#service;
    const name = this.#chooseVariable();
    const existing = variables.get(name);
    if (existing === undefined) {
      this.#edits.push(this.#newAssignment(`Environment="${name}=${flags}"`));
    } else {
      const problem = this.#append(existing, flags);
      if (problem !== null) return problem;
    }
    if (exec === null) {
      this.notes.push(`this file has no ExecStart=: the flags take effect only where the unit's command uses $${name}`);
    } else if (!refersTo(this.#service, name)) {
      const end = exec.at[exec.text.length] ?? 0;
      this.#edits.push({ start: end, end, text: ` $${name}` });
    }
    if (name === EXTRA_VARIABLE && this.#service.environmentFiles.length > 0) {
      this.notes.push(`an EnvironmentFile= that sets ${name} wins over this Environment= line`);
    }
    return null;
  }

  /** Adds flags to the value of a variable. An unquoted value ends at a blank, so it gets quotes first. */
  #append(variable: UnitVariable, flags: string): string | null {
    const { start, end } = variable.range;
    const raw = this.#text.slice(start, end);
    const text = variable.value.text === '' ? flags : ` ${flags}`;
    const closing = this.#text[end];
    if (closing === '"' || closing === "'") {
      this.#edits.push({ start: end, end, text });
      return null;
    }
    if (/["'\\]/.test(raw))
      return `Environment= of ${variable.name} is quoted in part: quote the whole assignment first`;
    this.#edits.push({ start, end: start, text: '"' }, { start: end, end, text: `${text}"` });
    return null;
  }

  #chooseVariable(): string {
    const { variables, exec } = this.#service;
    if (variables.has(OWN_VARIABLE)) return OWN_VARIABLE;
    return exec === null ? EXTRA_VARIABLE : OWN_VARIABLE;
  }

  /** On a line of its own behind the last `Environment=`, else at the top of `[Service]`, else in a new section. */
  #newAssignment(line: string): Edit {
    const brk = lineBreak(this.#text);
    const own = this.#service.entries.filter(e => e.section === 'Service');
    const last = own.findLast(e => e.key === 'Environment');
    const command = own.findLast(e => e.key === 'ExecStart');
    if (last !== undefined) {
      const end = last.value.at[last.value.text.length] ?? 0;
      return this.#lineAfter(end, line, brk);
    }
    const first = command ?? own[0];
    if (first !== undefined) {
      const reset = own.find(e => e.key === 'ExecStart') ?? first;
      return { start: reset.start, end: reset.start, text: `${line}${brk}` };
    }
    const header = /^[ \t]*\[Service\][ \t]*\r?$/m.exec(this.#text);
    if (header !== null) return this.#lineAfter(header.index + header[0].trimEnd().length, line, brk);
    const gap = this.#text === '' || this.#text.endsWith('\n') ? '' : brk;
    return { start: this.#text.length, end: this.#text.length, text: `${gap}[Service]${brk}${line}${brk}` };
  }

  #lineAfter(offset: number, line: string, brk: string): Edit {
    const lf = this.#text.indexOf('\n', offset);
    if (lf < 0) return { start: this.#text.length, end: this.#text.length, text: `${brk}${line}` };
    return { start: lf + 1, end: lf + 1, text: `${line}${brk}` };
  }
}

function splitFlag(word: string): readonly [EvictionFlag, string] {
  const equals = word.indexOf('=');
  const name = EVICTION_FLAGS.find(flag => word.slice(2, equals) === flag) ?? 'eviction-hard';
  return [name, word.slice(equals + 1)];
}

/** A percent sign begins a specifier in a unit file; two of them are one. */
export function doubled(text: string): string {
  return text.replaceAll('%', '%%');
}
