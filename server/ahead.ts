// Whose plans are read while nobody asks for anything, by need: the other open files, then the files that import an open one; then nothing.
// Refuses to plan and to read: it says which file is next.
import type { Repository } from '../context/index.js';

/** So many importers' plans at most: what stands nearest to the work at hand, not the repository. */
export const importersMax = 8;

export class Ahead {
  /** Absolute paths of files whose plan is read as things stand. */
  private readonly done = new Set<string>();

  /** `outlined`: resolves when there is a chance that importers are known, or at once when aborted. */
  constructor(
    private readonly repository: Pick<Repository, 'importersOf'>,
    private readonly outlined: (signal: AbortSignal) => Promise<void>,
  ) {}

  wasRead(path: string): void {
    this.done.add(path);
  }

  /** The file's text may be another now; without a path, any file's. */
  changed(path?: string): void {
    if (path === undefined) this.done.clear();
    else this.done.delete(path);
  }

  /** Paths one after another, each when it is asked for; `open`: the open files, the most wanted first. */
  async *next(open: readonly string[], signal: AbortSignal): AsyncGenerator<string> {
    yield* open.filter((path) => !this.done.has(path));
    await this.outlined(signal);
    if (signal.aborted) return;
    const importers = new Set<string>();
    for (const path of open) {
      for (const importer of await this.repository.importersOf(path)) if (!open.includes(importer)) importers.add(importer);
      if (importers.size >= importersMax) break;
    }
    for (const path of [...importers].slice(0, importersMax)) if (!this.done.has(path)) yield path;
  }
}
