// Everything up to the cursor: composes the context, runs the local window over it, and keeps what typing lets it keep.
// Refuses to decode and to schedule: its caller's `turn` bounds and stops it.
import type { Clock } from '../base/clock.js';
import { RequestError } from '../base/errors.js';
import { contextTokensOf, type Candidate } from './choose.js';
import type { Contexts } from './contexts.js';
import type { ContextRows } from './context-rows.js';
import { Documents, type ComposedContext, type DocumentState, type HeldContext } from './documents.js';
import { headIndexOf, heal } from './heal.js';
import type { Turn } from './library.js';
import type { Model } from './model.js';
import type { PromptForm } from './prompt.js';
import type { Ranker, RankingQueries } from './ranker.js';
import type { WindowRows } from './rows.js';
import type { CompleteRequest, ContextForm } from './types.js';

/** `tokensMax`: of what is decoded behind the prompt. */
export type PromptRequest = Pick<CompleteRequest, 'client' | 'document' | 'prompt' | 'context'> & Partial<Pick<CompleteRequest, 'tokensMax'>>;

type ComposedForm = ContextForm & { readonly form: 'composed' };

/** Whether the prefix's last tokens are taken back where what follows could change them; a target is tokenised apart from the prefix. */
export type PrefixEnding = 'healed' | 'whole';

/** A document whose prompt was run; what follows the prefix stands in the window until `keptRows` cuts it away. */
export interface Prompted {
  readonly state: DocumentState;
  /** Logits after the whole prompt. */
  readonly logits: Float32Array;
  /** Bytes taken back from the prefix, with which the completion begins. */
  readonly pending: Uint8Array;
  /** The window's rows that typing keeps. */
  readonly keptRows: number;
  /** Position of the next token. */
  readonly next: number;
  readonly tokensPrefilled: number;
  readonly composeMs: number;
  readonly prefillMs: number;
}

/** The window's tokens. */
interface LaidOut {
  /** Context that is read causally, and the text up to the cursor: what typing keeps. */
  readonly wanted: readonly number[];
  readonly after: readonly number[];
  readonly pending: Uint8Array;
}

/** Left free behind a window when its context is composed, for what is typed there until it is composed anew; less where the model has few positions. */
const TYPING_POSITIONS = 1024;
/** So many of the prefix's last tokens choose rows, with the token that opens the middle. */
const PREFIX_QUERIES = 24;
const NO_BYTES = new Uint8Array(0);

export class Prompter {
  readonly documents: Documents;

  constructor(
    private readonly model: Model,
    private readonly form: PromptForm,
    private readonly sink: WindowRows,
    private readonly ranker: Ranker,
    private readonly contexts: Contexts,
    private readonly clock: Clock,
  ) {
    this.documents = new Documents(() => ({ context: undefined, base: sink.length, tokens: [], window: sink.copy() }));
  }

  async prompt(request: PromptRequest, ending: PrefixEnding, turn: Turn): Promise<Prompted> {
    const state = this.documents.get(request.client, request.document);
    const { context } = request;
    const startMs = this.clock.nowMs();
    const laidOut = this.layOut(request, ending);
    const left = this.positionsBeside(laidOut, request.tokensMax);
    let choosing = 0;
    if (context.form === 'composed') {
      const key = this.contexts.keyOf(context.plan, context.anchors);
      const isStale = state.context?.key !== key || state.base - this.sink.length > left || (!context.storedOnly && lacks(state.context, this.composable(context, left)));
      if (isStale) await this.open(state, key, context, left, turn);
      if (wantsQueries(context) && state.context?.settled === false) {
        const asked = await this.run(state, laidOut, PREFIX_QUERIES, turn);
        choosing = asked.tokensPrefilled;
        await this.choose(state, state.context, context, asked.queries!);
      }
    } else {
      this.rebase(state, undefined, this.sink.length);
    }
    const composedMs = this.clock.nowMs();
    const ran = await this.run(state, laidOut, 0, turn);
    return { state, ...ran, tokensPrefilled: choosing + ran.tokensPrefilled, composeMs: composedMs - startMs, prefillMs: this.clock.nowMs() - composedMs };
  }

  /** Whether the document's window may stay for the request: its rows are of the same plan, chosen by its cursor or not, and of as much of it as can be composed. */
  keepsWindow(request: PromptRequest & { readonly context: ComposedForm }): boolean {
    const { client, document, context } = request;
    const held = this.documents.known(client, document)?.context;
    return held?.key === this.contexts.keyOf(context.plan, context.anchors) && !lacks(held, this.candidates(request));
  }

  /** What of the plan is composed beside the request's window. RequestError as `prompt`. */
  candidates(request: PromptRequest & { readonly context: ComposedForm }): Candidate[] {
    return this.composable(request.context, this.positionsBeside(this.layOut(request, 'healed'), request.tokensMax));
  }

  /** Context that is read in the window itself, between sink and prompt. */
  causalTokens(context: ContextForm): readonly number[] {
    if (context.form === 'text') return this.model.tokenizer.encode(context.text);
    if (context.form === 'joint') return context.files.flatMap((file) => this.form.segment(file));
    return [];
  }

  rowsOf(state: DocumentState): ContextRows {
    return state.context?.rows ?? this.model.noContext;
  }

  private layOut({ prompt, context }: PromptRequest, ending: PrefixEnding): LaidOut {
    const { tokenizer, headIds } = this.model;
    const { ids, pending } = ending === 'healed' ? heal(prompt.prefix, tokenizer, headIndexOf(tokenizer, headIds)) : { ids: tokenizer.encode(prompt.prefix), pending: NO_BYTES };
    return { wanted: [...this.causalTokens(context), ...this.form.beforePrefix(prompt), ...ids], after: this.form.afterPrefix(prompt), pending };
  }

  /** How many positions are left for composed context. RequestError where the window alone takes more than there are. */
  private positionsBeside({ wanted, after }: LaidOut, tokensMax = 0): number {
    const { positionsMax } = this.model.manifest.shape;
    const left = positionsMax - this.sink.length - wanted.length - after.length - tokensMax;
    if (left < 0) throw new RequestError(`what the model is to read as text is longer than its ${positionsMax} positions: lower prefixTokensMax, importTokensMax and suffixTokensMax (--tokens and --prefix of kedge eval), or choose another model`);
    return left;
  }

  /** The plan's segments, without the first ones, the least relevant, where they would leave the window too few of the positions `left` beside it. */
  private composable({ plan, anchors }: ComposedForm, left: number): Candidate[] {
    return this.contexts.candidates(plan, anchors, left - Math.min(TYPING_POSITIONS, this.model.manifest.shape.positionsMax >> 3));
  }

  /** Composes a document's context anew, without what the store has no room for; without any context where another process just took it away. */
  private async open(state: DocumentState, key: string, context: ComposedForm, left: number, turn: Turn): Promise<void> {
    const wanted = this.composable(context, left);
    const candidates = await this.contexts.fill(wanted, context.anchors, context.storedOnly ? undefined : turn);
    const isPartial = context.storedOnly === true && candidates.length < wanted.length;
    const composed = await this.contexts.compose({ key, candidates, tokensWanted: contextTokensOf(wanted), isPartial }, context.anchors, undefined);
    if (composed) this.rebase(state, composed, this.sink.length + candidates.reduce((sum, { tokens }) => sum + tokens.length, 0));
    else this.rebase(state, this.withoutContext(key), this.sink.length);
  }

  /** Rows of the same candidates, chosen by the cursor's queries. The window stays as it was read: it has nothing to gain from the choice (record 0018). */
  private async choose(state: DocumentState, opened: ComposedContext, context: ComposedForm, queries: RankingQueries): Promise<void> {
    const chosen = await this.contexts.compose(opened, context.anchors, queries);
    if (!chosen) return this.rebase(state, this.withoutContext(opened.key), this.sink.length);
    opened.rows.close();
    state.context = chosen;
  }

  /** Partial, so that the next rest reads again what was lost. */
  private withoutContext(key: string): ComposedContext {
    return { key, candidates: [], tokensWanted: 0, rows: this.model.noContext, rowsPerCandidate: [], rowsHeldMax: 0, isPartial: true, settled: true };
  }

  /** The window's rows saw the older context at older places: they are forgotten. */
  private rebase(state: DocumentState, context: ComposedContext | undefined, base: number): void {
    if (state.context === context && state.base === base) return;
    if (state.context !== context) state.context?.rows.close();
    state.context = context;
    state.base = base;
    state.tokens = [];
    state.window.truncate(this.sink.length);
  }

  /** Runs what the window lacks and what follows the prefix; `queryCount` of the prefix's last tokens run again for their queries. */
  private async run(state: DocumentState, { wanted, after, pending }: LaidOut, queryCount: number, turn: Turn): Promise<Omit<Prompted, 'state' | 'composeMs' | 'prefillMs'> & { readonly queries?: RankingQueries }> {
    // The last run holds what follows the prefix, and of the prefix what is asked for queries; it is never empty.
    const tail = Math.max(0, wanted.length - Math.max(queryCount, after.length === 0 ? 1 : 0));
    const kept = Math.min(tail, sharedLength(wanted, state.tokens));
    state.tokens.length = kept;
    state.window.truncate(this.sink.length + kept);
    while (state.tokens.length < tail) await turn((chunkMax) => this.append(state, wanted.slice(state.tokens.length, Math.min(tail, state.tokens.length + chunkMax))));

    const last = [...wanted.slice(tail), ...after];
    const positions = last.map((_, i) => state.base + tail + i);
    const asking = queryCount === 0 ? [] : [...wanted.slice(tail).map((_, i) => i), ...(after.length > 0 ? [last.length - 1] : [])];
    const result = await turn(() =>
      this.model.forward({ tokens: last, positions, context: this.rowsOf(state), window: state.window, logits: [last.length - 1], queries: asking }),
    );
    state.window.append(result.rows, positions);
    state.tokens = [...wanted];
    return {
      logits: result.logits,
      pending,
      keptRows: this.sink.length + wanted.length,
      next: state.base + tail + last.length,
      tokensPrefilled: wanted.length - kept + after.length,
      queries: queryCount === 0 ? undefined : this.ranker.prepare(result.queries, asking.map((i) => positions[i])),
    };
  }

  private async append(state: DocumentState, chunk: readonly number[]): Promise<void> {
    const positions = chunk.map((_, i) => state.base + state.tokens.length + i);
    const { rows } = await this.model.forward({ tokens: chunk, positions, context: this.rowsOf(state), window: state.window });
    state.window.append(rows, positions);
    state.tokens.push(...chunk);
  }
}

/** Whether a context is without segments that were not stored when it was composed, or found no positions beside a longer window. */
const lacks = ({ isPartial, tokensWanted }: HeldContext, wanted: readonly Candidate[]): boolean => isPartial || contextTokensOf(wanted) > tokensWanted;

const wantsQueries = (context: ContextForm): boolean => context.form === 'composed' && context.anchors.policy === 'two-stage' && context.anchors.state === 'warm' && context.plan.segments.length > 0;

function sharedLength(a: readonly number[], b: readonly number[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}
