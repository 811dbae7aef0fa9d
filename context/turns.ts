// Who works first where there is one thread: what somebody waits for, then everything else. Refuses to interrupt: work pauses of itself.
import { setImmediate as tick } from 'node:timers/promises';

export class Turns {
  private urgent = 0;
  private waiting: (() => void)[] = [];

  /** Runs `work` at once; until it ends, `pause` of anything else does not. */
  async first<T>(work: () => Promise<T>): Promise<T> {
    this.urgent += 1;
    try {
      return await work();
    } finally {
      this.urgent -= 1;
      if (this.urgent === 0) this.waiting.splice(0).forEach((resume) => resume());
    }
  }

  /** Lets messages come in, then waits until nothing urgent is under way. */
  async pause(): Promise<void> {
    await tick();
    while (this.urgent > 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}
