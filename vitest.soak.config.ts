import { defineConfig } from 'vitest/config';

// With VITEST_JSON set, the results go there too, for a count over several runs.
const json = process.env['VITEST_JSON'];

// Long and hermetic: every fault at every step, a hundred thousand times. CI runs it, `npm test` does not.
export default defineConfig({
  test: {
    ...(json === undefined ? {} : { reporters: ['default', ['json', { outputFile: json }]] }),
    include: ['test/soak/**/*.test.ts', 'test/hostile/**/*.test.ts'],
    // A loaded machine of a test farm misses a time-out now and then: there, a second attempt, which the report names.
    retry: json === undefined ? 0 : 1,
    testTimeout: 600_000,
    // The hostile inputs are as many times more than in `npm test`.
    env: { TZ: 'UTC', EVICT_FUZZ: process.env['EVICT_FUZZ'] ?? '5' },
  },
});
