// Berths along the quay, and which ship fits which.
import type { Metres } from './units.js';
import type { Vessel } from './vessel.js';

export interface Berth {
  readonly code: string;
  readonly quayLength: Metres;
  readonly dredgedDepth: Metres;
  readonly shorePower: boolean;
}

const MOORING_MARGIN: Metres = 15;

export function fitsAlongside(vessel: Vessel, berth: Berth): boolean {
  return vessel.length + 2 * MOORING_MARGIN <= berth.quayLength && vessel.saltDraught < berth.dredgedDepth;
}

export function byQuayLength(a: Berth, b: Berth): number {
  return a.quayLength - b.quayLength;
}
