// Which state of the code results belong to: the last commit that touched what is measured, and a digest of what is not committed yet.
// Refuses to ask git about anything else.
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../base/digest.js';

/** What sums results up, long after they were measured. */
const SUMMING = ['bootstrap', 'commit', 'metrics', 'report', 'summary'].map((name) => `:(exclude)evaluation/${name}.ts`);
/** What a result can depend on, its recipe apart: code, and the schema for its defaults; tests, other documents, the generator and results themselves cannot. */
const MEASURED = ['base', 'context', 'engine', 'models', 'evaluation/*.ts', 'docs/kedge.schema.json', ':(exclude)evaluation/generate', ...SUMMING];

/** `release` (a version) names an installed copy, which has no git; once there is a commit, nothing falls back to it. */
export function measuredCommit(packageRoot: string, release: string): string {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: packageRoot, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 64 << 20 }).trim();
  let commit: string;
  try {
    commit = git('log', '-1', '--format=%h', '--abbrev=12', '--', ...MEASURED);
  } catch {
    return release;
  }
  if (commit === '') return release;
  const untracked = git('ls-files', '-z', '--others', '--exclude-standard', '--', ...MEASURED).split('\0').filter(Boolean);
  const changed = [git('diff', 'HEAD', '--', ...MEASURED), ...untracked.flatMap((path) => [path, contentOf(join(packageRoot, path))])];
  return changed.length === 1 && changed[0] === '' ? commit : `${commit}-${digestOf(...changed).slice(0, 8)}`;
}

/** Of links to folders and repositories within the checkout, which git lists as they are, nothing but the name counts. */
const contentOf = (path: string): Uint8Array | string => (statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path) : '');
