/** What evictions are grouped by, in the order of the keys. */
export const SECTIONS = ['causes', 'owners', 'nodes', 'namespaces'] as const;

/** One of {@link SECTIONS}. */
export type Section = (typeof SECTIONS)[number];

/** What a key means in the report. */
export type ReportIntent = Section | 'next-section' | 'previous-section' | 'again' | 'command-line' | 'leave';

/** What the user has done in the report. */
export interface ReportUi {
  readonly section: Section;
}

/** A new state, and what else is to be done: `again` reads everything anew. */
export interface ReportStep {
  readonly ui: ReportUi;
  readonly effect: 'again' | 'leave' | null;
}

/** What an intent does. */
export function stepReport(ui: ReportUi, intent: ReportIntent): ReportStep {
  switch (intent) {
    case 'next-section':
    case 'previous-section': {
      const by = intent === 'next-section' ? 1 : SECTIONS.length - 1;
      const section = SECTIONS[(SECTIONS.indexOf(ui.section) + by) % SECTIONS.length] ?? ui.section;
      return { ui: { section }, effect: null };
    }
    case 'again':
    case 'leave':
      return { ui, effect: intent };
    case 'command-line':
      // The screen's own.
      return { ui, effect: null };
    default:
      return { ui: { section: intent }, effect: null };
  }
}
