// From a plan to composed rows: makes candidates of its segments, reads what the store lacks, chooses, composes.
// Refuses to run the local window.
import { digestOf } from '../base/digest.js';
import type { ContextPlan, PlannedSegment, Segment } from '../base/segment.js';
import { rowsKept } from './anchors.js';
import { chooseByDifference, chooseByQueries, choiceByOrder, contextTokensOf, ranksAt, residentBudget, rowsHeldChoosing, spreadByOrder, tokensPicked, type Candidate, type Choice, type Load, type TokenTexts } from './choose.js';
import { ROWS_HELD_COMPOSING, type Composer } from './compose.js';
import type { ComposedContext } from './documents.js';
import type { Library, Turn } from './library.js';
import type { Ranker, RankingQueries } from './ranker.js';
import type { ContextRows, WindowRows } from './rows.js';
import type { Tokenizer } from './tokenizer.js';
import type { AnchorSettings } from './types.js';

/** What these compose is all that was read, whatever the plan would load of it. */
const EVERY_ROW: readonly AnchorSettings['policy'][] = ['every-row', 'outline-text'];
const FLOORS_OF_TOKENS: readonly AnchorSettings['policy'][] = ['every-kth', 'newlines', 'signatures'];

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
    return digestOf(JSON.stringify([policy, residentShare, storedShare, plan.segments.map(({ segment, share }) => [segment.digest, share])]));
  }

  /** The plan's segments at their places behind the sink, in order; without its first ones, the least relevant, where the model has too few positions. */
  candidates(plan: ContextPlan, settings: AnchorSettings): Candidate[] {
    const recipeShare = this.recipeShare(settings);
    let place = this.sink.length;
    return lastWithin(segmentsFor(plan, settings, (segment) => this.library.tokensOf(segment)), this.contextTokensMax).map(({ segment, tokens, share }) => {
      const ranksMax = EVERY_ROW.includes(settings.policy) ? tokens.length : Math.max(1, Math.round(rowsKept(tokens.length, settings.storedShare) * share));
      const candidate = { segment, key: this.library.keyOf(tokens, recipeShare), tokens, place, ranksMax };
      place += tokens.length;
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
      place += tokens.length;
    }
    return held;
  }

  /** Composes `candidates`, of which `isPartial` says that they are not all of the plan's; `queries` is absent for a document that was just opened. Undefined when the store lost (or never had room for) a candidate. */
  async compose(key: string, candidates: readonly Candidate[], isPartial: boolean, settings: AnchorSettings, queries: RankingQueries | undefined, older: ContextRows | undefined): Promise<ComposedContext | undefined> {
    const choice = await this.choose(candidates, settings, queries);
    if (!choice) return undefined;
    const composition = this.composer.compose(candidates, choice, this.load, older);
    if (!composition) return undefined;
    const { rows, rowsPerCandidate } = composition;
    const piecesHeld = settings.policy === 'two-stage' ? rowsHeldChoosing(this.composer.heads) : ROWS_HELD_COMPOSING;
    const olderHeld = older && older !== rows && !older.isNone ? older.rows : 0;
    return { key, candidates, rows, rowsPerCandidate, rowsHeldMax: rows.isNone ? 0 : rows.rows + piecesHeld + olderHeld, isPartial, settled: queries !== undefined };
  }

  private async choose(candidates: readonly Candidate[], settings: AnchorSettings, queries: RankingQueries | undefined): Promise<Choice | undefined> {
    const { policy, residentShare } = settings;
    const dequantise = this.composer.dequantiseKeys.bind(this.composer);
    if (policy === 'key-difference') return chooseByDifference(candidates, this.load, dequantise, this.composer.shape, residentBudget(contextTokensOf(candidates), residentShare, ROWS_HELD_COMPOSING));
    if (policy === 'two-stage') {
      const budget = residentBudget(contextTokensOf(candidates), residentShare, rowsHeldChoosing(this.composer.heads));
      if (!queries) return spreadByOrder(candidates, budget);
      const sinkMass = this.ranker.massOfWindow(this.sink, queries);
      return chooseByQueries(this.ranker, candidates, this.load, dequantise, queries, sinkMass, budget);
    }
    if (!FLOORS_OF_TOKENS.includes(policy)) return choiceByOrder(candidates, settings);
    const picked = tokensPicked(policy, candidates, residentShare, (candidate) => this.textsOf(candidate));
    const choice: Uint32Array[][] = [];
    for (const [s, candidate] of candidates.entries()) {
      const ranks = ranksAt(this.load(candidate, candidate.tokens.length), this.composer.heads, picked[s]);
      if (!ranks) return undefined;
      choice.push(ranks);
    }
    return choice;
  }

  private readonly load: Load = (candidate, ranks) => this.library.load(candidate, ranks);

  /** Token by token; a character split over tokens counts with the last of them. */
  private textsOf(candidate: Candidate): TokenTexts {
    const texts: string[] = [];
    const decoder = new TextDecoder();
    for (const token of candidate.tokens) texts.push(decoder.decode(this.tokenizer.bytesOf(token), { stream: true }));
    const length = texts.reduce((sum, text) => sum + text.length, 0);
    const starts: number[] = [];
    let at = candidate.segment.text.length - length;
    for (const text of texts) {
      starts.push(at);
      at += text.length;
    }
    return { starts, texts };
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

/** The plan's segments with their tokens; for the floor `outline-text` only signatures, within the budget, the last segments first. */
function segmentsFor(plan: ContextPlan, settings: AnchorSettings, tokensOf: (segment: Segment) => number[]): { segment: Segment; tokens: number[]; share: number }[] {
  const whole = plan.segments.map(({ segment, share }: PlannedSegment) => ({ segment, share, tokens: tokensOf(segment) }));
  if (settings.policy !== 'outline-text') return whole;
  let left = residentBudget(whole.reduce((sum, { tokens }) => sum + tokens.length, 0), settings.residentShare, ROWS_HELD_COMPOSING);
  return whole
    .reverse()
    .flatMap(({ segment, share }) => {
      const outline = outlineOf(segment);
      const tokens = tokensOf(outline).slice(0, left);
      left -= tokens.length;
      return tokens.length === 0 ? [] : [{ segment: outline, share, tokens }];
    })
    .reverse();
}

function outlineOf(segment: Segment): Segment {
  const kept = segment.ranges.filter(({ kind }) => kind === 'header' || kind === 'signature');
  const text = kept.map(({ start, end }) => segment.text.slice(start, end).trimEnd()).join('\n');
  return { path: segment.path, text: `${text}\n`, ranges: [], digest: digestOf(segment.path, text) };
}
