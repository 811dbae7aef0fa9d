// Folders of tests' own. They lie in one folder a run, which goes when the run ends, however its processes ended. Refuses to fill them.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A new empty folder's real path. */
export const temporaryFolder = (name = 'test'): string => realpathSync(mkdtempSync(join(tmpdir(), `kedge-${name}-`)));

/** The same, going with the test. */
export function testDir(name: string): string {
  const dir = temporaryFolder(name);
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
