// Which state of the code results belong to: the last commit that touched what is measured, and a digest of what is not committed yet.
// Refuses to ask git about anything else.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../base/digest.js';

/** What sums results up, long after they were measured. */
const SUMMING = ['bootstrap', 'commit', 'metrics', 'report', 'summary'].map((name) => `:(exclude)evaluation/${name}.ts`);
/** What a result can depend on, its recipe apart: code, and the schema for its defaults; tests, other documents, the generator and results themselves cannot. */
const MEASURED = ['base', 'context', 'engine', 'models', 'evaluation/*.ts', 'docs/kedge.schema.json', ':(exclude)evaluation/generate', ...SUMMING];

/** `release` (a version) names an installed copy, which has no git. */
export function measuredCommit(packageRoot: string, release: string): string {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: packageRoot, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 64 << 20 }).trim();
  try {
    const commit = git('log', '-1', '--format=%h', '--abbrev=12', '--', ...MEASURED);
    if (commit === '') return release;
    const untracked = git('ls-files', '--others', '--exclude-standard', '--', ...MEASURED).split('\n').filter(Boolean);
    const changed = [git('diff', 'HEAD', '--', ...MEASURED), ...untracked.flatMap((path) => [path, readFileSync(join(packageRoot, path))])];
    return changed.length === 1 && changed[0] === '' ? commit : `${commit}-${digestOf(...changed).slice(0, 8)}`;
  } catch {
    return release;
  }
}
