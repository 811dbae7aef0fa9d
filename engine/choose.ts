// Which of the candidates' rows are composed: policies, as counts of ranks or as lists of ranks for each head.
// Refuses to load rows or to lay them out.
import { never } from '../base/assert.js';
import type { Segment } from '../base/segment.js';
import { rowsKept, type AnchorBlock } from './anchors.js';
import { addMass, type Ranker, type RankingQueries } from './ranker.js';
import type { AnchorSettings, PolicyName } from './types.js';

/** One segment of the plan at its place in the composition. */
export interface Candidate {
  readonly segment: Segment;
  readonly key: string;
  readonly tokens: readonly number[];
  /** Position of its first token. */
  readonly place: number;
  /** How many of its stored ranks the plan's share admits. */
  readonly ranksMax: number;
}

/** The first ranks of a candidate's order, undefined when the store lost it. */
export type Load = (candidate: Candidate, ranks: number) => AnchorBlock[] | undefined;

/** For each candidate the ranks that each head takes: a number means the first so many, for every head. */
export type Choice = readonly (number | readonly Uint32Array[])[];

/** Rows that a composition may hold for `contextTokens` tokens. */
export const residentBudget = (contextTokens: number, share: number): number => Math.max(1, Math.round(contextTokens * share));

/** Policies that need nothing but the order of ranks; undefined for those that need queries or the rows' tokens. */
export function choiceByOrder(candidates: readonly Candidate[], settings: AnchorSettings): Choice | undefined {
  switch (settings.policy) {
    case 'all-stored':
    case 'every-row':
    case 'outline-text':
      return candidates.map((candidate) => candidate.ranksMax);
    case 'stored-order':
      return candidates.map((candidate) => Math.min(candidate.ranksMax, rowsKept(candidate.tokens.length, settings.residentShare)));
    case 'two-stage':
    case 'every-kth':
    case 'newlines':
    case 'signatures':
      return undefined;
    default:
      throw never(settings.policy);
  }
}

/** The floors that pick rows by their token: which tokens of a candidate, at most `share` of them over all candidates. */
export function tokensPicked(policy: PolicyName, candidates: readonly Candidate[], share: number, textOf: (candidate: Candidate) => TokenTexts): Set<number>[] {
  const budget = residentBudget(candidates.reduce((sum, candidate) => sum + candidate.tokens.length, 0), share);
  const picked = candidates.map((candidate) => {
    if (policy === 'every-kth') return everyKth(candidate.tokens.length, share);
    const { starts, texts } = textOf(candidate);
    const wanted = (_: string, t: number): boolean => (policy === 'newlines' ? texts[t].includes('\n') : inSignature(candidate.segment, starts[t], starts[t] + texts[t].length));
    return texts.flatMap((text, t) => (wanted(text, t) ? [t] : []));
  });
  // Over the budget, the candidates nearest the cursor keep theirs.
  let left = budget;
  const sets: Set<number>[] = [];
  for (let s = candidates.length - 1; s >= 0; s--) {
    const kept = picked[s].slice(0, left);
    left -= kept.length;
    sets[s] = new Set(kept);
  }
  return sets;
}

/** Each token's text and where it starts in the segment's text, in UTF-16 units; tokens of the file's head start below 0. */
export interface TokenTexts {
  readonly starts: readonly number[];
  readonly texts: readonly string[];
}

const everyKth = (tokens: number, share: number): number[] => {
  const count = rowsKept(tokens, share);
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * tokens) / count));
};

function inSignature(segment: Segment, start: number, end: number): boolean {
  if (start < 0) return true;
  return segment.ranges.some((range) => (range.kind === 'signature' || range.kind === 'header') && start < range.end && end > range.start);
}

/** Ranks whose row stands at a picked token; every head must have all of them, so rows are read whole. */
export function ranksAt(blocks: readonly AnchorBlock[], heads: number, picked: ReadonlySet<number>): Uint32Array[] {
  return Array.from({ length: heads }, (_, b) => {
    const ranks: number[] = [];
    let first = 0;
    for (const block of blocks) {
      for (let r = 0; r < block.ranks; r++) if (picked.has(block.positions[b * block.ranks + r])) ranks.push(first + r);
      first += block.ranks;
    }
    return Uint32Array.from(ranks);
  });
}

/**
 * The second stage: over all candidates, each head's `budget` rows to which any of `queries` would pay the largest share of its attention.
 * Candidates are streamed twice (attention mass, then weights); one at a time is held. Undefined when the store lost one.
 */
export async function chooseByQueries(
  ranker: Ranker,
  candidates: readonly Candidate[],
  load: Load,
  dequantise: (block: AnchorBlock[]) => { keys: Float32Array; ranks: number },
  queries: RankingQueries,
  sinkMass: readonly Float32Array[],
  budget: number,
): Promise<Choice | undefined> {
  const heads = { first: 0, count: ranker.heads };
  const total = sinkMass.map((mass) => mass.slice());
  const each = async (own: (s: number, candidate: Candidate, keys: Float32Array, positions: number[], ranks: number) => Promise<void>): Promise<boolean> => {
    for (const [s, candidate] of candidates.entries()) {
      const blocks = load(candidate, candidate.ranksMax);
      if (!blocks) return false;
      const { keys, ranks } = dequantise(blocks);
      await own(s, candidate, keys, placesOf(blocks, heads.count, candidate.place), ranks);
    }
    return true;
  };
  const massed = await each(async (_, __, keys, positions) => {
    const { mass } = await ranker.score(queries, heads, keys, positions, undefined, 0);
    for (let b = 0; b < heads.count; b++) addMass(total[b], mass.subarray(b * queries.count, (b + 1) * queries.count));
  });
  if (!massed) return undefined;
  const weights: Weights[] = [];
  const weighed = await each(async (s, candidate, keys, positions, ranks) => {
    const { weight } = await ranker.score(queries, heads, keys, positions, total, 0);
    weights[s] = { ranks, usable: Math.min(ranks, candidate.ranksMax), weight };
  });
  return weighed ? bestRanks(weights, heads.count, budget) : undefined;
}

/** Weights [heads, ranks] of a candidate's loaded ranks, of which the first `usable` may be taken: blocks are loaded whole. */
interface Weights {
  readonly ranks: number;
  readonly usable: number;
  readonly weight: Float32Array;
}

/** Each head's best `budget` ranks over all candidates. */
function bestRanks(weights: readonly Weights[], heads: number, budget: number): Choice {
  const total = weights.reduce((sum, { usable }) => sum + usable, 0);
  const count = Math.min(budget, total);
  const chosen: number[][][] = weights.map(() => Array.from({ length: heads }, () => []));
  const all = new Float32Array(total);
  for (let b = 0; b < heads; b++) {
    let at = 0;
    for (const { ranks, usable, weight } of weights) {
      all.set(weight.subarray(b * ranks, b * ranks + usable), at);
      at += usable;
    }
    const threshold = all.slice().sort()[total - count];
    let equal = count - all.reduce((sum, weight) => sum + (weight > threshold ? 1 : 0), 0);
    at = 0;
    for (const [s, { usable }] of weights.entries()) {
      for (let r = 0; r < usable; r++, at++) {
        if (all[at] > threshold || (all[at] === threshold && equal-- > 0)) chosen[s][b].push(r);
      }
    }
  }
  return chosen.map((candidate) => candidate.map((ranks) => Uint32Array.from(ranks)));
}

/** Composed positions of all rows of `blocks`, [heads, ranks]. */
function placesOf(blocks: readonly AnchorBlock[], heads: number, place: number): number[] {
  const places: number[] = [];
  for (let b = 0; b < heads; b++) {
    for (const block of blocks) for (let r = 0; r < block.ranks; r++) places.push(place + block.positions[b * block.ranks + r]);
  }
  return places;
}
