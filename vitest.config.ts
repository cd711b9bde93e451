import { defineConfig } from 'vitest/config';

// With VITEST_JSON set, the results go there too, for a count over several runs.
const json = process.env['VITEST_JSON'];

// The hermetic suite: no cluster, no kubectl, no network beyond loopback. `npm test` runs exactly this.
export default defineConfig({
  test: {
    ...(json === undefined ? {} : { reporters: ['default', ['json', { outputFile: json }]] }),
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    exclude: ['test/e2e/**', 'test/bench/**', 'test/soak/**'],
    // A loaded machine of a test farm misses a time-out now and then: there, a second attempt, which the report names.
    retry: json === undefined ? 0 : 1,
    testTimeout: 20_000,
    env: { TZ: 'UTC' },
    coverage: {
      // CI has the sum from the run it makes anyhow; `npm run coverage` prints every file.
      enabled: process.env['EVICT_COVERAGE'] === '1',
      provider: 'v8',
      include: ['src/**'],
      reporter: process.env['EVICT_COVERAGE'] === '1' ? ['text-summary'] : ['text-summary', 'text'],
    },
  },
});
