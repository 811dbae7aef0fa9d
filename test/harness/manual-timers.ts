// Timers and a clock that a test moves. Refuses to wait for real time.
import type { Clock } from '../../base/clock.js';
import type { Timers } from '../../server/scheduler.js';

export class ManualTimers implements Timers {
  pending: { action: () => void; ms: number }[] = [];

  set(action: () => void, ms: number): unknown {
    const timer = { action, ms };
    this.pending.push(timer);
    return timer;
  }

  clear(timer: unknown): void {
    this.pending = this.pending.filter((one) => one !== timer);
  }

  /** All that are pending, whatever they wait for. */
  fire(): void {
    const due = this.pending;
    this.pending = [];
    for (const { action } of due) action();
  }
}

/** `wallMs` is `nowMs` after 1,000,000,000 ms. */
export class ManualClock implements Clock {
  private ms = 0;
  nowMs = (): number => this.ms;
  wallMs = (): number => 1e9 + this.ms;
  pass(ms: number): void {
    this.ms += ms;
  }
}
