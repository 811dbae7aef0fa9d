// One visit of one ship, from the announcement to the open sea.
import type { Hold } from './allocator.js';
import type { Pilot } from './pilot.js';
import type { Vessel } from './vessel.js';

export enum CallStage {
  Announced = 'announced',
  InRoads = 'in-roads',
  MadeFast = 'made-fast',
  LinesAway = 'lines-away',
  ClearOfPier = 'clear-of-pier',
}

export interface PortCall {
  readonly vessel: Vessel;
  stage: CallStage;
  hold?: Hold;
  pilot?: Pilot;
}

export function announce(vessel: Vessel): PortCall {
  return { vessel, stage: CallStage.Announced };
}
