import { defineConfig } from 'vitest/config';

// `npm run screenshots`: the program draws its own screens into docs/screenshots.
export default defineConfig({
  test: { include: ['test/screenshots/shoot.ts'], testTimeout: 60_000, env: { TZ: 'UTC' } },
});
