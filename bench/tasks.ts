// Crossfile tasks as the benches use them: evenly spread over a tasks file, each with its snapshot. Refuses to measure.
import { Workspace, type Snapshot } from '../context/index.js';
import { blankTask, readTasks, type BlankedTask, type Task } from '../evaluation/index.js';

/** The daemon's defaults. */
export const localWindow = { prefixTokensMax: 256, suffixTokensMax: 32, importTokensMax: 256 };

export interface BenchTask {
  readonly blanked: BlankedTask;
  /** The blanked text is an open buffer over the disk. */
  readonly snapshot: Snapshot;
}

/** `limit` crossfile tasks of a tasks file at even distances. */
export function crossfileAmong(tasksPath: string, limit: number): Task[] {
  const crossfile = readTasks(tasksPath).filter(({ kind }) => kind === 'crossfile');
  const count = Math.min(limit, crossfile.length);
  return Array.from({ length: count }, (_, i) => crossfile[Math.floor((i * crossfile.length) / count)]);
}

/** The same, each with its snapshot; the repositories lie under `root`. */
export function* crossfileTasks(tasksPath: string, root: string, limit: number): Generator<BenchTask> {
  for (const task of crossfileAmong(tasksPath, limit)) {
    const blanked = blankTask(task, root);
    yield { blanked, snapshot: new Workspace([blanked.repositoryRoot]).apply([{ kind: 'open', path: blanked.path, text: blanked.text }]) };
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
