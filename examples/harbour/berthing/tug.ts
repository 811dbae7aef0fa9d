// Tugs and the pull that a ship needs of them.
import { crosswind, type WindReport } from './weather.js';
import type { Vessel } from './vessel.js';

export interface Tug {
  readonly name: string;
  readonly bollardTonnes: number;
}

export class TugFleet {
  constructor(
    private readonly idle: Tug[],
    private readonly quayBearing: number,
  ) {}

  /** Tonnes of bollard pull that hold a ship against the wind. */
  tonnesToHold(vessel: Vessel, wind: WindReport): number {
    const speed = crosswind(wind, this.quayBearing);
    return (vessel.sailArea * speed * speed) / 18_000;
  }

  /** The fewest tugs that together pull so much. */
  musterTugs(tonnes: number): Tug[] {
    const chosen: Tug[] = [];
    for (const tug of [...this.idle].sort((a, b) => b.bollardTonnes - a.bollardTonnes)) {
      if (chosen.reduce((sum, each) => sum + each.bollardTonnes, 0) >= tonnes) break;
      chosen.push(tug);
    }
    return chosen;
  }
}
