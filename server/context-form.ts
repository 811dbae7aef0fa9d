// How much of a plan is stored, and how much of it is in memory: the form in which the engine is asked to compose it.
// Refuses to know why a segment is in a plan.
import { storedShareDefault, type ContextPlan } from '../base/segment.js';
import type { ContextForm } from '../engine/index.js';
import type { Config } from './config.js';

export const storedShare = storedShareDefault;

/** So many rows cost little wherever they come from, and a small context then needs no choice. */
export const rowsResidentLeast = 400;

/** Share of a context's `tokens` that may be in memory as rows. */
export const residentShareOf = (tokens: number, { residentShare }: Pick<Config, 'residentShare'>): number => Math.max(residentShare, rowsResidentLeast / Math.max(1, tokens));

/** Rows in stored order at once; `Engine.settle` lets the cursor's own queries choose while the user rests. */
export function contextOf(plan: ContextPlan, settings: Pick<Config, 'residentShare'>): ContextForm & { form: 'composed' } {
  return { form: 'composed', plan, anchors: { policy: 'two-stage', residentShare: residentShareOf(plan.tokens, settings), storedShare, state: 'first' } };
}
