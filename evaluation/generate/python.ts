// Finds crossfile candidates in Python by running the helper beside this file, which uses Python's own `ast`.
// Refuses to run anything of the repository: its files are parsed, never imported.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../base/errors.js';
import type { Candidate } from './choose.js';

/** `packageRoot`: where Kedge itself is installed. */
export async function pythonCandidates(root: string, paths: readonly string[], packageRoot: string, signal?: AbortSignal): Promise<Candidate[]> {
  const helper = join(packageRoot, 'evaluation/generate/python_tasks.py');
  if (!existsSync(helper)) throw new UserError(`${helper} is missing: tasks are generated from a checkout of Kedge`);
  const child = spawn('python3', ['-I', helper], { signal, stdio: ['pipe', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  child.stdin.on('error', () => {}); // A helper that died early is reported by its exit code.
  child.stdin.end(JSON.stringify({ root, files: paths }));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  }).catch((error: Error) => {
    if (signal?.aborted) throw signal.reason;
    throw new UserError(`python3 could not be run (${error.message}): it is needed to make tasks from Python sources`);
  });
  if (code !== 0) throw new UserError(`python3 failed on ${root}: ${err.trim().split('\n').at(-1) ?? `exit code ${code}`}`);
  return JSON.parse(out) as Candidate[];
}
