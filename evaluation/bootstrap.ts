// A figure with its 95% bootstrap interval, resampled by repository: tasks of one repository are not independent of each other.
// Refuses to give an interval over fewer than two repositories.
import { quantileSorted } from 'simple-statistics';

/** `value` is null without any item (`count` 0); `low` and `high` are null where fewer than two repositories have one. */
export interface Interval {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly count: number;
}

/** One task's part of a ratio of sums; for a mean the denominator is 1. */
export interface Share {
  readonly repository: string;
  readonly numerator: number;
  readonly denominator: number;
}

const RESAMPLES = 1000;
const SEED = 20241;

/** Sum of numerators over sum of denominators. */
export function ratioOfSums(shares: readonly Share[], seed = SEED): Interval {
  const sums = new Map<string, { numerator: number; denominator: number }>();
  for (const { repository, numerator, denominator } of shares) {
    const sum = sums.get(repository) ?? { numerator: 0, denominator: 0 };
    sums.set(repository, { numerator: sum.numerator + numerator, denominator: sum.denominator + denominator });
  }
  const ratio = (chosen: readonly { numerator: number; denominator: number }[]): number => {
    let numerator = 0;
    let denominator = 0;
    for (const sum of chosen) {
      numerator += sum.numerator;
      denominator += sum.denominator;
    }
    return numerator / denominator;
  };
  return interval(inOrder(sums), ratio, shares.length, seed);
}

/** The mean of the values given. */
export function meanOf(values: readonly { readonly repository: string; readonly value: number }[], seed = SEED): Interval {
  return ratioOfSums(values.map(({ repository, value }) => ({ repository, numerator: value, denominator: 1 })), seed);
}

/** The p-quantile (0 to 1) of the values given. */
export function quantileOf(values: readonly { readonly repository: string; readonly value: number }[], p: number, seed = SEED): Interval {
  const lists = new Map<string, number[]>();
  for (const { repository, value } of values) lists.set(repository, [...(lists.get(repository) ?? []), value]);
  return interval(inOrder(lists), (chosen) => quantileSorted(chosen.flat().sort((a, b) => a - b), p), values.length, seed);
}

/** By name, so that the order in which tasks were finished changes nothing. */
function inOrder<T>(groups: ReadonlyMap<string, T>): T[] {
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

function interval<T>(groups: readonly T[], statistic: (chosen: readonly T[]) => number, count: number, seed: number): Interval {
  if (groups.length === 0) return { value: null, low: null, high: null, count: 0 };
  const value = finite(statistic(groups));
  if (groups.length < 2 || value === null) return { value, low: null, high: null, count };
  const random = mulberry32(seed);
  const drawn: number[] = [];
  for (let i = 0; i < RESAMPLES; i++) {
    const drawing = statistic(groups.map(() => groups[Math.floor(random() * groups.length)]));
    if (Number.isFinite(drawing)) drawn.push(drawing);
  }
  drawn.sort((a, b) => a - b);
  return { value, low: drawn.length ? quantileSorted(drawn, 0.025) : null, high: drawn.length ? quantileSorted(drawn, 0.975) : null, count };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** A small seeded generator of numbers in [0, 1) (Tommy Ettinger's mulberry32). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
