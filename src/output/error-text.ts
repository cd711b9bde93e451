import { clean } from './clean.ts';

/** The longest sentence that is printed: a server may answer with a megabyte. */
const MOST = 2000;

/** An error or a warning as it stands on stderr: one line, and the hint on a second one. The texts may be untrusted. */
export function errorText(
  error: { readonly message: string; readonly hint?: string | undefined },
  severity: 'error' | 'warning' = 'error',
): string {
  const hint =
    error.hint === undefined || error.hint === ''
      ? ''
      : `${severity === 'error' ? '  ' : '    '}try: ${line(error.hint)}\n`;
  return `${severity}: ${line(error.message)}\n${hint}`;
}

function line(text: string): string {
  const cleaned = clean(text).trim();
  return cleaned.length > MOST ? `${cleaned.slice(0, MOST)}…` : cleaned;
}
