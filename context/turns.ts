// Who works first where there is one thread: what somebody waits for, then everything else. Refuses to interrupt: work pauses of itself.
import { setImmediate as tick } from 'node:timers/promises';

/** How long after urgent work somebody still counts as busy: what was planned is being completed, and more will be typed. */
const busyMs = 1500;

export class Turns {
  private urgent = 0;
  private busyUntilMs = 0;
  private waiting: (() => void)[] = [];

  /** Runs `work` at once; until it ends, `pause` of anything else does not. */
  async first<T>(work: () => Promise<T>): Promise<T> {
    this.urgent += 1;
    try {
      return await work();
    } finally {
      this.urgent -= 1;
      this.busyUntilMs = performance.now() + busyMs;
      if (this.urgent === 0) this.waiting.splice(0).forEach((resume) => resume());
    }
  }

  get isBusy(): boolean {
    return this.urgent > 0 || performance.now() < this.busyUntilMs;
  }

  /** Lets messages come in, then waits until nothing urgent is under way. */
  async pause(): Promise<void> {
    await tick();
    while (this.urgent > 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}
