// An engine for evaluation's tests: answers by a function of the request and keeps every text it was given.
// Refuses to pretend to be a model.
import type { CompleteRequest, CompleteResult, Engine, EngineInfo, KvFigures, LikelihoodRequest, LikelihoodResult, ReadReport, ReadRequest } from '../../engine/index.js';

export const noKv: KvFigures = {
  contextTokens: 0, rowsStored: 0, rowsResident: 0, rowsAttended: 0, rowsExchanged: 0, rowReduction: 0,
  bytesStored: 0, bytesResident: 0, denseBytesFp16: 0, byteReduction: 0, byteReductionStored: 0,
};

export class FakeEngine implements Engine {
  readonly likelihoods: LikelihoodRequest[] = [];
  readonly completions: CompleteRequest[] = [];
  readonly reads: ReadRequest[] = [];
  readonly counted: string[] = [];
  readonly forgotten: string[] = [];
  /** Bits of a target under a request. */
  bitsOf: (request: LikelihoodRequest) => number = () => 10;
  textOf: (request: CompleteRequest) => string = () => 'text';
  kvOf: (request: LikelihoodRequest | CompleteRequest) => KvFigures = () => noKv;

  likelihood(request: LikelihoodRequest, signal?: AbortSignal): Promise<LikelihoodResult> {
    signal?.throwIfAborted();
    this.likelihoods.push(request);
    return Promise.resolve({ bits: this.bitsOf(request), targetTokens: 3, tokensOutsideHead: 0, tokensPrefilled: 0, kv: this.kvOf(request) });
  }

  complete(request: CompleteRequest): Promise<CompleteResult> {
    this.completions.push(request);
    return Promise.resolve({ text: this.textOf(request), complete: true, context: [], timing: { composeMs: 0, prefillMs: 0, firstTokenMs: 20, totalMs: 50, tokenMs: 10 }, tokensPrefilled: 0, tokensDecoded: 1, confidence: 0, kv: this.kvOf(request) });
  }

  read(request: ReadRequest): Promise<ReadReport> {
    this.reads.push(request);
    return Promise.resolve({ segments: request.segments.length, segmentsEncoded: 0, segmentsReused: 0, segmentsLeftOut: this.segmentsLeftOut, tokens: 0, tokensEncoded: 0, rowsStored: 0, storeBytes: 0, seconds: 0 });
  }

  headTokens = 3;
  segmentsLeftOut = 0;

  countTokens(texts: readonly string[]): Promise<number[]> {
    this.counted.push(...texts);
    return Promise.resolve(texts.map((text) => Math.ceil(text.length / 4)));
  }

  forget(_client: string, document: string): Promise<void> {
    this.forgotten.push(document);
    return Promise.resolve();
  }

  settle = (): Promise<void> => Promise.resolve();
  info = (): Promise<EngineInfo> =>
    Promise.resolve({
      model: 'fake', architecture: 'qwen2', layers: 1, kvHeads: 1, headDim: 2, vocabularySize: 3, headTokens: this.headTokens, fillInTheMiddle: true, numericClass: 'u8s8', storedBytesPerToken: 3200, rssBytes: 0,
      store: { dir: '/store', entries: 0, packs: 0, bytes: 0, bytesMax: 0 },
    });
  close = (): Promise<void> => Promise.resolve();

  /** Everything that reached the engine but the targets whose likelihood was asked for. */
  seen(): string {
    return JSON.stringify([this.likelihoods.map(({ prompt, context }) => ({ prompt, context })), this.completions, this.reads, this.counted]);
  }
}
