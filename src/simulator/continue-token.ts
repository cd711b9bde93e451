import { isObject } from './json.ts';
import { badRequest } from './status.ts';

/** Where a list goes on. */
export interface ContinueToken {
  /** The revision of the first page; -1 to go on with whatever is there now. */
  readonly revision: number;
  /** Objects whose key, relative to the list's own path, is at or behind this come next. */
  readonly start: string;
}

/** The token as clients get it: JSON in URL-safe base64 without padding. */
export function encodeContinue(token: ContinueToken): string {
  const text = JSON.stringify({ v: 'meta.k8s.io/v1', rv: token.revision, start: token.start });
  return Buffer.from(text).toString('base64url');
}

/** @throws ApiFailure 400, in the words of Go's decoders */
export function decodeContinue(text: string): ContinueToken {
  const illegal = /[^A-Za-z0-9_-]/.exec(text.replace(/[\r\n]/g, ''));
  if (illegal !== null) throw notValid(`illegal base64 data at input byte ${illegal.index}`);
  const decoded = Buffer.from(text, 'base64url').toString('latin1');
  let parsed: unknown;
  try {
    parsed = JSON.parse(decoded);
  } catch {
    throw notValid(`invalid character ${goQuote(decoded.trimStart())} looking for beginning of value`);
  }
  if (!isObject(parsed) || parsed['v'] !== 'meta.k8s.io/v1')
    throw notValid('server does not recognize this encoded version');
  const { rv: revision, start } = parsed;
  if (typeof revision !== 'number' || revision === 0) throw notValid('incorrect encoded start resourceVersion');
  if (typeof start !== 'string' || start === '') throw notValid('encoded start key empty');
  return { revision, start: start.replace(/^\//, '') };
}

function notValid(why: string) {
  return badRequest(`invalid continue token: continue key is not valid: ${why}`);
}

function goQuote(text: string): string {
  const character = text.charAt(0);
  const code = character.charCodeAt(0);
  if (code >= 0x20 && code < 0x7f) return character === "'" ? String.raw`'\''` : `'${character}'`;
  return `'\\u${code.toString(16).padStart(4, '0')}'`;
}
