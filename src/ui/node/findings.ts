import type { Finding, Severity } from '../../eviction/findings.ts';
import type { Line, Tone } from '../line.ts';
import { span } from '../line.ts';
import { wrap } from '../text.ts';
import type { Theme } from '../theme.ts';

const TONES: Readonly<Record<Severity, Tone>> = { error: 'bad', warning: 'warning', info: 'info' };

/** Findings in words, each with what to do. */
export function findingLines(findings: readonly Finding[], width: number, theme: Theme): readonly Line[] {
  return findings.flatMap(finding => {
    const head = wrap(`${finding.code}: ${finding.message}`, width - 10);
    const remedy = wrap(finding.remedy, width - 12);
    return [
      ...head.map(
        (text, i): Line => [
          span(i === 0 ? finding.severity.padEnd(9) : ' '.repeat(9), TONES[finding.severity]),
          span(text),
        ],
      ),
      ...remedy.map(
        (text, i): Line => [
          span(
            `${' '.repeat(9)}${i === 0 ? theme.glyphs.arrow : ' '.repeat(theme.glyphs.arrow.length)} ${text}`,
            'faint',
          ),
        ],
      ),
    ];
  });
}
