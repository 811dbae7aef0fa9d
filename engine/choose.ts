// Which of the candidates' rows are composed: policies, as counts of ranks or as lists of ranks for each head.
// Refuses to load rows or to lay them out.
import { never } from '../base/assert.js';
import type { Segment } from '../base/segment.js';
import { BLOCK_RANKS, rowsKept, type AnchorBlock } from './anchors.js';
import { experiment } from './experiment.js';
import type { ModelShape } from './graph/shape.js';
import { addMass, type Ranker, type RankingQueries } from './ranker.js';
import type { PolicyName } from './types.js';

/** A segment of the plan, or several that are read together, at its place in the composition. */
export interface Candidate {
  readonly segments: readonly Segment[];
  readonly key: string;
  readonly tokens: readonly number[];
  /** Position of its first token. */
  readonly place: number;
  /** How many of its stored ranks the plan's share admits. */
  readonly ranksMax: number;
}

/** The blocks of the first ranks of a candidate's order, one after another; undefined in place of what the store lost. */
export type Load = (candidate: Candidate, ranks: number) => Iterable<AnchorBlock | undefined>;

/** For each candidate the ranks that each head takes: a number means the first so many, for every head. */
export type Choice = readonly (number | readonly Uint32Array[])[];

/** So many heads' keys are held in fp32 at a time while rows are weighed. */
const HEADS_WEIGHED = 12;
/** What is held while rows are chosen, in rows of `heads` heads: a block, and some heads' keys, an fp32 key being four bytes of a row's two. */
export const rowsHeldChoosing = (heads: number): number => BLOCK_RANKS * (1 + (2 * Math.min(HEADS_WEIGHED, heads)) / heads);

/** Policies that need nothing but the order of ranks; undefined for those that need queries or the rows' tokens. */
export function choiceByOrder(candidates: readonly Candidate[], policy: PolicyName, budget: number): Choice | undefined {
  switch (policy) {
    case 'all-stored':
    case 'every-row':
    case 'outline-text':
      return candidates.map((candidate) => candidate.ranksMax);
    case 'stored-order':
      return candidates.map((candidate) => Math.min(candidate.ranksMax, rowsKept(candidate.tokens.length, budget / contextTokensOf(candidates))));
    case 'two-stage':
    case 'every-kth':
    case 'newlines':
    case 'signatures':
    case 'key-difference':
      return undefined;
    default:
      throw never(policy);
  }
}

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

/** The floors that pick rows by their token: which tokens of a candidate, at most `budget` over all candidates. */
export function tokensPicked(policy: PolicyName, candidates: readonly Candidate[], budget: number, textsOf: (candidate: Candidate) => readonly TokenText[]): Set<number>[] {
  const picked = candidates.map((candidate) => {
    if (policy === 'every-kth') return everyKth(candidate.tokens.length, budget / contextTokensOf(candidates));
    const wanted = policy === 'newlines' ? ({ text }: TokenText): boolean => text.includes('\n') : ({ isSignature }: TokenText): boolean => isSignature;
    return textsOf(candidate).flatMap((token, t) => (wanted(token) ? [t] : []));
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

/** What a token of a candidate says. */
export interface TokenText {
  readonly text: string;
  /** Whether it stands in a signature, or names the file. */
  readonly isSignature: boolean;
  readonly isName: boolean;
  readonly isImport: boolean;
  readonly isDoc: boolean;
}

const everyKth = (tokens: number, share: number): number[] => {
  const count = rowsKept(tokens, share);
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * tokens) / count));
};

export const contextTokensOf = (candidates: readonly Candidate[]): number => candidates.reduce((sum, candidate) => sum + candidate.tokens.length, 0);

/** Ranks whose row stands at a picked token; every head must have all of them, so rows are read whole. Undefined when the store lost a block. */
export function ranksAt(blocks: Iterable<AnchorBlock | undefined>, heads: number, picked: ReadonlySet<number>): Uint32Array[] | undefined {
  const ranks = Array.from({ length: heads }, (): number[] => []);
  let first = 0;
  for (const block of blocks) {
    if (!block) return undefined;
    for (let b = 0; b < heads; b++) {
      for (let r = 0; r < block.ranks; r++) if (picked.has(block.positions[b * block.ranks + r])) ranks[b].push(first + r);
    }
    first += block.ranks;
  }
  return ranks.map((each) => Uint32Array.from(each));
}

/** Keys of heads `first..first+count` of a block, fp32 before rotation: [count, ranks, hd]. */
export type Dequantise = (block: AnchorBlock, first: number, count: number) => Float32Array;

/**
 * The second stage: over all candidates, each head's `budget` rows to which any of `queries` would pay the largest share of its attention.
 * Candidates are streamed twice (attention mass, then weights); one block at a time is held. Undefined when the store lost one.
 */
export async function chooseByQueries(
  ranker: Ranker,
  candidates: readonly Candidate[],
  load: Load,
  dequantise: Dequantise,
  queries: RankingQueries,
  sinkMass: readonly Float32Array[],
  budget: number,
  factorsOf: (candidate: Candidate) => Float32Array | undefined,
  isMentioned: (candidate: Candidate) => boolean,
): Promise<Choice | undefined> {
  const total = sinkMass.map((mass) => mass.slice());
  const score = async (candidate: Candidate, others: readonly Float32Array[] | undefined, own: (block: Scored) => void): Promise<boolean> => {
    let first = 0;
    for (const block of load(candidate, candidate.ranksMax)) {
      if (!block) return false;
      for (let head = 0; head < ranker.heads; head += HEADS_WEIGHED) {
        const heads = { first: head, count: Math.min(HEADS_WEIGHED, ranker.heads - head) };
        const scores = await ranker.score(queries, heads, dequantise(block, heads.first, heads.count), placesOf(block, heads, candidate.place), others, 0);
        own({ ...scores, heads, first, ranks: block.ranks, positions: block.positions });
      }
      first += block.ranks;
    }
    return true;
  };
  for (const candidate of candidates) {
    const massed = await score(candidate, undefined, ({ mass, heads }) => {
      for (let b = 0; b < heads.count; b++) addMass(total[heads.first + b], mass.subarray(b * queries.count, (b + 1) * queries.count));
    });
    if (!massed) return undefined;
  }
  const weights: Float32Array[][] = [];
  for (const candidate of candidates) {
    const own = Array.from({ length: ranker.heads }, () => new Float32Array(candidate.ranksMax));
    const factors = factorsOf(candidate);
    const weighed = await score(candidate, total, ({ weight, heads, first, ranks, positions }) => {
      // Blocks are loaded whole: what the share does not admit is left.
      const usable = Math.min(ranks, candidate.ranksMax - first);
      if (factors) for (let b = 0; b < heads.count; b++) for (let r = 0; r < usable; r++) weight[b * ranks + r] *= factors[positions[(heads.first + b) * ranks + r]];
      for (let b = 0; b < heads.count; b++) own[heads.first + b].set(weight.subarray(b * ranks, b * ranks + usable), first);
    });
    if (!weighed) return undefined;
    weights.push(own);
  }
  guarantee(weights, candidates.map(isMentioned), Math.round(experiment.mentionedRoom * budget));
  return bestRanks(weights, ranker.heads, budget);
}

/** The best `room` rows of each head among candidates that are mentioned weigh more than all others. */
function guarantee(weights: readonly (readonly Float32Array[])[], mentioned: readonly boolean[], room: number): void {
  const of = weights.filter((_, s) => mentioned[s]);
  if (room === 0 || of.length === 0) return;
  for (let b = 0; b < of[0].length; b++) {
    const all = Float32Array.from(of.flatMap((own) => [...own[b]])).sort();
    const threshold = all[Math.max(0, all.length - room)];
    for (const own of of) own[b].forEach((weight, rank) => (own[b][rank] = weight >= threshold ? weight + 2 : weight));
  }
}

/**
 * A floor that knows no query, KeyDiff (arXiv 2504.15364, section 3): over all candidates, each head's `budget` rows whose keys, before rotation,
 * have the smallest cosine with the mean of all normalised keys. Undefined when the store lost a block.
 */
export function chooseByDifference(candidates: readonly Candidate[], load: Load, dequantise: Dequantise, shape: Pick<ModelShape, 'layers' | 'kvHeads' | 'headDim'>, budget: number): Choice | undefined {
  const heads = shape.layers * shape.kvHeads;
  const eachKey = (use: (candidate: number, head: number, rank: number, key: Float32Array) => void): boolean => {
    for (const [s, candidate] of candidates.entries()) {
      let first = 0;
      for (const block of load(candidate, candidate.ranksMax)) {
        if (!block) return false;
        for (let head = 0; head < heads; head++) {
          const keys = dequantise(block, head, 1);
          for (let r = 0; r < block.ranks; r++) use(s, head, first + r, unit(keys.subarray(r * shape.headDim, (r + 1) * shape.headDim)));
        }
        first += block.ranks;
      }
    }
    return true;
  };
  const mean = Array.from({ length: heads }, () => new Float32Array(shape.headDim));
  const summed = eachKey((_, head, __, key) => key.forEach((value, i) => (mean[head][i] += value)));
  if (!summed) return undefined;
  for (const sum of mean) unit(sum);
  const weights = candidates.map((candidate) => Array.from({ length: heads }, () => new Float32Array(candidate.ranksMax)));
  const weighed = eachKey((s, head, rank, key) => {
    if (rank < candidates[s].ranksMax) weights[s][head][rank] = -key.reduce((sum, value, i) => sum + value * mean[head][i], 0);
  });
  return weighed ? bestRanks(weights, heads, budget) : undefined;
}

/** Normalises `vector` in place. */
function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector) || 1;
  for (let i = 0; i < vector.length; i++) vector[i] /= length;
  return vector;
}

/** What the ranker says of some heads of a block: mass [count, M], weight [count, ranks]. */
interface Scored {
  readonly mass: Float32Array;
  readonly weight: Float32Array;
  readonly heads: { readonly first: number; readonly count: number };
  /** The block's first rank. */
  readonly first: number;
  readonly ranks: number;
  readonly positions: ArrayLike<number>;
}

/** How many rows each head keeps. */
function countsOf(weights: readonly (readonly Float32Array[])[], heads: number, budget: number): number[] {
  const { sharing, headFloor, partBudgets } = experiment;
  if (sharing === 'none') return Array.from({ length: heads }, (_, b) => Math.round(budget * partBudgets[Math.floor((b * 8) / heads)]));
  const together = sharing === 'layer' ? 2 : heads;
  const floor = Math.round(headFloor * budget);
  const counts: number[] = [];
  for (let first = 0; first < heads; first += together) {
    // Above the floor each head's next best compete.
    const rest = Array.from({ length: together }, (_, i) => Float32Array.from(weights.flatMap((own) => [...own[first + i]])).sort().reverse().subarray(floor));
    const room = (budget - floor) * together;
    const threshold = Float32Array.from(rest.flatMap((each) => [...each])).sort().reverse()[Math.min(room, rest[0].length * together) - 1] ?? 0;
    counts.push(...rest.map((each) => floor + each.filter((weight) => weight >= threshold).length));
  }
  return counts;
}

/** Each head's best `budget` ranks over all candidates; `weights` [candidate][head][rank]. */
export function bestRanks(weights: readonly (readonly Float32Array[])[], heads: number, budget: number): Choice {
  const total = weights.reduce((sum, own) => sum + own[0].length, 0);
  const chosen: number[][][] = weights.map(() => Array.from({ length: heads }, () => []));
  const all = new Float32Array(total);
  const counts = countsOf(weights, heads, Math.min(budget, total));
  for (let b = 0; b < heads; b++) {
    const count = Math.min(counts[b], total);
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

/** Composed positions of a block's rows, [count, ranks]. */
export function placesOf(block: AnchorBlock, heads: { readonly first: number; readonly count: number }, place: number): number[] {
  const from = heads.first * block.ranks;
  return Array.from(block.positions.subarray(from, from + heads.count * block.ranks), (position) => place + position);
}
