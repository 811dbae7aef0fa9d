// Who runs next: one run at a time, completions before reading. Refuses to interrupt a run.
import type { Priority } from './types.js';

const ORDER: readonly Priority[] = ['completion', 'reading', 'background'];

export class Turns {
  private readonly waiting: Record<Priority, (() => void)[]> = { completion: [], reading: [], background: [] };
  private busy = false;

  /** Whether somebody with a higher priority waits. */
  isWanted(above: Priority): boolean {
    return ORDER.slice(0, ORDER.indexOf(above)).some((priority) => this.waiting[priority].length > 0);
  }

  /** Runs `work` when its turn has come; rejects with the signal's reason when that is aborted before. */
  async take<T>(priority: Priority, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    if (this.busy) await new Promise<void>((resolve) => this.waiting[priority].push(resolve));
    this.busy = true;
    try {
      signal?.throwIfAborted();
      return await work();
    } finally {
      const queue = ORDER.map((each) => this.waiting[each]).find((each) => each.length > 0);
      if (queue) queue.shift()!();
      else this.busy = false;
    }
  }
}
