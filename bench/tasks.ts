// Crossfile tasks as the benches use them: evenly spread over a tasks file, each with its snapshot, or measured as `kedge eval` does.
// Refuses to say what is compared.
import { packageRoot } from '../base/package.js';
import { Workspace, type Snapshot } from '../context/index.js';
import type { Engine, InstalledModel } from '../engine/index.js';
import { blankTask, evaluate, machine, measuredCommit, preparing, readTasks, recipeByDefault, spread, summarise, windowByDefault, type BlankedTask, type Recipe, type ResultStore, type Summary, type Task } from '../evaluation/index.js';

export interface BenchTask {
  readonly blanked: BlankedTask;
  /** The blanked text is an open buffer over the disk. */
  readonly snapshot: Snapshot;
}

/** `limit` crossfile tasks of a tasks file at even distances. */
const crossfileAmong = (tasksPath: string, limit: number): readonly Task[] => spread(readTasks(tasksPath).filter(({ kind }) => kind === 'crossfile'), limit);

/** The same, each with its snapshot; the repositories lie under `root`. */
export function* crossfileTasks(tasksPath: string, root: string, limit: number): Generator<BenchTask> {
  for (const task of crossfileAmong(tasksPath, limit)) {
    const blanked = blankTask(task, root);
    yield { blanked, snapshot: new Workspace([blanked.repositoryRoot]).apply([{ kind: 'open', path: blanked.path, text: blanked.text }]) };
  }
}

export interface TasksMeasured {
  readonly tasksPath: string;
  readonly root: string;
  readonly limit: number;
  readonly contextTokensMax: number;
  readonly model: Pick<InstalledModel, 'name' | 'sha256'>;
  readonly results: ResultStore;
  readonly onTask: (line: string) => void;
}

/** What a bench compares; sources are the default's and tokens the bench's where it names none. */
export type Way = Pick<Recipe, 'context' | 'policy' | 'rows' | 'stored' | 'state'> & Partial<Pick<Recipe, 'sources' | 'tokens'>>;

/** One run a way over the same tasks; results are kept under the keys of `kedge eval`, so that nothing is measured twice. */
export async function measureWays(engine: Engine, ways: readonly Way[], bitsOnly: boolean, { tasksPath, root, limit, contextTokensMax, model, results, onTask }: TasksMeasured): Promise<Summary['runs']> {
  const runs = await evaluate({
    root, engine, bitsOnly, results,
    tasks: crossfileAmong(tasksPath, limit),
    recipes: ways.map((way) => ({ ...recipeByDefault, model: model.name, tokens: contextTokensMax, ...way, sources: [...(way.sources ?? recipeByDefault.sources)].sort() })),
    commit: measuredCommit(packageRoot, 'bench'),
    modelSha256: model.sha256,
    machine: machine(),
    prepare: preparing((texts) => engine.countTokens(texts), windowByDefault.importTokensMax),
    onProgress: ({ done, total }) => onTask(`${done} of ${total}`),
    onRefused: onTask,
  });
  return summarise(runs, machine()).runs;
}

/** Bits and bytes summed by name, in the order of first mention. */
export class Sums {
  private readonly byName = new Map<string, { bits: number; bytes: number; tokens: number; count: number }>();

  /** `tokens`: whatever the bench wants the mean of beside the bits. */
  add(name: string, bits: number, bytes: number, tokens: number): void {
    const sum = this.byName.get(name) ?? { bits: 0, bytes: 0, tokens: 0, count: 0 };
    this.byName.set(name, { bits: sum.bits + bits, bytes: sum.bytes + bytes, tokens: sum.tokens + tokens, count: sum.count + 1 });
  }

  /** A line a name; `unit` says what the mean is of. */
  text(unit: string): string {
    return [...this.byName].map(([name, { bits, bytes, tokens, count }]) => `${name.padEnd(36)}${(bits / bytes).toFixed(4)} bits/byte  ${Math.round(tokens / count)} ${unit}  ${count} tasks`).join('\n');
  }
}
