// The engine's interface: serialisable messages in, text and figures out. A worker thread today, one process for all editors tomorrow.
// Refuses to know repositories or LSP.
import type { ContextPlan, LocalPrompt, PlannedSegment, Segment } from '../base/segment.js';

/** The first named run first. A completion stops reading at the next chunk; reading resumes when idle. */
export type Priority = 'completion' | 'reading' | 'background';

/** How rows are chosen from what the plan's segments store. All but the first three are floors that evaluation compares with. */
export type PolicyName =
  | 'two-stage' // the stored order's candidates, then the cursor's own queries choose
  | 'stored-order' // the first rows of each segment's stored order
  | 'all-stored' // every stored row
  | 'every-row' // dense: every row of every segment
  | 'every-kth'
  | 'newlines'
  | 'signatures'
  | 'outline-text'
  | 'key-difference' // KeyDiff (arXiv 2504.15364): the keys least like the mean key
  | 'repetition'; // KVzip (arXiv 2505.23416): what repeating the text attends to

export interface AnchorSettings {
  readonly policy: PolicyName;
  /** Share of the context's tokens that may be in memory as rows at any moment, per layer and KV head, 0 to 1; a token attends to several times as many (record 0016). */
  readonly residentShare: number;
  /** Share of each segment's rows that is stored, 0 to 1. */
  readonly storedShare: number;
  /** `first`: a document just opened, no query of its own yet; `warm`: the cursor rested there. */
  readonly state: 'first' | 'warm';
}

/** What stands before the local prompt. */
export type ContextForm =
  | { readonly form: 'none' }
  /** Read causally before the prompt in one run, as it stands. */
  | { readonly form: 'text'; readonly text: string }
  /** The same for files, each after the sink and its file separator and path: what a user of another engine has. */
  | { readonly form: 'joint'; readonly files: readonly { readonly path: string; readonly text: string }[] }
  /** `storedOnly`: of what the plan holds, only what is stored by now; `settle` reads the rest. */
  | { readonly form: 'composed'; readonly plan: ContextPlan; readonly anchors: AnchorSettings; readonly storedOnly?: boolean };

export interface ReadRequest {
  readonly client: string;
  readonly priority: Priority;
  /** Each list is read together, as if it were one segment. */
  readonly segments: readonly (readonly Segment[])[];
  /** Whether they are one plan's, as `segmentsToRead` has them: those for which the model has no positions are left out, and in the background nothing is evicted that documents draw on or that was read since one was at hand. */
  readonly ofPlan?: boolean;
  /** Share of rows kept, `storedShareDefault` where left out. */
  readonly storedShare?: number;
}

export interface ReadReport {
  /** Segments, those that are read together counting as one. */
  readonly segments: number;
  readonly segmentsEncoded: number;
  readonly segmentsReused: number;
  /** Segments that found no room within the store's bound. */
  readonly segmentsLeftOut: number;
  readonly tokens: number;
  readonly tokensEncoded: number;
  /** Per layer and KV head, summed over segments. */
  readonly rowsStored: number;
  readonly storeBytes: number;
  readonly seconds: number;
}

export interface CompleteRequest {
  readonly client: string;
  /** Rows of the local window are kept per client and document between requests. */
  readonly document: string;
  readonly prompt: LocalPrompt;
  readonly context: ContextForm;
  readonly stop: 'line' | 'block';
  readonly tokensMax: number;
  /** From the first token; then what there is is returned up to a whole word or, of a block, a complete line where it has one. 0: no bound. */
  readonly decodeMsMax: number;
  /** How long to wait for context and window to be read before answering an empty, incomplete result; 0: no bound. */
  readonly waitMsMax: number;
  /** Mean token probability under which nothing is offered; 0: off. */
  readonly confidenceFloor: number;
}

export interface Served {
  readonly source: PlannedSegment['source'];
  readonly path: string;
  readonly tokens: number;
  /** Rows attended to, a mean over layers and KV heads; fewer are in memory at any moment. */
  readonly rows: number;
}

/** Rows are means over layers and KV heads; bytes count keys, values and scales at the width really held, of what is stored tokens and positions too. */
export interface KvFigures {
  readonly contextTokens: number;
  readonly rowsStored: number;
  readonly rowsResident: number;
  readonly rowsAttended: number;
  readonly rowsExchanged: number;
  /** 1 - rowsResident / contextTokens. */
  readonly rowReduction: number;
  readonly bytesStored: number;
  /** Context rows, sink and local window. */
  readonly bytesResident: number;
  readonly denseBytesFp16: number;
  /** 1 - resident context bytes / denseBytesFp16. */
  readonly byteReduction: number;
  readonly byteReductionStored: number;
}

export interface CompleteTiming {
  readonly composeMs: number;
  readonly prefillMs: number;
  readonly firstTokenMs: number;
  readonly totalMs: number;
  /** Mean from one token of the text to the next; 0 where there is no second. */
  readonly tokenMs: number;
}

export interface CompleteResult {
  readonly text: string;
  /** False when the wait ran out before the window was read: ask again. */
  readonly complete: boolean;
  readonly context: readonly Served[];
  readonly timing: CompleteTiming;
  /** Prompt tokens run through the model for this request. */
  readonly tokensPrefilled: number;
  readonly tokensDecoded: number;
  /** Mean probability of the decoded tokens, 0 when nothing was decoded. */
  readonly confidence: number;
  readonly kv: KvFigures;
}

export interface LikelihoodRequest {
  readonly client: string;
  readonly document: string;
  readonly prompt: LocalPrompt;
  readonly context: ContextForm;
  /** Teacher-forced after the prompt; tokenised apart from the prefix. */
  readonly target: string;
}

export interface LikelihoodResult {
  /** Negative log2 likelihood of the target. */
  readonly bits: number;
  readonly targetTokens: number;
  /** Target tokens that the trimmed head lacks and that were tokenised anew with what it has. */
  readonly tokensOutsideHead: number;
  readonly tokensPrefilled: number;
  readonly kv: KvFigures;
}

export interface EngineOptions {
  /** Folder of the converted model. */
  readonly convertedDir: string;
  readonly storeDir: string;
  readonly storeBytesMax: number;
  readonly threads?: number;
  /** Share of rows that entries are stored with, whatever a request says: evaluation stores all and takes prefixes of the order. */
  readonly storedShare?: number;
  /** As SegmentStore's: never evict what this run wrote. */
  readonly protectOwn?: boolean;
}

/** Which arithmetic a processor gets: u7s8 where products of u8 and s8 pairs would saturate. */
export type NumericClass = 'u8s8' | 'u7s8';

export interface EngineInfo {
  readonly model: string;
  readonly architecture: string;
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocabularySize: number;
  readonly headTokens: number;
  readonly fillInTheMiddle: boolean;
  readonly numericClass: NumericClass;
  /** What a token takes in the store at the default share, in bytes. */
  readonly storedBytesPerToken: number;
  readonly rssBytes: number;
  readonly store: StoreStats;
}

export interface StoreStats {
  readonly dir: string;
  readonly entries: number;
  readonly packs: number;
  readonly bytes: number;
  readonly bytesMax: number;
}

/** Every method may reject with a UserError; an aborted call rejects with the signal's reason. */
export interface Engine {
  info(): Promise<EngineInfo>;
  countTokens(texts: readonly string[]): Promise<readonly number[]>;
  /** Reads what the store does not hold yet. Reports progress in tokens. */
  read(request: ReadRequest, signal?: AbortSignal, onProgress?: (done: number, total: number) => void): Promise<ReadReport>;
  complete(request: CompleteRequest, signal?: AbortSignal): Promise<CompleteResult>;
  likelihood(request: LikelihoodRequest, signal?: AbortSignal): Promise<LikelihoodResult>;
  /** While the cursor rests: reads what the plan still lacks and the window over it, and lets the cursor's queries choose rows. */
  settle(request: Pick<CompleteRequest, 'client' | 'document' | 'prompt' | 'context'>, signal?: AbortSignal): Promise<void>;
  /** Forgets a document's rows. */
  forget(client: string, document: string): Promise<void>;
  close(): Promise<void>;
}
