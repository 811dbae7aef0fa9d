// The choices of rows that evaluation compares with and nobody is served: by the rows' tokens, by their keys, by what repeating the text attends to, or outlines in place of texts.
// Refuses to lay rows out.
import { digestOf } from '../base/digest.js';
import type { ContextPlan, Segment } from '../base/segment.js';
import { rowsKept, type AnchorBlock } from './anchors.js';
import { bestRanks, contextTokensOf, type Candidate, type Choice, type Load, type Unit } from './choose.js';
import type { ModelShape } from './graph/shape.js';
import type { Library } from './library.js';
import type { Repeating } from './repeating.js';
import type { Tokenizer } from './tokenizer.js';
import type { PolicyName } from './types.js';
import type { Dequantise } from './weighing.js';

export type Floor = Extract<PolicyName, 'every-kth' | 'newlines' | 'signatures' | 'key-difference' | 'repetition'>;

export class Floors {
  constructor(
    private readonly library: Library,
    private readonly tokenizer: Tokenizer,
    private readonly repeating: Repeating,
    private readonly shape: ModelShape,
    private readonly dequantise: Dequantise,
  ) {}

  /** At most `budget` rows for each head. Undefined when the store lost a block. */
  async choose(floor: Floor, candidates: readonly Candidate[], budget: number): Promise<Choice | undefined> {
    const load: Load = (candidate, ranks) => this.library.load(candidate, ranks);
    if (floor === 'key-difference') return chooseByDifference(candidates, load, this.dequantise, this.shape, budget);
    if (floor === 'repetition') return this.chooseByRepetition(candidates, budget);
    const picked = tokensPicked(floor, candidates, budget, (candidate) => this.textsOf(candidate));
    const choice: Uint32Array[][] = [];
    for (const [s, candidate] of candidates.entries()) {
      const ranks = ranksAt(load(candidate, candidate.tokens.length), this.shape.layers * this.shape.kvHeads, picked[s]);
      if (!ranks) return undefined;
      choice.push(ranks);
    }
    return choice;
  }

  /** The signatures of the plan's segments in place of these, at most `tokensMax` tokens, the last segments first. */
  outlinesOf(plan: ContextPlan, tokensMax: number): Unit[] {
    let left = tokensMax;
    return [...plan.segments]
      .reverse()
      .flatMap(({ segment, share }) => {
        const outline = outlineOf(segment);
        const tokens = this.library.tokensOf([outline]).slice(0, left);
        left -= tokens.length;
        return tokens.length === 0 ? [] : [{ segments: [outline], share, tokens }];
      })
      .reverse();
  }

  private async chooseByRepetition(candidates: readonly Candidate[], budget: number): Promise<Choice | undefined> {
    const weights: (readonly Float32Array[])[] = [];
    for (const candidate of candidates) {
      const own = await this.repeating.weightsOf(candidate);
      if (!own) return undefined;
      weights.push(own);
    }
    return bestRanks(weights, budget);
  }

  /** Token by token; a character split over tokens counts with the last of them. */
  private textsOf({ segments }: Candidate): TokenText[] {
    return segments.flatMap((segment) => this.textsIn(segment));
  }

  private textsIn(segment: Segment): TokenText[] {
    const texts: string[] = [];
    const decoder = new TextDecoder();
    for (const token of this.library.tokensOf([segment])) texts.push(decoder.decode(this.tokenizer.bytesOf(token), { stream: true }));
    // The file's name stands before the segment's text.
    let at = segment.text.length - texts.reduce((sum, text) => sum + text.length, 0);
    return texts.map((text) => {
      const [start, end] = [at, (at += text.length)];
      return { text, isSignature: start < 0 || segment.ranges.some((range) => (range.kind === 'signature' || range.kind === 'header') && start < range.end && end > range.start) };
    });
  }
}

function outlineOf(segment: Segment): Segment {
  const kept = segment.ranges.filter(({ kind }) => kind === 'header' || kind === 'signature');
  const text = kept.map(({ start, end }) => segment.text.slice(start, end).trimEnd()).join('\n');
  return { path: segment.path, text: `${text}\n`, ranges: [], digest: digestOf(segment.path, text) };
}

/** The floors that pick rows by their token: which tokens of a candidate, at most `budget` over all candidates. */
function tokensPicked(policy: Floor, candidates: readonly Candidate[], budget: number, textsOf: (candidate: Candidate) => readonly TokenText[]): Set<number>[] {
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
interface TokenText {
  readonly text: string;
  /** Whether it stands in a signature, or names the file. */
  readonly isSignature: boolean;
}

const everyKth = (tokens: number, share: number): number[] => {
  const count = rowsKept(tokens, share);
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * tokens) / count));
};

/** Ranks whose row stands at a picked token; every head must have all of them, so rows are read whole. Undefined when the store lost a block. */
function ranksAt(blocks: Iterable<AnchorBlock | undefined>, heads: number, picked: ReadonlySet<number>): Uint32Array[] | undefined {
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

/**
 * A floor that knows no query, KeyDiff (arXiv 2504.15364, section 3): over all candidates, each head's `budget` rows whose keys, before rotation,
 * have the smallest cosine with the mean of all normalised keys. Undefined when the store lost a block.
 */
function chooseByDifference(candidates: readonly Candidate[], load: Load, dequantise: Dequantise, shape: Pick<ModelShape, 'layers' | 'kvHeads' | 'headDim'>, budget: number): Choice | undefined {
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
  return weighed ? bestRanks(weights, budget) : undefined;
}

/** Normalises `vector` in place. */
function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector) || 1;
  for (let i = 0; i < vector.length; i++) vector[i] /= length;
  return vector;
}
