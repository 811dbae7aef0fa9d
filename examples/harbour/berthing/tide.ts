// Height of the water through the day, and what it leaves above the lock's sill.
import type { Metres } from './units.js';

export interface Sill {
  readonly name: string;
  /** Below chart datum. */
  readonly depth: Metres;
}

const TIDAL_PERIOD_HOURS = 12.42;

export class TideTable {
  constructor(
    private readonly highWater: Date,
    private readonly meanLevel: Metres,
    private readonly amplitude: Metres,
  ) {}

  /** Water over a sill at a moment: what a keel has to stay within. */
  waterOverSill(sill: Sill, at: Date): Metres {
    const hours = (at.getTime() - this.highWater.getTime()) / 3_600_000;
    const level = this.meanLevel + this.amplitude * Math.cos((2 * Math.PI * hours) / TIDAL_PERIOD_HOURS);
    return sill.depth + level;
  }
}
