import { defineConfig } from 'vitest/config';

// Each mutant runs the tests that reach it, in a copy of the tree: few random inputs, and always the same ones.
export default defineConfig({
  test: {
    include: ['test/{eviction,kubelet}/**/*.test.ts'],
    testTimeout: 60_000,
    setupFiles: ['test/mutation/setup.ts'],
    env: { TZ: 'UTC', EVICT_FUZZ: '0.02' },
  },
});
