// An engine whose answers a test decides, for what the protocol's side promises whatever the model says.
// Refuses to pretend to be a model: it records requests and waits to be told.
import type { CompleteRequest, CompleteResult, Engine, EngineInfo, KvFigures, ReadReport, ReadRequest } from '../../engine/index.js';

const kv: KvFigures = {
  contextTokens: 0, rowsStored: 0, rowsResident: 0, rowsAttended: 0, rowsExchanged: 0, rowReduction: 0,
  bytesStored: 0, bytesResident: 0, denseBytesFp16: 0, byteReduction: 0, byteReductionStored: 0,
};

export interface PendingCompletion {
  readonly request: CompleteRequest;
  readonly signal: AbortSignal | undefined;
  answer(text: string, result?: Partial<CompleteResult>): void;
  fail(error: Error): void;
}

export class ScriptedEngine implements Engine {
  readonly completions: PendingCompletion[] = [];
  readonly reads: ReadRequest[] = [];
  readonly settled: Pick<CompleteRequest, 'client' | 'document' | 'prompt' | 'context'>[] = [];
  readonly forgotten: string[] = [];
  closed = 0;
  /** Where set, every completion is answered with it at once. */
  answerAll: string | undefined;
  /** Where set, choosing rows never ends by itself. */
  settlesNever = false;
  /** How often choosing rows was given up. */
  settlingAborted = 0;
  /** Where set, every reading fails with it. */
  readFails: Error | undefined;
  /** Progress that a reading reports before it ends. */
  readProgress: readonly [number, number][] = [];
  private readonly waiting = new Set<() => void>();

  complete(request: CompleteRequest, signal?: AbortSignal): Promise<CompleteResult> {
    return new Promise((resolve, reject) => {
      const answer = (text: string, result: Partial<CompleteResult> = {}): void =>
        resolve({ text, complete: true, context: [], timing: { composeMs: 0, prefillMs: 0, firstTokenMs: 0, totalMs: 0, tokenMs: 0 }, tokensPrefilled: 0, tokensDecoded: 0, confidence: 1, kv, ...result });
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
      this.completions.push({ request, signal, answer, fail: reject });
      if (this.answerAll !== undefined) answer(this.answerAll);
      this.wake();
    });
  }

  read(request: ReadRequest, _signal?: AbortSignal, onProgress?: (done: number, total: number) => void): Promise<ReadReport> {
    this.reads.push(request);
    for (const [done, total] of this.readProgress) onProgress?.(done, total);
    this.wake();
    if (this.readFails) return Promise.reject(this.readFails);
    return Promise.resolve({ segments: request.segments.length, segmentsEncoded: 0, segmentsReused: 0, segmentsLeftOut: 0, tokens: 0, tokensEncoded: 0, rowsStored: 0, storeBytes: 0, seconds: 0 });
  }

  countTokens = (texts: readonly string[]): Promise<number[]> => Promise.resolve(texts.map((text) => Math.ceil(text.length / 4)));
  settle(request: Pick<CompleteRequest, 'client' | 'document' | 'prompt' | 'context'>, signal?: AbortSignal): Promise<void> {
    this.settled.push(request);
    this.wake();
    if (!this.settlesNever) return Promise.resolve();
    return new Promise((_, reject) =>
      signal?.addEventListener('abort', () => {
        this.settlingAborted += 1;
        reject(signal.reason as Error);
        this.wake();
      }),
    );
  }

  likelihood = (): Promise<never> => Promise.reject(new Error('not scripted'));
  info = (): Promise<EngineInfo> => Promise.reject(new Error('not scripted'));

  forget(_client: string, document: string): Promise<void> {
    this.forgotten.push(document);
    this.wake();
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.closed += 1;
    return Promise.resolve();
  }

  /** Resolves when `condition` holds after some call. */
  async until(condition: (engine: this) => boolean): Promise<void> {
    while (!condition(this)) await new Promise<void>((resolve) => this.waiting.add(resolve));
  }

  private wake(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}
