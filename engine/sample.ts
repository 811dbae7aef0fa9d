// Numbers out of logits: the best token, its probability, exact log-likelihoods, in double precision.
// Refuses to draw at random: decoding is greedy.
import { assert } from '../base/assert.js';

/** A token of the head (`index` into it) and its probability among those allowed, 0 to 1. */
export interface Choice {
  readonly index: number;
  readonly probability: number;
}

/** Best index of `logits` [head] and its softmax probability. The lower index wins a tie. */
export function softmaxMax(logits: Float32Array): Choice {
  const { index, sum } = scan(logits);
  return { index, probability: 1 / sum };
}

/** The same among the head indices `allowed` alone, whose probabilities then sum to 1; undefined when none is allowed. */
export function softmaxMaxWithin(logits: Float32Array, allowed: ArrayLike<number>): Choice | undefined {
  if (allowed.length === 0) return undefined;
  let best = allowed[0];
  for (let i = 1; i < allowed.length; i++) if (logits[allowed[i]] > logits[best]) best = allowed[i];
  let sum = 0;
  for (let i = 0; i < allowed.length; i++) sum += Math.exp(logits[allowed[i]] - logits[best]);
  return { index: best, probability: 1 / sum };
}

/** Natural logarithm of the softmax probability of `index` among `logits` [head]. */
export function logProb(logits: Float32Array, index: number): number {
  assert(index >= 0 && index < logits.length, `token ${index} is not one of ${logits.length} in the head`);
  return logits[index] - logSumExp(logits);
}

/** log(sum(exp(logits))), in nats. */
export function logSumExp(logits: Float32Array): number {
  const { max, sum } = scan(logits);
  return max + Math.log(sum);
}

/** Largest logit, where it stands, and the sum of exp(logit - largest). */
function scan(logits: Float32Array): { index: number; max: number; sum: number } {
  let index = -1;
  let max = -Infinity;
  for (let i = 0; i < logits.length; i++) {
    if (logits[i] > max) {
      max = logits[i];
      index = i;
    }
  }
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i] - max);
  assert(index >= 0 && !Number.isNaN(sum), 'logits hold something that is not a number');
  return { index, max, sum };
}
