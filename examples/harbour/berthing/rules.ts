// The harbour master's rules, as numbers.
import type { Knots, Metres } from './units.js';

export interface HarbourRules {
  /** Water that must stay under the keel. */
  readonly reserveUnderKeel: Metres;
  /** No ship enters in stronger gusts. */
  readonly gustCeiling: Knots;
  readonly longestStayHours: number;
}

export const SUMMER_RULES: HarbourRules = { reserveUnderKeel: 0.8, gustCeiling: 34, longestStayHours: 96 };
export const WINTER_RULES: HarbourRules = { reserveUnderKeel: 1.2, gustCeiling: 28, longestStayHours: 120 };
