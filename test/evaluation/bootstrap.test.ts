// Intervals: right in the plain cases, the same on every run, and no surer than repositories allow.
import { describe, expect, it } from 'vitest';
import { meanOf, quantileOf, ratioOfSums } from '../../evaluation/bootstrap.js';

const values = (lists: readonly (readonly number[])[]) => lists.flatMap((list, index) => list.map((value) => ({ repository: `r${index}`, value })));

describe('an interval', () => {
  it('is empty without items', () => {
    expect(meanOf([])).toEqual({ value: null, low: null, high: null, count: 0 });
  });

  it('is not given for one repository, however many tasks it has', () => {
    expect(meanOf(values([[1, 2, 3, 6]]))).toEqual({ value: 3, low: null, high: null, count: 4 });
  });

  it('is a point where all repositories agree', () => {
    expect(meanOf(values([[2, 4], [3, 3], [1, 5]]))).toEqual({ value: 3, low: 3, high: 3, count: 6 });
  });

  it('holds a ratio of sums, not a mean of ratios', () => {
    const ratio = ratioOfSums([
      { repository: 'a', numerator: 1, denominator: 1 },
      { repository: 'b', numerator: 0, denominator: 9 },
    ]);
    expect(ratio.value).toBeCloseTo(0.1, 12);
    expect(ratio.low).toBe(0);
    expect(ratio.high).toBe(1);
  });

  it('does not depend on the order of tasks', () => {
    const list = values([[1, 5], [2, 9, 4], [7], [3, 3]]);
    expect(meanOf([...list].reverse())).toEqual(meanOf(list));
    expect(quantileOf([...list].reverse(), 0.5)).toEqual(quantileOf(list, 0.5));
  });

  it('is wider by repository than by task where tasks of a repository agree', () => {
    const byRepository = values([[0, 0, 0, 0], [10, 10, 10, 10], [0, 0, 0, 0], [10, 10, 10, 10]]);
    const byTask = byRepository.map(({ value }, index) => ({ repository: `t${index}`, value }));
    const width = ({ low, high }: { low: number | null; high: number | null }): number => high! - low!;
    expect(width(meanOf(byRepository))).toBeGreaterThan(width(meanOf(byTask)));
  });

  it('agrees with the normal approximation for many repositories', () => {
    // 200 repositories, values 0..199: standard error of the mean is 57.7 / sqrt(200) = 4.08.
    const { value, low, high } = meanOf(values(Array.from({ length: 200 }, (_, i) => [i])));
    expect(value).toBe(99.5);
    expect(low!).toBeCloseTo(99.5 - 1.96 * 4.08, -0.5);
    expect(high!).toBeCloseTo(99.5 + 1.96 * 4.08, -0.5);
  });

  it('of a quantile stands over the whole list', () => {
    expect(quantileOf(values([[1, 2, 3], [4, 5, 6, 7, 8, 9]]), 0.5)).toMatchObject({ value: 5, count: 9 });
  });
});
