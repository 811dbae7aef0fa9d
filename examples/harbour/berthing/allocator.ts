// Which berth is promised to whom, and when. Holds lapse unless they are confirmed.
import type { Berth } from './berth.js';
import { TimeWindow } from './timeWindow.js';

export interface Hold {
  readonly berth: Berth;
  readonly stay: TimeWindow;
  confirmed: boolean;
}

const TURNAROUND_MINUTES = 45;

export class BerthAllocator {
  private readonly holds: Hold[] = [];

  /** Promises a berth for a stay; undefined when somebody else lies there. */
  reserveWindow(berth: Berth, stay: TimeWindow): Hold | undefined {
    const wanted = stay.withSlack(TURNAROUND_MINUTES);
    if (this.holds.some((hold) => hold.berth === berth && hold.stay.collidesWith(wanted))) return undefined;
    const hold = { berth, stay, confirmed: false };
    this.holds.push(hold);
    return hold;
  }

  /** Gives the berth back. */
  surrender(hold: Hold): void {
    const index = this.holds.indexOf(hold);
    if (index >= 0) this.holds.splice(index, 1);
  }
}
