// The engine in this thread: requests in, text and figures out. One use of the model at a time, completions before reading.
// Refuses to know where it runs: worker.ts moves it off the caller's thread.
import { systemClock, type Clock } from '../base/clock.js';
import { storedShareDefault } from '../base/segment.js';
import { SegmentReader } from './anchors.js';
import { Composer } from './compose.js';
import { Contexts } from './contexts.js';
import { RowsSpace } from './context-rows.js';
import { decode } from './decode.js';
import type { DocumentState } from './documents.js';
import { kvFigures, served } from './figures.js';
import { Floors } from './floors.js';
import { calibrationDigest, readCalibration } from './graph/calibrate.js';
import { headIndex, retokenise } from './head.js';
import { headIndexOf } from './heal.js';
import { Library, type Turn } from './library.js';
import { Model } from './model.js';
import { PromptForm } from './prompt.js';
import { Prompter, type Prompted, type PromptRequest } from './prompter.js';
import { Ranker } from './ranker.js';
import { ReadingOn } from './reading-on.js';
import { Repeating } from './repeating.js';
import { logProb } from './sample.js';
import { SegmentStore } from './store/store.js';
import { Turns } from './turns.js';
import type { CompleteRequest, CompleteResult, ContextForm, Engine, EngineInfo, EngineOptions, KvFigures, LikelihoodRequest, LikelihoodResult, Priority, ReadReport, ReadRequest } from './types.js';
import { Weighing, type Dequantise } from './weighing.js';

/** Tokens in one run: few where a request is bounded in time or may come any moment, so that it waits little; more when nobody waits. */
const CHUNK_SMALL = 64;
const CHUNK_LARGE = 256;
const EDIT_RECENT_MS = 2000;
/** So many that rounding a segment's rows does not show. */
const TOKENS_OF_MANY = 1000;
/** Kept free of context for sink, window and completion, of which a longer window takes more; half of the positions where the model has few. */
const WINDOW_POSITIONS = 4096;

/** Thrown inside a request whose wait is over. */
class WaitOver extends Error {}

export class LocalEngine implements Engine {
  private readonly turns = new Turns();
  private lastRequestMs = -Infinity;
  /** Keys of the plan of the document at hand and of those read ahead since, which reading further ahead does not evict. */
  private readSince = new Set<string>();
  private readonly readingOn = new ReadingOn(
    (request, signal) => this.readAhead(request, signal),
    ({ prompt, context }) => JSON.stringify([prompt, context.form === 'composed' ? this.contexts.keyOf(context.plan, context.anchors) : '']),
  );

  private constructor(
    private readonly options: EngineOptions,
    private readonly model: Model,
    private readonly ranker: Ranker,
    private readonly library: Library,
    private readonly contexts: Contexts,
    private readonly prompter: Prompter,
    private readonly clock: Clock,
  ) {}

  static async open(options: EngineOptions, clock: Clock = systemClock): Promise<LocalEngine> {
    const model = await Model.open(options.convertedDir, { threads: options.threads });
    const { shape } = model.manifest;
    const calibration = readCalibration(options.convertedDir, shape);
    const form = new PromptForm(model.tokenizer, model.manifest);
    // Built here, so that no keystroke waits for it.
    headIndexOf(model.tokenizer, model.headIds);
    const sink = await model.read(form.sink);
    const ranker = await Ranker.open(shape, model.rotation, { threads: options.threads });
    const store = SegmentStore.open(options.storeDir, { bytesMax: options.storeBytesMax, protectOwn: options.protectOwn ?? true });
    const library = new Library(model, form, new SegmentReader(model, ranker, calibration, sink, await model.read(form.lead)), calibrationDigest(calibration), store);
    const composer = new Composer(shape, model.rotation, calibration, new RowsSpace(options.storeDir));
    const dequantise: Dequantise = (block, first, count) => composer.dequantiseKeys(block, first, count);
    const weighing = new Weighing(ranker, (candidate, ranks) => library.load(candidate, ranks), dequantise);
    const floors = new Floors(library, model.tokenizer, new Repeating(model, weighing, sink), shape, dequantise);
    const contexts = new Contexts(library, composer, weighing, floors, sink, options.storedShare, shape.positionsMax - Math.min(WINDOW_POSITIONS, shape.positionsMax >> 1));
    return new LocalEngine(options, model, ranker, library, contexts, new Prompter(model, form, sink, ranker, contexts, clock), clock);
  }

  info(): Promise<EngineInfo> {
    const { manifest, tokenizer } = this.model;
    const { name, architecture, layers, kvHeads, headDim } = manifest.shape;
    return Promise.resolve({
      model: name,
      architecture,
      layers,
      kvHeads,
      headDim,
      vocabularySize: tokenizer.vocabularySize,
      headTokens: manifest.headTokens,
      fillInTheMiddle: manifest.fim !== null,
      numericClass: this.model.numericClass,
      storedBytesPerToken: this.library.bytesStored(TOKENS_OF_MANY, storedShareDefault) / TOKENS_OF_MANY,
      rssBytes: process.memoryUsage.rss(),
      store: this.library.store.stats(),
    });
  }

  countTokens(texts: readonly string[]): Promise<readonly number[]> {
    return Promise.resolve(texts.map((text) => this.model.tokenizer.encode(text).length));
  }

  async read(request: ReadRequest, signal?: AbortSignal, onProgress: (done: number, total: number) => void = () => {}): Promise<ReadReport> {
    const startMs = this.clock.nowMs();
    const share = this.options.storedShare ?? request.storedShare ?? storedShareDefault;
    const segments = request.ofPlan ? this.contexts.withinPositions(request.segments) : request.segments;
    const needed = new Set(request.ofPlan && request.priority === 'background' ? [...this.readSince, ...this.prompter.documents.keysDrawnOn()] : []);
    if (request.ofPlan) this.readSince = needed;
    const report = await this.library.readAll(segments, share, needed, this.turnsAt(request.priority, signal), onProgress);
    return { ...report, seconds: (this.clock.nowMs() - startMs) / 1000 };
  }

  async complete(request: CompleteRequest, signal?: AbortSignal): Promise<CompleteResult> {
    const startMs = this.clock.nowMs();
    this.lastRequestMs = startMs;
    await this.readingOn.meet(request);
    return this.turns.take('completion', signal, async () => {
      const prompted = await this.promptWithin(request, startMs + (request.waitMsMax || Infinity), signal);
      if (!prompted) return this.incomplete(request, startMs);
      try {
        return await this.decodeFrom(prompted, request, startMs, signal);
      } finally {
        prompted.state.window.truncate(prompted.keptRows);
      }
    });
  }

  async likelihood(request: LikelihoodRequest, signal?: AbortSignal): Promise<LikelihoodResult> {
    return this.turns.take('completion', signal, async () => {
      const { ids, outside } = retokenise(request.target, this.model.tokenizer, this.model.headIds);
      const turn = this.withinTurn(Infinity, signal);
      const { state, logits, next, keptRows, tokensPrefilled } = await this.prompter.prompt({ ...request, tokensMax: ids.length }, 'whole', turn);
      const bitsOf = (from: Float32Array, id: number): number => -logProb(from, headIndex(this.model.headIds, id)) / Math.LN2;
      let bits = bitsOf(logits, ids[0]);
      const { headTokens } = this.model.manifest;
      for (let done = 0; done < ids.length - 1; ) {
        done += await turn(async (chunkMax) => {
          const tokens = ids.slice(done, Math.min(done + chunkMax, ids.length - 1));
          const positions = tokens.map((_, i) => next + done + i);
          const result = await this.model.forward({ tokens, positions, context: this.prompter.rowsOf(state), window: state.window, logits: tokens.map((_, i) => i) });
          tokens.forEach((_, i) => (bits += bitsOf(result.logits.subarray(i * headTokens, (i + 1) * headTokens), ids[done + i + 1])));
          if (done + tokens.length < ids.length - 1) state.window.append(result.rows, positions);
          return tokens.length;
        });
      }
      const kv = this.kv(state, request.context);
      state.window.truncate(keptRows);
      return { bits, targetTokens: ids.length, tokensOutsideHead: outside, tokensPrefilled, kv };
    });
  }

  async settle(request: PromptRequest, signal?: AbortSignal): Promise<void> {
    const { context } = request;
    if (context.form !== 'composed') return;
    const warm = { ...request, context: { ...context, anchors: { ...context.anchors, state: 'warm' }, storedOnly: false } } as const;
    const { client, document } = request;
    const { documents } = this.prompter;
    if (this.prompter.keepsWindow(warm)) return this.readAhead(warm, signal);
    // Another plan wants another window: it is read apart from the document, which meanwhile is completed over what it has.
    const apart = `${document} settling`;
    try {
      await this.readAhead({ ...warm, document: apart }, signal);
      await this.turns.take('reading', signal, () => Promise.resolve(documents.move(client, apart, document)));
    } finally {
      await this.forget(client, apart);
    }
  }

  forget(client: string, document: string): Promise<void> {
    this.readingOn.end({ client, document });
    return this.turns.take('completion', undefined, () => Promise.resolve(this.prompter.documents.forget(client, document)));
  }

  async close(): Promise<void> {
    await this.turns.take('completion', undefined, async () => {
      try {
        this.library.store.flush();
      } finally {
        this.prompter.documents.clear();
        await this.ranker.close();
        await this.model.close();
      }
    });
  }

  private async decodeFrom(prompted: Prompted, request: CompleteRequest, startMs: number, signal: AbortSignal | undefined): Promise<CompleteResult> {
    const { state, composeMs, prefillMs, tokensPrefilled } = prompted;
    const { tokenizer, headIds } = this.model;
    const { stop, tokensMax, decodeMsMax, confidenceFloor, prompt } = request;
    let { next } = prompted;
    const logits = async (tokens: readonly number[]): Promise<Float32Array> => {
      const positions = tokens.map((_, i) => next + i);
      const result = await this.model.forward({ tokens, positions, context: this.prompter.rowsOf(state), window: state.window, logits: [tokens.length - 1] });
      state.window.append(result.rows, positions);
      next += tokens.length;
      return result.logits;
    };
    const promptedMs = this.clock.nowMs() - startMs;
    const settings = { stop, tokensMax, decodeMsMax, confidenceFloor, clock: this.clock, signal };
    const decoded = await decode({ logits }, { ...settings, first: prompted.logits, pending: prompted.pending, tokenizer, headIds, path: prompt.path, prefix: prompt.prefix, suffix: prompt.following });
    return {
      text: decoded.text,
      complete: true,
      context: served(state.context, request.context),
      timing: { composeMs, prefillMs, firstTokenMs: promptedMs + decoded.firstTokenMs, totalMs: this.clock.nowMs() - startMs, tokenMs: decoded.tokenMs },
      tokensPrefilled,
      tokensDecoded: decoded.tokens,
      confidence: decoded.confidence,
      kv: this.kv(state, request.context),
    };
  }

  /** Undefined when the time was over first; reading then goes on without the request, and the next one profits. */
  private async promptWithin(request: CompleteRequest, deadlineMs: number, signal: AbortSignal | undefined): Promise<Prompted | undefined> {
    try {
      return await this.prompter.prompt(request, 'healed', this.withinTurn(deadlineMs, signal));
    } catch (error) {
      if (!(error instanceof WaitOver)) throw error;
      this.readingOn.start(request);
      return undefined;
    }
  }

  /** Reads, composes and runs the window as a request would, giving way to requests. */
  private async readAhead(request: PromptRequest, signal: AbortSignal | undefined): Promise<void> {
    const { context } = request;
    if (context.form === 'composed' && !context.storedOnly) {
      const candidates = this.prompter.candidates({ ...request, context });
      await this.contexts.fill(candidates, context.anchors, this.turnsAt('reading', signal));
      this.library.store.flush(new Set(candidates.map(({ key }) => key)));
    }
    for (let done = false; !done; ) {
      done = await this.turns.take('reading', signal, async () => {
        try {
          const { state, keptRows } = await this.prompter.prompt(request, 'healed', this.withinTurn(Infinity, signal, 'reading'));
          state.window.truncate(keptRows);
          return true;
        } catch (error) {
          if (error instanceof WaitOver) return false;
          throw error;
        }
      });
    }
  }

  /** A turn of its own for every chunk. */
  private turnsAt(priority: Priority, signal: AbortSignal | undefined): Turn {
    return (run) => this.turns.take(priority, signal, () => run(this.clock.nowMs() - this.lastRequestMs < EDIT_RECENT_MS ? CHUNK_SMALL : CHUNK_LARGE));
  }

  /** Chunks of a turn that was taken already: ends it when its time is over, its request aborted, or somebody more urgent waits. */
  private withinTurn(deadlineMs: number, signal: AbortSignal | undefined, priority: Priority = 'completion'): Turn {
    return async (run) => {
      signal?.throwIfAborted();
      if (this.clock.nowMs() >= deadlineMs || this.turns.isWanted(priority)) throw new WaitOver();
      return run(deadlineMs === Infinity && priority === 'completion' ? CHUNK_LARGE : CHUNK_SMALL);
    };
  }

  private incomplete(request: CompleteRequest, startMs: number): CompleteResult {
    const state = this.prompter.documents.get(request.client, request.document);
    const totalMs = this.clock.nowMs() - startMs;
    const timing = { composeMs: 0, prefillMs: totalMs, firstTokenMs: totalMs, totalMs, tokenMs: 0 };
    return { text: '', complete: false, context: [], timing, tokensPrefilled: 0, tokensDecoded: 0, confidence: 0, kv: this.kv(state, request.context) };
  }

  private kv(state: DocumentState, context: ContextForm): KvFigures {
    return kvFigures(this.model.manifest.shape, state, context, this.library, this.prompter.causalTokens(context).length);
  }
}
