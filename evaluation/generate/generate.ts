// `kedge eval generate`: lays the pinned packages out and writes their tasks, held-out and tuning repositories apart.
// Refuses to use our own parsing or resolution: planRecall would measure itself.
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writeFileAtomically } from '../../base/files.js';
import type { OnProgress } from '../../base/progress.js';
import { countLines, sourceFiles } from '../copied.js';
import type { Task } from '../tasks.js';
import { chooseTasks } from './choose.js';
import { layOut } from './layout.js';
import { pythonCandidates } from './python.js';
import { fetchPackage, readSources, type SourcePackage } from './sources.js';

export interface GenerateOptions {
  readonly sourcesPath: string;
  /** Gets `repositories/` (the root that `kedge eval` is given), `held-out.jsonl`, `tuning.jsonl` and `downloads/`. */
  readonly outDir: string;
  /** Tasks of each kind for a repository. */
  readonly limit: number;
  readonly seed: number;
  /** Where Kedge itself is installed. */
  readonly packageRoot: string;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal;
}

export interface GenerateReport {
  readonly root: string;
  readonly files: readonly { readonly path: string; readonly crossfile: number; readonly line: number; readonly repositories: number }[];
}

export async function generate(options: GenerateOptions): Promise<GenerateReport> {
  const sources = readSources(options.sourcesPath);
  const out = resolve(options.outDir);
  const root = join(out, 'repositories');
  mkdirSync(root, { recursive: true });
  const tasks = new Map<SourcePackage, Task[]>();
  for (const [index, source] of sources.entries()) {
    options.signal?.throwIfAborted();
    options.onProgress({ label: 'tasks from packages', done: index, total: sources.length, unit: 'packages' });
    const repositoryRoot = join(root, source.repository);
    await layOut(source, await fetchPackage(source, join(out, 'downloads'), options.signal), repositoryRoot);
    tasks.set(source, await tasksOf(repositoryRoot, source.repository, options));
  }
  options.onProgress({ label: 'tasks from packages', done: sources.length, total: sources.length, unit: 'packages' });
  const files = [true, false].map((heldOut) => {
    const path = join(out, heldOut ? 'held-out.jsonl' : 'tuning.jsonl');
    const chosen = [...tasks].filter(([source]) => source.heldOut === heldOut).flatMap(([, list]) => list);
    writeFileAtomically(path, chosen.map((task) => `${JSON.stringify(task)}\n`).join(''), 0o644);
    const count = (kind: string): number => chosen.filter((task) => task.kind === kind).length;
    return { path, crossfile: count('crossfile'), line: count('line'), repositories: new Set(chosen.map((task) => task.file.split('/')[0])).size };
  });
  return { root, files };
}

/** Tasks of one repository that is laid out already. */
async function tasksOf(repositoryRoot: string, repository: string, options: Pick<GenerateOptions, 'limit' | 'seed' | 'packageRoot' | 'signal'>): Promise<Task[]> {
  const paths = sourceFiles(repositoryRoot);
  const scripts = paths.filter((path) => /\.[mc]?[jt]sx?$/.test(path));
  const python = paths.filter((path) => path.endsWith('.py'));
  const candidates = [
    // The compiler is 9 MB of script: loaded only where there is something for it.
    ...(scripts.length > 0 ? (await import('./typescript.js')).typescriptCandidates(repositoryRoot, scripts) : []),
    ...(python.length > 0 ? await pythonCandidates(repositoryRoot, python, options.packageRoot, options.signal) : []),
  ];
  const texts = new Map(paths.map((path) => [path, readFileSync(join(repositoryRoot, path), 'utf8')]));
  return chooseTasks(candidates, texts, countLines(repositoryRoot), { repository, limit: options.limit, seed: options.seed });
}
