// May a ship pass the lock at this tide?
import type { HarbourRules } from './rules.js';
import type { Sill, TideTable } from './tide.js';
import { freshDraught, type Vessel } from './vessel.js';

export interface Passage {
  readonly allowed: boolean;
  readonly spare: number;
}

/** Compares the water above the sill with the keel of the ship and the reserve that the rules ask for. */
export function judgePassage(vessel: Vessel, sill: Sill, tides: TideTable, at: Date, rules: HarbourRules): Passage {
  const water = tides.waterOverSill(sill, at);
  const needed = freshDraught(vessel) + rules.reserveUnderKeel;
  return { allowed: water >= needed, spare: water - needed };
}
