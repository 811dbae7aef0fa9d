// The engine in this thread: requests in, text and figures out. One use of the model at a time; what was read is kept per document.
// Refuses to know where it runs: worker.ts moves it off the caller's thread.
import { systemClock, type Clock } from '../base/clock.js';
import { UserError } from '../base/errors.js';
import type { LocalPrompt } from '../base/segment.js';
import { SegmentReader } from './anchors.js';
import type { Candidate } from './choose.js';
import { Composer } from './compose.js';
import { Contexts } from './contexts.js';
import { decode } from './decode.js';
import { Documents, type ComposedContext, type DocumentState } from './documents.js';
import { kvFigures, served } from './figures.js';
import { readCalibration } from './graph/calibrate.js';
import { headIndexOf, heal } from './heal.js';
import { Library, type Turn } from './library.js';
import { Model } from './model.js';
import { PromptForm } from './prompt.js';
import { Ranker, type RankingQueries } from './ranker.js';
import { retokenise } from './graph/_dev.js';
import type { WindowRows } from './rows.js';
import { logProb } from './sample.js';
import { SegmentStore } from './store/store.js';
import { Turns } from './turns.js';
import type { CompleteRequest, CompleteResult, ContextForm, Engine, EngineInfo, EngineOptions, LikelihoodRequest, LikelihoodResult, Priority, ReadReport, ReadRequest } from './types.js';

/** Tokens in one run: few over context rows or soon after an edit, so that a request waits little; more when idle. */
const CHUNK_SMALL = 64;
const CHUNK_LARGE = 256;
const EDIT_RECENT_MS = 2000;
/** Of the prefix; with the token that opens the middle these choose rows. */
const PREFIX_QUERIES = 5;

/** What a request's prompt needs to decode from. */
interface Prompted {
  readonly state: DocumentState;
  /** Logits after the whole prompt. */
  readonly logits: Float32Array;
  readonly pending: Uint8Array;
  /** Window rows of the prompt's part that typing keeps; what follows is cut away afterwards. */
  readonly kept: number;
  /** Position of the next token. */
  readonly next: number;
  readonly tokensPrefilled: number;
  readonly composeMs: number;
  readonly prefillMs: number;
}

/** Thrown inside a request whose wait is over. */
class WaitOver extends Error {}

export class LocalEngine implements Engine {
  private readonly turns = new Turns();
  private readonly documents: Documents;
  private lastRequestMs = -Infinity;
  private readonly continuing = new Map<string, Promise<void>>();

  private constructor(
    private readonly options: EngineOptions,
    private readonly model: Model,
    private readonly form: PromptForm,
    private readonly sink: WindowRows,
    private readonly ranker: Ranker,
    private readonly library: Library,
    private readonly contexts: Contexts,
    private readonly clock: Clock,
  ) {
    this.documents = new Documents(() => ({ context: undefined, base: sink.length, tokens: [], window: sink.copy() }));
  }

  static async open(options: EngineOptions, clock: Clock = systemClock): Promise<LocalEngine> {
    const model = await Model.open(options.convertedDir, { threads: options.threads });
    const { shape } = model.manifest;
    const calibration = readCalibration(options.convertedDir, shape);
    const form = new PromptForm(model.tokenizer, model.manifest.fim);
    const positions = form.sink.map((_, i) => i);
    const { rows } = await model.forward({ tokens: form.sink, positions, context: model.noContext, window: model.newWindow() });
    const sink = model.newWindow();
    sink.append(rows, positions);
    const ranker = await Ranker.open(shape, model.rotation, { threads: options.threads });
    const store = SegmentStore.open(options.storeDir, { bytesMax: options.storeBytesMax, protectOwn: options.protectOwn ?? true });
    const library = new Library(model, form, new SegmentReader(model, ranker, calibration, sink), store);
    const contexts = new Contexts(library, new Composer(shape, model.rotation, calibration), ranker, model.tokenizer, sink, options.storedShare);
    return new LocalEngine(options, model, form, sink, ranker, library, contexts, clock);
  }

  info(): Promise<EngineInfo> {
    const { manifest, tokenizer } = this.model;
    return Promise.resolve({
      model: manifest.shape.name,
      architecture: manifest.shape.architecture,
      layers: manifest.shape.layers,
      kvHeads: manifest.shape.kvHeads,
      headDim: manifest.shape.headDim,
      vocabularySize: tokenizer.vocabularySize,
      headTokens: manifest.headTokens,
      fillInTheMiddle: manifest.fim !== null,
      numericClass: this.model.numericClass,
      rssBytes: process.memoryUsage.rss(),
      store: this.library.store.stats(),
    });
  }

  countTokens(texts: readonly string[]): Promise<readonly number[]> {
    return Promise.resolve(texts.map((text) => this.model.tokenizer.encode(text).length));
  }

  async read(request: ReadRequest, signal?: AbortSignal, onProgress: (done: number, total: number) => void = () => {}): Promise<ReadReport> {
    const startMs = this.clock.nowMs();
    const share = this.options.storedShare ?? request.storedShare ?? STORED_SHARE_DEFAULT;
    const tokenised = request.segments.map((segment) => this.library.tokensOf(segment));
    const total = tokenised.reduce((sum, tokens) => sum + tokens.length, 0);
    const report = { segmentsEncoded: 0, segmentsReused: 0, segmentsLeftOut: 0, tokensEncoded: 0, rowsStored: 0, storeBytes: 0 };
    let done = 0;
    for (const tokens of tokenised) {
      const key = this.library.keyOf(tokens, share);
      if (tokens.length > 0 && this.library.holds(key)) report.segmentsReused++;
      else if (tokens.length > 0) {
        const turn: Turn = (run) => this.turns.take(request.priority, signal, () => run(this.chunk()));
        if ((await this.library.read(key, tokens, share, turn)) === 'stored') {
          report.segmentsEncoded++;
          report.tokensEncoded += tokens.length;
        } else report.segmentsLeftOut++;
      }
      if (this.library.holds(key)) {
        report.rowsStored += Math.max(1, Math.floor(tokens.length * share));
        report.storeBytes += this.library.bytesStored(tokens.length, share);
      }
      onProgress((done += tokens.length), total);
    }
    this.library.store.flush();
    return { segments: tokenised.length, tokens: total, ...report, seconds: (this.clock.nowMs() - startMs) / 1000 };
  }

  async complete(request: CompleteRequest, signal?: AbortSignal): Promise<CompleteResult> {
    const startMs = this.clock.nowMs();
    this.lastRequestMs = startMs;
    return this.turns.take('completion', signal, async () => {
      const deadlineMs = request.waitMsMax > 0 ? startMs + request.waitMsMax : Infinity;
      let prompted: Prompted;
      try {
        prompted = await this.prompt(request, this.turnUntil(deadlineMs, signal), signal);
      } catch (error) {
        if (!(error instanceof WaitOver)) throw error;
        this.continueReading(request);
        return this.incomplete(request, startMs);
      }
      const { state, kept } = prompted;
      let next = prompted.next;
      const source = {
        logits: async (tokens: readonly number[]): Promise<Float32Array> => {
          const positions = tokens.map((_, i) => next + i);
          const { rows, logits } = await this.model.forward({ tokens, positions, context: this.rowsOf(state), window: state.window, logits: [tokens.length - 1] });
          state.window.append(rows, positions);
          next += tokens.length;
          return logits;
        },
      };
      const beforeDecodeMs = this.clock.nowMs();
      const bytesResident = { peak: 0 };
      try {
        const { prefix, suffix } = request.prompt;
        const { tokenizer, headIds } = this.model;
        const { stop, tokensMax, decodeMsMax, confidenceFloor } = request;
        const decoded = await decode(source, { first: prompted.logits, pending: prompted.pending, tokenizer, headIds, prefix, suffix, stop, tokensMax, decodeMsMax, confidenceFloor, clock: this.clock, signal });
        bytesResident.peak = state.window.bytes;
        return {
          text: decoded.text,
          complete: true,
          context: served(state.context, request.context),
          timing: {
            composeMs: prompted.composeMs,
            prefillMs: prompted.prefillMs,
            firstTokenMs: beforeDecodeMs - startMs + decoded.firstTokenMs,
            totalMs: this.clock.nowMs() - startMs,
          },
          tokensPrefilled: prompted.tokensPrefilled,
          tokensDecoded: decoded.tokens,
          confidence: decoded.confidence,
          kv: this.kv(state, request.context),
        };
      } finally {
        state.window.truncate(kept);
      }
    });
  }

  async likelihood(request: LikelihoodRequest, signal?: AbortSignal): Promise<LikelihoodResult> {
    return this.turns.take('completion', signal, async () => {
      const prompted = await this.prompt(request, (run) => run(CHUNK_LARGE), signal);
      const { state } = prompted;
      const { ids, outside } = retokenise(request.target, this.model.tokenizer, this.model.headIds);
      let bits = -logProb(prompted.logits, this.headIndex(ids[0])) / Math.LN2;
      if (ids.length > 1) {
        const tokens = ids.slice(0, -1);
        const positions = tokens.map((_, i) => prompted.next + i);
        const { logits } = await this.model.forward({ tokens, positions, context: this.rowsOf(state), window: state.window, logits: tokens.map((_, i) => i) });
        const { headTokens } = this.model.manifest;
        tokens.forEach((_, i) => (bits -= logProb(logits.subarray(i * headTokens, (i + 1) * headTokens), this.headIndex(ids[i + 1])) / Math.LN2));
      }
      const kv = this.kv(state, request.context);
      state.window.truncate(prompted.kept);
      return { bits, targetTokens: ids.length, tokensOutsideHead: outside, tokensPrefilled: prompted.tokensPrefilled, kv };
    });
  }

  /** While the cursor rests: reads what the plan still lacks, lets the cursor's own queries choose, and reads the window anew over the choice. */
  async settle(request: Pick<CompleteRequest, 'client' | 'document' | 'prompt' | 'context'>, signal?: AbortSignal): Promise<void> {
    if (request.context.form !== 'composed') return;
    const anchors = { ...request.context.anchors, state: 'warm' as const };
    const turn: Turn = (run) => this.turns.take('reading', signal, () => run(this.chunk()));
    await this.contexts.fill(this.contexts.candidates(request.context.plan, anchors), anchors, turn);
    this.library.store.flush();
    await this.turns.take('reading', signal, async () => {
      const prompted = await this.prompt({ ...request, context: { ...request.context, anchors } as ContextForm }, this.turnUntil(Infinity, signal, 'reading'), signal);
      prompted.state.window.truncate(prompted.kept);
    });
  }

  forget(client: string, document: string): Promise<void> {
    this.documents.forget(client, document);
    return Promise.resolve();
  }

  async close(): Promise<void> {
    await this.turns.take('completion', undefined, async () => {
      this.library.store.flush();
      await this.ranker.close();
      await this.model.close();
    });
  }

  /** Runs everything up to the cursor, reusing what the document's rows still hold. Turns are taken inside a turn: `turn` only bounds and stops. */
  private async prompt(request: Pick<CompleteRequest, 'client' | 'document' | 'prompt' | 'context'>, turn: Turn, signal: AbortSignal | undefined): Promise<Prompted> {
    signal?.throwIfAborted();
    const state = this.documents.get(request.client, request.document);
    const startMs = this.clock.nowMs();
    const { prompt, context } = request;
    let tokensPrefilled = 0;
    let queries: RankingQueries | undefined;
    let opening: readonly number[] = [];
    if (context.form === 'composed') {
      const key = this.contexts.keyOf(context.plan, context.anchors);
      const wantsSettled = context.anchors.policy === 'two-stage' && context.anchors.state === 'warm';
      if (state.context?.key !== key) await this.open(state, key, context, undefined, turn);
      if (wantsSettled && !state.context!.settled && state.context!.candidates.length > 0) {
        const first = await this.window(state, [], prompt, turn, true);
        tokensPrefilled += first.tokensPrefilled;
        queries = first.queries;
        await this.open(state, key, context, queries, turn);
      }
    } else {
      this.drop(state, undefined, this.sink.length);
      opening = this.openingOf(context);
    }
    const composedMs = this.clock.nowMs();
    const window = await this.window(state, opening, prompt, turn, false);
    return { state, ...window, tokensPrefilled: tokensPrefilled + window.tokensPrefilled, composeMs: composedMs - startMs, prefillMs: this.clock.nowMs() - composedMs };
  }

  /** Composes a document's context anew and forgets its window's rows, which saw the older one. */
  private async open(state: DocumentState, key: string, context: ContextForm & { form: 'composed' }, queries: RankingQueries | undefined, turn: Turn): Promise<void> {
    const older = state.context;
    const candidates: readonly Candidate[] = older?.key === key ? older.candidates : this.contexts.candidates(context.plan, context.anchors);
    await this.contexts.fill(candidates, context.anchors, turn);
    const composed = await this.contexts.compose(key, candidates, context.anchors, queries, older?.rows);
    const base = this.sink.length + candidates.reduce((sum, { tokens }) => sum + tokens.length, 0);
    // What the store could not keep cannot be composed: the document completes without context.
    this.drop(state, composed ?? emptyContext(key, this.model.noContext), composed ? base : this.sink.length);
  }

  private drop(state: DocumentState, context: ComposedContext | undefined, base: number): void {
    if (state.context === context && state.base === base) return;
    state.context = context;
    state.base = base;
    state.tokens = [];
    state.window.truncate(this.sink.length);
  }

  /** Runs the window's new tokens and what follows the prefix; leaves the latter's rows in the window for decoding. */
  private async window(state: DocumentState, opening: readonly number[], prompt: LocalPrompt, turn: Turn, wantsQueries: boolean): Promise<Omit<Prompted, 'state' | 'composeMs' | 'prefillMs'> & { queries?: RankingQueries }> {
    const { tokenizer, headIds } = this.model;
    const healed = heal(prompt.prefix, tokenizer, headIndexOf(tokenizer, headIds));
    const wanted = [...opening, ...this.form.beforePrefix(prompt), ...healed.ids];
    let shared = 0;
    while (shared < wanted.length && shared < state.tokens.length && wanted[shared] === state.tokens[shared]) shared++;
    // The last of the prefix runs again where its queries are wanted, or where nothing else would run.
    const after = this.form.afterPrefix(prompt);
    if (wantsQueries || after.length === 0) shared = Math.min(shared, Math.max(0, wanted.length - (wantsQueries ? PREFIX_QUERIES : 1)));
    state.tokens = wanted.slice(0, shared);
    state.window.truncate(this.sink.length + shared);
    const tail = wanted.length - (wantsQueries || after.length === 0 ? Math.min(wanted.length, wantsQueries ? PREFIX_QUERIES : 1) : 0);
    while (state.tokens.length < tail) {
      await turn(async (chunkMax) => {
        const from = state.tokens.length;
        const chunk = wanted.slice(from, Math.min(tail, from + chunkMax));
        const positions = chunk.map((_, i) => state.base + from + i);
        const { rows } = await this.model.forward({ tokens: chunk, positions, context: this.rowsOf(state), window: state.window });
        state.window.append(rows, positions);
        state.tokens.push(...chunk);
      });
    }
    const last = [...wanted.slice(tail), ...after];
    const asking = [...wanted.slice(tail).map((_, i) => i), ...(after.length > 0 ? [last.length - 1] : [])];
    const positions = last.map((_, i) => state.base + tail + i);
    const result = await turn(() => this.model.forward({ tokens: last, positions, context: this.rowsOf(state), window: state.window, logits: [last.length - 1], queries: wantsQueries ? asking : [] }));
    state.window.append(result.rows, positions);
    state.tokens.push(...wanted.slice(tail));
    const kept = this.sink.length + wanted.length;
    return {
      logits: result.logits,
      pending: healed.pending,
      kept,
      next: state.base + tail + last.length,
      tokensPrefilled: wanted.length - shared + after.length,
      queries: wantsQueries ? this.ranker.prepare(this.byLayer(result.queries, asking.length), asking.map((i) => positions[i])) : undefined,
    };
  }

  private byLayer(queries: Float32Array, count: number): Float32Array[] {
    const { layers, heads, headDim } = this.model.manifest.shape;
    const size = count * heads * headDim;
    return Array.from({ length: layers }, (_, l) => queries.subarray(l * size, (l + 1) * size));
  }

  /** Tokens read causally between sink and prompt. */
  private openingOf(context: ContextForm): number[] {
    if (context.form === 'text') return this.model.tokenizer.encode(context.text);
    if (context.form === 'joint') return context.files.flatMap((file) => this.form.segment(file));
    return [];
  }

  private rowsOf(state: DocumentState) {
    return state.context?.rows ?? this.model.noContext;
  }

  private chunk(): number {
    return this.clock.nowMs() - this.lastRequestMs < EDIT_RECENT_MS ? CHUNK_SMALL : CHUNK_LARGE;
  }

  /** Turns within a turn that was taken already: stops when the time is over or the request aborted, and for whoever waits with a higher priority. */
  private turnUntil(deadlineMs: number, signal: AbortSignal | undefined, priority: Priority = 'completion'): Turn {
    return async (run) => {
      signal?.throwIfAborted();
      if (this.clock.nowMs() >= deadlineMs || this.turns.isWanted(priority)) throw new WaitOver();
      return run(CHUNK_SMALL);
    };
  }

  /** Goes on with what a request had no time to wait for, once for each document; the next request profits. */
  private continueReading(request: CompleteRequest): void {
    const key = JSON.stringify([request.client, request.document]);
    if (this.continuing.has(key)) return;
    const reading = this.continueOnce(request).finally(() => this.continuing.delete(key));
    this.continuing.set(key, reading);
    // What goes wrong here goes wrong again in the next request, which reports it.
    reading.catch(() => {});
  }

  private async continueOnce(request: CompleteRequest): Promise<void> {
    const { context } = request;
    if (context.form === 'composed') {
      await this.contexts.fill(this.contexts.candidates(context.plan, context.anchors), context.anchors, (run) => this.turns.take('reading', undefined, () => run(this.chunk())));
      this.library.store.flush();
    }
    await this.turns.take('reading', undefined, async () => {
      const { state, kept } = await this.prompt(request, this.turnUntil(Infinity, undefined, 'reading'), undefined);
      state.window.truncate(kept);
    });
  }

  private incomplete(request: CompleteRequest, startMs: number): CompleteResult {
    const state = this.documents.get(request.client, request.document);
    const totalMs = this.clock.nowMs() - startMs;
    const timing = { composeMs: 0, prefillMs: totalMs, firstTokenMs: totalMs, totalMs };
    return { text: '', complete: false, context: [], timing, tokensPrefilled: 0, tokensDecoded: 0, confidence: 0, kv: this.kv(state, request.context) };
  }

  private kv(state: DocumentState, context: ContextForm) {
    return kvFigures(this.model.manifest.shape, state, context, this.library, this.openingOf(context).length);
  }

  private headIndex(id: number): number {
    const index = headIndexIn(this.model.headIds, id);
    if (index < 0) throw new UserError(`token ${id} is not in the model's output head`);
    return index;
  }
}

const STORED_SHARE_DEFAULT = 0.5;

const emptyContext = (key: string, rows: ComposedContext['rows']): ComposedContext => ({ key, candidates: [], rows, rowsPerCandidate: [], rowsHeldMax: 0, rowsExchanged: 0, settled: true });

/** Binary search in ascending ids; -1 where it is not. */
function headIndexIn(ids: Int32Array, id: number): number {
  let low = 0;
  let high = ids.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (ids[middle] === id) return middle;
    if (ids[middle] < id) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
