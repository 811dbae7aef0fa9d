// How the tests run: one file at a time, since several load a model. Refuses to retry: a test that fails now and then is broken.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: './test/harness/run-folder.ts',
    testTimeout: 120_000,
    hookTimeout: 300_000,
    fileParallelism: false,
    pool: 'forks',
    reporters: ['default', './test/harness/reporter.ts'],
  },
});
