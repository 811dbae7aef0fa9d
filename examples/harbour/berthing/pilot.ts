// Pilots, their licences and whose turn it is.
import type { Metres } from './units.js';

export interface Pilot {
  readonly badge: string;
  readonly licensedLength: Metres;
  restsUntil: Date;
}

const REST_HOURS = 8;

export class PilotRoster {
  constructor(private readonly pilots: Pilot[]) {}

  /** The pilot who has rested longest and may guide a ship of this length. */
  pilotOnWatch(length: Metres, at: Date): Pilot | undefined {
    return this.pilots
      .filter((pilot) => pilot.licensedLength >= length && pilot.restsUntil <= at)
      .sort((a, b) => a.restsUntil.getTime() - b.restsUntil.getTime())[0];
  }

  standDown(pilot: Pilot, at: Date): void {
    pilot.restsUntil = new Date(at.getTime() + REST_HOURS * 3_600_000);
  }
}
