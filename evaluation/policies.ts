// The names that --policy takes and what each keeps. Refuses to choose rows: that is the engine's.
import type { PolicyName } from '../engine/index.js';

export const POLICIES: Readonly<Record<Exclude<PolicyName, 'every-row'>, string>> = {
  'two-stage': 'what the daemon does: the stored order gives candidates, the cursor\'s own queries choose among them',
  'stored-order': 'the first rows of each segment\'s stored order',
  'all-stored': 'every stored row',
  'every-kth': 'floor: every k-th row, as many as --rows allows',
  newlines: 'floor: the rows of newlines, within --rows',
  signatures: 'floor: the rows of signature lines, within --rows',
  'key-difference': 'floor: KeyDiff, the rows whose keys are least like the mean key',
  repetition: 'floor: KVzip, the rows that repeating the text attends to',
  'outline-text': 'floor: outlines read as text, every row of them, within --rows',
};

export const isPolicy = (name: string): name is keyof typeof POLICIES => Object.hasOwn(POLICIES, name);

/** Policies whose rows do not depend on --rows: one run, whatever shares are asked for. */
export const IGNORES_ROWS: ReadonlySet<PolicyName> = new Set(['all-stored', 'every-row']);
/** Policies that take rows which the daemon would not have stored, so --stored says nothing. */
export const NEEDS_EVERY_ROW: ReadonlySet<PolicyName> = new Set(['every-kth', 'newlines', 'signatures', 'key-difference', 'repetition', 'outline-text', 'every-row']);
