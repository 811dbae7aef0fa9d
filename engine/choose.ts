// Which of the candidates' rows are composed, as counts of ranks or as lists of ranks for each head: by the stored order, or by the cursor's queries.
// Refuses to load rows or to lay them out. What evaluation compares with is in floors.ts.
import type { Segment } from '../base/segment.js';
import { rowsKept, type AnchorBlock } from './anchors.js';
import type { RankingQueries } from './ranker.js';
import type { Weighing } from './weighing.js';

/** A segment of the plan, or several that are read together. */
export interface Unit {
  readonly segments: readonly Segment[];
  readonly tokens: readonly number[];
  /** Of its stored rows, how many are worth loading, 0 to 1. */
  readonly share: number;
}

/** A unit at its place in the composition. */
export interface Candidate extends Omit<Unit, 'share'> {
  readonly key: string;
  /** Position of its first token. */
  readonly place: number;
  /** How many of its stored ranks the plan's share admits. */
  readonly ranksMax: number;
}

/** The blocks of the first ranks of a candidate's order, one after another; undefined in place of what the store lost. */
export type Load = (candidate: Candidate, ranks: number) => Iterable<AnchorBlock | undefined>;

/** For each candidate the ranks that each head takes: a number means the first so many, for every head. */
export type Choice = readonly (number | readonly Uint32Array[])[];

/** The first rows of each candidate's stored order, as many as its share of `budget`. */
export const firstOfEach = (candidates: readonly Candidate[], budget: number): Choice =>
  candidates.map(({ ranksMax, tokens }) => Math.min(ranksMax, rowsKept(tokens.length, budget / contextTokensOf(candidates))));

/** `budget` rows spread over the candidates by their tokens, each from the start of its stored order. */
export function spreadByOrder(candidates: readonly Candidate[], budget: number): Choice {
  const total = contextTokensOf(candidates);
  let tokens = 0;
  return candidates.map((candidate) => {
    const before = Math.round((budget * tokens) / total);
    tokens += candidate.tokens.length;
    return Math.min(candidate.ranksMax, Math.round((budget * tokens) / total) - before);
  });
}

export const contextTokensOf = (candidates: readonly Candidate[]): number => candidates.reduce((sum, candidate) => sum + candidate.tokens.length, 0);

/**
 * The second stage: over all candidates, each head's `budget` rows to which any of `queries` would pay the largest share of its attention.
 * Candidates are streamed twice (attention mass, then weights); one block at a time is held. Undefined when the store lost one.
 */
export async function chooseByQueries(weighing: Weighing, candidates: readonly Candidate[], queries: RankingQueries, sinkMass: readonly Float32Array[], budget: number): Promise<Choice | undefined> {
  const total = sinkMass.map((mass) => mass.slice());
  for (const candidate of candidates) {
    if (!(await weighing.addMass(candidate, queries, total))) return undefined;
  }
  const weights: Float32Array[][] = [];
  for (const candidate of candidates) {
    const own = await weighing.weights(candidate, queries, total);
    if (!own) return undefined;
    weights.push(own);
  }
  return bestRanks(weights, budget);
}

/** Each head's best `budget` ranks over all candidates; `weights` [candidate][head][rank]. */
export function bestRanks(weights: readonly (readonly Float32Array[])[], budget: number): Choice {
  const heads = weights[0]?.length ?? 0;
  const total = weights.reduce((sum, own) => sum + own[0].length, 0);
  const count = Math.min(budget, total);
  const chosen: number[][][] = weights.map(() => Array.from({ length: heads }, () => []));
  const all = new Float32Array(total);
  for (let b = 0; b < heads; b++) {
    let at = 0;
    for (const own of weights) {
      all.set(own[b], at);
      at += own[b].length;
    }
    const threshold = all.slice().sort()[total - count];
    let equal = count - all.reduce((sum, weight) => sum + (weight > threshold ? 1 : 0), 0);
    for (const [s, own] of weights.entries()) {
      own[b].forEach((weight, rank) => {
        if (weight > threshold || (weight === threshold && equal-- > 0)) chosen[s][b].push(rank);
      });
    }
  }
  return chosen.map((candidate) => candidate.map((ranks) => Uint32Array.from(ranks)));
}
