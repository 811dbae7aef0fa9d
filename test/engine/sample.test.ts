// Probabilities from logits: the best token, a target's likelihood, and what must never happen in between.
import { describe, expect, it } from 'vitest';
import { logProb, logSumExp, softmaxMax, softmaxMaxWithin } from '../../engine/sample.js';

/** The plain definition. */
const softmax = (logits: readonly number[]): number[] => {
  const max = Math.max(...logits);
  const exps = logits.map((logit) => Math.exp(logit - max));
  const sum = exps.reduce((total, exp) => total + exp, 0);
  return exps.map((exp) => exp / sum);
};

describe('probabilities of logits', () => {
  const cases: readonly (readonly number[])[] = [[0], [1, 2, 3], [3, 2, 1], [5, 5, 5], [-1000, -1001], [1000, 0, -1000], [-Infinity, 2, -Infinity, 1], Array.from({ length: 48_000 }, (_, i) => Math.fround(Math.sin(i) * 20))];
  it.each(cases.map((logits) => [logits.length, logits] as const))('agree with the definition (%i tokens)', (_, logits) => {
    const expected = softmax(logits);
    const best = expected.indexOf(Math.max(...expected));
    const choice = softmaxMax(Float32Array.from(logits));
    expect(choice.index).toBe(best);
    expect(choice.probability).toBeCloseTo(expected[best], 12);
    logits.slice(0, 4).forEach((_logit, index) => expect(Math.exp(logProb(Float32Array.from(logits), index))).toBeCloseTo(expected[index], 12));
    expect(logSumExp(Float32Array.from(logits))).toBeCloseTo(logits[best] - Math.log(expected[best]), 10);
  });

  it('are renewed among the tokens allowed', () => {
    const logits = Float32Array.of(9, 1, 2, 1);
    expect(softmaxMaxWithin(logits, [1, 2])?.index).toBe(2);
    expect(softmaxMaxWithin(logits, [1, 2])?.probability).toBeCloseTo(softmax([1, 2])[1], 12);
    expect(softmaxMaxWithin(logits, [3, 1])?.probability).toBe(0.5);
    expect(softmaxMaxWithin(logits, [])).toBeUndefined();
  });

  it.each([[[NaN, 1]], [[1, NaN]], [[]], [[-Infinity]]])('refuse %j', (logits) => {
    expect(() => softmaxMax(Float32Array.from(logits))).toThrow('not a number');
  });

  it('refuse a token outside the head', () => expect(() => logProb(Float32Array.of(1, 2), 2)).toThrow('token 2'));
});
