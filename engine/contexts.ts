// From a plan to composed rows: makes candidates of its segments, reads what the store lacks, chooses, composes.
// Refuses to run the local window.
import { digestOf } from '../base/digest.js';
import { readTogether, type ContextPlan, type Segment } from '../base/segment.js';
import { BLOCK_RANKS, rowsKept } from './anchors.js';
import { chooseByDifference, chooseByQueries, choiceByOrder, contextTokensOf, ranksAt, rowsHeldChoosing, spreadByOrder, tokensPicked, type Candidate, type Choice, type Load, type TokenText } from './choose.js';
import type { Composer } from './compose.js';
import { experiment } from './experiment.js';
import { rowsHeldLaying, rowsHeldRunning } from './context-rows.js';
import type { ComposedContext } from './documents.js';
import type { Library, Turn } from './library.js';
import type { Ranker, RankingQueries } from './ranker.js';
import type { WindowRows } from './rows.js';
import type { Tokenizer } from './tokenizer.js';
import type { AnchorSettings } from './types.js';

/** What these compose is all that was read, whatever the plan would load of it. */
const EVERY_ROW: readonly AnchorSettings['policy'][] = ['every-row', 'outline-text'];
const FLOORS_OF_TOKENS: readonly AnchorSettings['policy'][] = ['every-kth', 'newlines', 'signatures'];

/** Digests of segments that the surroundings of the cursor mention. */
export const mentionedNow = new Set<string>();

export class Contexts {
  constructor(
    private readonly library: Library,
    private readonly composer: Composer,
    private readonly ranker: Ranker,
    private readonly tokenizer: Tokenizer,
    private readonly sink: WindowRows,
    /** Share of rows under which entries are stored; undefined: the settings'. */
    private readonly storedShare: number | undefined,
    /** Positions that context may take: what the model has, less the window's. */
    private readonly contextTokensMax: number,
  ) {}

  /** Changes with everything that the composed rows depend on, the cursor's queries apart. */
  keyOf(plan: ContextPlan, settings: AnchorSettings): string {
    const { policy, residentShare, storedShare } = settings;
    return digestOf(JSON.stringify([policy, residentShare, storedShare, plan.segments.map(({ segment, share, group }) => [segment.digest, share, group])]));
  }

  /** The plan's segments at their places behind the sink, in order; without its first ones, the least relevant, where the model has too few positions. */
  candidates(plan: ContextPlan, settings: AnchorSettings): Candidate[] {
    const recipeShare = this.recipeShare(settings);
    let place = this.sink.length;
    return lastWithin(this.unitsOf(plan, settings), this.contextTokensMax).map(({ segments, tokens, share }) => {
      const ranksMax = EVERY_ROW.includes(settings.policy) ? tokens.length : Math.max(1, Math.round(rowsKept(tokens.length, settings.storedShare) * share));
      const candidate = { segments, key: this.library.keyOf(tokens, recipeShare), tokens, place, ranksMax };
      place += tokens.length + experiment.gap;
      return candidate;
    });
  }

  /** Reads the candidates that the store lacks, where there is a `turn` for it; returns those that it then holds, behind one another. */
  async fill(candidates: readonly Candidate[], settings: AnchorSettings, turn: Turn | undefined): Promise<Candidate[]> {
    const held: Candidate[] = [];
    let place = this.sink.length;
    for (const candidate of candidates) {
      const { key, tokens } = candidate;
      if (!this.library.holds(key) && (!turn || (await this.library.read(key, tokens, this.recipeShare(settings), turn)) === 'full')) continue;
      held.push({ ...candidate, place });
      place += tokens.length + experiment.gap;
    }
    return held;
  }

  /** Composes `candidates`, of `wanted` those that are held; `isPartial` says that the others are still to be read. `queries` is absent for a document that was just opened. Undefined when the store lost (or never had room for) a candidate. */
  async compose(key: string, candidates: readonly Candidate[], wanted: readonly Candidate[], isPartial: boolean, settings: AnchorSettings, queries: RankingQueries | undefined): Promise<ComposedContext | undefined> {
    const budget = this.rowsWithin(contextTokensOf(wanted) * settings.residentShare);
    const isWhole = candidates.reduce((sum, { ranksMax }) => sum + ranksMax, 0) <= budget;
    const choice = settings.policy === 'two-stage' && isWhole ? candidates.map(({ ranksMax }) => ranksMax) : await this.choose(candidates, settings.policy, budget, queries);
    const composition = choice && this.composer.compose(candidates, choice, this.load);
    if (!composition) return undefined;
    const { rows, rowsPerCandidate } = composition;
    const { shape, heads } = this.composer;
    const held = [rowsHeldRunning(shape, rows.rows), rowsHeldLaying(shape, rows.rows) + BLOCK_RANKS, queries && !isWhole ? rowsHeldChoosing(heads) : 0];
    return { key, candidates, rows, rowsPerCandidate, rowsHeldMax: rows.isNone ? 0 : Math.max(...held), isPartial, settled: isWhole || queries !== undefined };
  }

  /** How many rows may be composed so that at most `held` are in memory at any moment; a block is held while they are laid. */
  private rowsWithin(held: number): number {
    const { shape } = this.composer;
    return Math.max(BLOCK_RANKS, Math.floor(Math.min(held / rowsHeldRunning(shape, 1), (held - BLOCK_RANKS) / rowsHeldLaying(shape, 1))));
  }

  private async choose(candidates: readonly Candidate[], policy: AnchorSettings['policy'], budget: number, queries: RankingQueries | undefined): Promise<Choice | undefined> {
    const dequantise = this.composer.dequantiseKeys.bind(this.composer);
    if (policy === 'key-difference') return chooseByDifference(candidates, this.load, dequantise, this.composer.shape, budget);
    if (policy === 'two-stage') {
      if (!queries) return spreadByOrder(candidates, budget);
      const sinkMass = this.ranker.massOfWindow(this.sink, queries);
      return chooseByQueries(this.ranker, candidates, this.load, dequantise, queries, sinkMass, budget, (candidate) => this.factorsOf(candidate), isMentioned);
    }
    if (!FLOORS_OF_TOKENS.includes(policy)) return choiceByOrder(candidates, policy, budget);
    const picked = tokensPicked(policy, candidates, budget, (candidate) => this.textsOf(candidate));
    const choice: Uint32Array[][] = [];
    for (const [s, candidate] of candidates.entries()) {
      const ranks = ranksAt(this.load(candidate, candidate.tokens.length), this.composer.heads, picked[s]);
      if (!ranks) return undefined;
      choice.push(ranks);
    }
    return choice;
  }

  /** What of the plan is read one by one, with its tokens; for the floor `outline-text` only signatures, within the budget, the last segments first. */
  private unitsOf(plan: ContextPlan, settings: AnchorSettings): { segments: readonly Segment[]; tokens: number[]; share: number }[] {
    if (settings.policy !== 'outline-text') return readTogether(plan.segments).map((together) => {
      const segments = together.map(({ segment }) => segment);
      return { segments, tokens: this.library.tokensOf(segments), share: Math.max(...together.map(({ share }) => share)) };
    });
    let left = this.rowsWithin(plan.tokens * settings.residentShare);
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

  private readonly load: Load = (candidate, ranks) => this.library.load(candidate, ranks);

  private factorsOf(candidate: Candidate): Float32Array | undefined {
    const { signatureFactor, mentionedFactor, nameFactor, importFactor, docFactor } = experiment;
    if ([signatureFactor, mentionedFactor, nameFactor, importFactor, docFactor].every((factor) => factor === 1)) return undefined;
    const own = isMentioned(candidate) ? mentionedFactor : 1;
    return Float32Array.from(this.textsOf(candidate), ({ isSignature, isName, isImport, isDoc }) => own * (isSignature ? signatureFactor : 1) * (isName ? nameFactor : 1) * (isImport ? importFactor : 1) * (isDoc ? docFactor : 1));
  }

  /** Token by token; a character split over tokens counts with the last of them. */
  private textsOf({ segments }: Candidate): TokenText[] {
    return segments.flatMap((segment) => {
      const texts: string[] = [];
      const decoder = new TextDecoder();
      for (const token of this.library.tokensOf([segment])) texts.push(decoder.decode(this.tokenizer.bytesOf(token), { stream: true }));
      // The file's name stands before the segment's text.
      const names = namesOf(segment);
      let at = segment.text.length - texts.reduce((sum, text) => sum + text.length, 0);
      return texts.map((text) => {
        const [start, end] = [at, (at += text.length)];
        const within = (kind: string) => segment.ranges.some((range) => range.kind === kind && start < range.end && end > range.start);
        return { text, isName: names.some((name) => start < name.end && end > name.start), isImport: within('import'), isDoc: within('doc'), isSignature: start < 0 || segment.ranges.some((range) => (range.kind === 'signature' || range.kind === 'header') && start < range.end && end > range.start) };
      });
    });
  }

  private recipeShare(settings: AnchorSettings): number {
    return this.storedShare ?? settings.storedShare;
  }
}

/** As many of the last segments as have at most `tokensMax` tokens together. */
function lastWithin<T extends { readonly tokens: readonly number[] }>(segments: readonly T[], tokensMax: number): readonly T[] {
  let left = tokensMax;
  let first = segments.length;
  while (first > 0 && segments[first - 1].tokens.length <= left) left -= segments[--first].tokens.length;
  return segments.slice(first);
}

function outlineOf(segment: Segment): Segment {
  const kept = segment.ranges.filter(({ kind }) => kind === 'header' || kind === 'signature');
  const text = kept.map(({ start, end }) => segment.text.slice(start, end).trimEnd()).join('\n');
  return { path: segment.path, text: `${text}\n`, ranges: [], digest: digestOf(segment.path, text) };
}

export const isMentioned = ({ segments }: Candidate) => segments.some(({ digest }) => mentionedNow.has(digest));

const notNames = new Set('export default async await function class def const let var public private protected static readonly abstract interface type enum declare get set namespace override new struct fn pub impl func'.split(' '));
/** Where each signature declares its name: its first identifier that is no modifier, decorators left out. */
function namesOf(segment: Segment): { start: number; end: number }[] {
  return segment.ranges.flatMap(({ kind, start, end }) => {
    if (kind !== 'signature') return [];
    const text = segment.text.slice(start, end).replace(/^[ \t]*@.*$/gm, (line) => ' '.repeat(line.length));
    for (const { 0: word, index } of text.matchAll(/[\p{L}_$][\p{L}\p{N}_$]*/gu)) if (!notNames.has(word)) return [{ start: start + index, end: start + index + word.length }];
    return [];
  });
}
