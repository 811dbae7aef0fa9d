// From a plan to composed rows: makes candidates of its segments, reads what the store lacks, chooses, composes.
// Refuses to run the local window.
import { digestOf } from '../base/digest.js';
import { readTogether, type ContextPlan, type Segment } from '../base/segment.js';
import { rowsKept } from './anchors.js';
import { chooseByQueries, firstOfEach, spreadByOrder, type Candidate, type Choice, type Load, type Unit } from './choose.js';
import type { Composer } from './compose.js';
import { rowsWithin } from './context-rows.js';
import type { ComposedContext, HeldContext } from './documents.js';
import type { Floors } from './floors.js';
import type { Library, Turn } from './library.js';
import type { RankingQueries } from './ranker.js';
import type { WindowRows } from './rows.js';
import type { AnchorSettings } from './types.js';
import { rowsHeldWeighing, type Weighing } from './weighing.js';

/** What these compose is all that was read, whatever the plan would load of it. */
const EVERY_ROW: readonly AnchorSettings['policy'][] = ['every-row', 'outline-text'];

export class Contexts {
  constructor(
    private readonly library: Library,
    private readonly composer: Composer,
    private readonly weighing: Weighing,
    private readonly floors: Floors,
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

  /** The plan's segments at their places behind the sink, in order; without its first ones, the least relevant, where the model has too few positions, or `tokensMax` leaves too few. */
  candidates(plan: ContextPlan, settings: AnchorSettings, tokensMax = Infinity): Candidate[] {
    const recipeShare = this.recipeShare(settings);
    let place = this.sink.length;
    const nearestFirst = firstWithin([...this.unitsOf(plan, settings)].reverse(), ({ tokens }) => tokens.length, Math.min(this.contextTokensMax, tokensMax));
    return [...nearestFirst].reverse().map(({ segments, tokens, share }) => {
      const ranksMax = EVERY_ROW.includes(settings.policy) ? tokens.length : Math.max(1, Math.round(rowsKept(tokens.length, settings.storedShare) * share));
      const candidate = { segments, key: this.library.keyOf(tokens, recipeShare), tokens, place, ranksMax };
      place += tokens.length;
      return candidate;
    });
  }

  /** Of a plan's segments, the nearest first, those for which the model has positions beside a short window. */
  withinPositions(together: readonly (readonly Segment[])[]): readonly (readonly Segment[])[] {
    return firstWithin(together, (segments) => this.library.tokensOf(segments).length, this.contextTokensMax);
  }

  /** Reads the candidates that the store lacks, where there is a `turn` for it, the nearest first; returns those that it then holds, behind one another. */
  async fill(candidates: readonly Candidate[], settings: AnchorSettings, turn: Turn | undefined): Promise<Candidate[]> {
    const needed = new Set(candidates.map(({ key }) => key));
    const held = new Set<Candidate>();
    for (const candidate of [...candidates].reverse()) {
      const { key, tokens } = candidate;
      if (this.library.holds(key) || (turn && (await this.library.read(key, tokens, this.recipeShare(settings), needed, turn)) === 'stored')) held.add(candidate);
    }
    let place = this.sink.length;
    return candidates.filter((candidate) => held.has(candidate)).map((candidate) => {
      const placed = { ...candidate, place };
      place += candidate.tokens.length;
      return placed;
    });
  }

  /** Composes what is held of a context, within the share of all that it wants. `queries` is absent for a document that was just opened. Undefined when the store lost (or never had room for) a candidate. */
  async compose(held: HeldContext, settings: AnchorSettings, queries: RankingQueries | undefined): Promise<ComposedContext | undefined> {
    const { candidates } = held;
    const budget = rowsWithin(this.composer.shape, held.tokensWanted * settings.residentShare);
    const isWhole = candidates.reduce((sum, { ranksMax }) => sum + ranksMax, 0) <= budget;
    const choice = settings.policy === 'two-stage' && isWhole ? candidates.map(({ ranksMax }) => ranksMax) : await this.choose(candidates, settings.policy, budget, queries);
    const composition = choice && this.composer.compose(candidates, choice, this.load);
    if (!composition) return undefined;
    const { rows, rowsPerCandidate } = composition;
    const weighed = queries && !isWhole && !rows.isNone ? rowsHeldWeighing(this.composer.heads) : 0;
    return { ...held, rows, rowsPerCandidate, rowsHeldMax: Math.max(rows.rowsHeldMax, weighed), settled: isWhole || queries !== undefined };
  }

  private choose(candidates: readonly Candidate[], policy: AnchorSettings['policy'], budget: number, queries: RankingQueries | undefined): Choice | Promise<Choice | undefined> {
    switch (policy) {
      case 'two-stage':
        return queries ? chooseByQueries(this.weighing, candidates, queries, this.weighing.ranker.massOfWindow(this.sink, queries), budget) : spreadByOrder(candidates, budget);
      case 'stored-order':
        return firstOfEach(candidates, budget);
      case 'all-stored':
      case 'every-row':
      case 'outline-text':
        return candidates.map(({ ranksMax }) => ranksMax);
      default:
        return this.floors.choose(policy, candidates, budget);
    }
  }

  private unitsOf(plan: ContextPlan, settings: AnchorSettings): Unit[] {
    if (settings.policy === 'outline-text') return this.floors.outlinesOf(plan, rowsWithin(this.composer.shape, plan.tokens * settings.residentShare));
    return readTogether(plan.segments).map((together) => {
      const segments = together.map(({ segment }) => segment);
      return { segments, tokens: this.library.tokensOf(segments), share: Math.max(...together.map(({ share }) => share)) };
    });
  }

  private readonly load: Load = (candidate, ranks) => this.library.load(candidate, ranks);

  private recipeShare(settings: AnchorSettings): number {
    return this.storedShare ?? settings.storedShare;
  }
}

/** As many of the first as have at most `tokensMax` tokens together. */
function firstWithin<T>(list: readonly T[], tokensOf: (one: T) => number, tokensMax: number): readonly T[] {
  let left = tokensMax;
  const end = list.findIndex((one) => (left -= tokensOf(one)) < 0);
  return end < 0 ? list : list.slice(0, end);
}
