import { defineConfig } from 'vitest/config';

// With VITEST_JSON set, the results go there too, for a count over several runs.
const json = process.env['VITEST_JSON'];

// The hermetic suite: no cluster, no kubectl, no network beyond loopback. `npm test` runs exactly this.
export default defineConfig({
  test: {
    ...(json === undefined ? {} : { reporters: ['default', ['json', { outputFile: json }]] }),
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    exclude: ['test/e2e/**', 'test/bench/**', 'test/soak/**'],
    testTimeout: 20_000,
    env: { TZ: 'UTC' },
    coverage: { provider: 'v8', include: ['src/**'], reporter: ['text-summary', 'text'] },
  },
});
