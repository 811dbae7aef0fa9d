// Crossfile tasks as the benches use them: evenly spread over a tasks file, each with its snapshot. Refuses to measure.
import { Workspace, type Snapshot } from '../context/index.js';
import { blankTask, readTasks, type BlankedTask } from '../evaluation/index.js';

export interface BenchTask {
  readonly blanked: BlankedTask;
  /** The blanked text is an open buffer over the disk. */
  readonly snapshot: Snapshot;
}

/** `limit` crossfile tasks of `tasksPath` at even distances; the repositories lie under `root`. */
export function* crossfileTasks(tasksPath: string, root: string, limit: number): Generator<BenchTask> {
  const crossfile = readTasks(tasksPath).filter(({ kind }) => kind === 'crossfile');
  const count = Math.min(limit, crossfile.length);
  // Tasks stand together by repository: what was parsed for one serves the next.
  let workspace: { readonly root: string; readonly files: Workspace } | undefined;
  for (let i = 0; i < count; i++) {
    const blanked = blankTask(crossfile[Math.floor((i * crossfile.length) / count)], root);
    const { path, text, repositoryRoot } = blanked;
    if (workspace?.root !== repositoryRoot) workspace = { root: repositoryRoot, files: new Workspace([repositoryRoot]) };
    yield { blanked, snapshot: workspace.files.apply([{ kind: 'open', path, text }]) };
    workspace.files.apply([{ kind: 'close', path }]);
  }
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
