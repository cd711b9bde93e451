import { defineConfig } from 'vitest/config';

// With VITEST_JSON set, the results go there too, for a count over several runs.
const json = process.env['VITEST_JSON'];

// Against a real cluster, through the built plugin: one file at a time, for they share its one node.
export default defineConfig({
  test: {
    ...(json === undefined ? {} : { reporters: ['default', ['json', { outputFile: json }]] }),
    include: ['test/e2e/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 400_000,
    // A real kubelet on a busy machine misses a wait now and then; the report names every test that needed its second attempt.
    retry: 1,
    env: { TZ: 'UTC' },
  },
});
