/** What somebody may want to be allowed to do, by command; `all` is everything. */
export const PURPOSES = ['status', 'purge', 'tune', 'verify', 'why', 'report', 'all'] as const;

/** One of {@link PURPOSES}. */
export type Purpose = (typeof PURPOSES)[number];
