// One temporary folder a test run: what tests and the programs that they start leave behind goes with it. Refuses to touch any other.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Called once by vitest before all tests, in the process that starts the others; what it returns, after them. */
export default function runFolder(): () => void {
  const dir = mkdtempSync(join(tmpdir(), 'kedge-run-'));
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = dir;
  // Again where a daemon that is still ending writes into it.
  return () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
}
