// How much of a plan is stored, and how much of it is in memory: the form in which the engine is asked to compose it.
// Refuses to know why a segment is in a plan.
import { storedShareDefault, type ContextPlan } from '../base/segment.js';
import type { ContextForm } from '../engine/index.js';
import type { Config } from './config.js';

export const storedShare = storedShareDefault;

/** So many rows cost little wherever they come from, and a small context then needs no choice. */
const rowsResidentLeast = 400;

/** Rows in stored order at once; `Engine.settle` lets the cursor's own queries choose while the user rests. */
export function contextOf(plan: ContextPlan, { residentShare }: Pick<Config, 'residentShare'>): ContextForm & { form: 'composed' } {
  const share = Math.max(residentShare, rowsResidentLeast / Math.max(1, plan.tokens));
  return { form: 'composed', plan, anchors: { policy: 'two-stage', residentShare: share, storedShare, state: 'first' } };
}
