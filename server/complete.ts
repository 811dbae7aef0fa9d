// The completion use case: repository and cursor -> context plan -> engine. The daemon, the command line and evaluation share it.
// Refuses to know LSP and argv, and to touch tensors or files.
import type { Clock } from '../base/clock.js';
import type { ContextPlan, CountTokens, LocalPrompt, PlannedSegment, SourceName } from '../base/segment.js';
import type { Cursor, Prepared, PrepareOptions, Repository } from '../context/index.js';
import type { CompleteResult, ContextForm, Engine } from '../engine/index.js';
import type { Config } from './config.js';

export interface CompletionRequest {
  /** Who asks, and about which document: the engine keeps a document's rows between requests. */
  readonly client: string;
  readonly document: string;
  readonly repository: Pick<Repository, 'prepare'>;
  readonly cursor: Cursor;
  /** Segments that the user named, added to the plan nearest the cursor. */
  readonly given?: readonly PlannedSegment[];
  /** What the document's last request was planned as: kept while somebody types, so that only new text is run. */
  readonly held?: HeldPlan;
  /** What the editor's popup would put in place of the last `replaced` units before the cursor; completed as if it stood there. */
  readonly selected?: { readonly text: string; readonly replaced: number };
  /** From the first token; 0: no bound. */
  readonly decodeMsMax: number;
  /** How long to wait for the window to be read before an empty, incomplete answer, over what is stored by then; 0: no bound, and all of the plan is read. */
  readonly waitMsMax: number;
}

/** A plan and the start of the window that it was made for (UTF-16 offset in the document). */
export interface HeldPlan {
  readonly plan: ContextPlan;
  readonly windowStart: number;
}

export interface Completion {
  readonly result: CompleteResult;
  readonly held: HeldPlan;
  readonly planMs: number;
}

export type CompletionSettings = Pick<Config, 'contextTokensMax' | 'sources' | 'importTokensMax' | 'prefixTokensMax' | 'suffixTokensMax' | 'residentShare' | 'completionTokensMax' | 'confidenceFloor' | 'multiline'>;

/** Share of a segment's rows that is stored: the candidates that the cursor's own queries choose from. */
export const storedShare = 0.5;

/** Rejects with the signal's reason when aborted, and with what the engine rejects with. */
export async function complete(engine: Engine, request: CompletionRequest, settings: CompletionSettings, clock: Clock, signal?: AbortSignal): Promise<Completion> {
  const startedMs = clock.nowMs();
  const { prompt, held } = await planned(engine, request, settings, 'completion', signal);
  const planMs = clock.nowMs() - startedMs;
  signal?.throwIfAborted();
  const result = await engine.complete(
    {
      client: request.client,
      document: request.document,
      prompt,
      context: { ...contextOf(held.plan, settings), storedOnly: request.waitMsMax > 0 },
      stop: settings.multiline && opensBlock(prompt) ? 'block' : 'line',
      tokensMax: settings.completionTokensMax,
      decodeMsMax: request.decodeMsMax,
      waitMsMax: request.waitMsMax,
      confidenceFloor: settings.confidenceFloor,
    },
    signal,
  );
  return { result, held, planMs };
}

const counters = new WeakMap<Engine, CountTokens>();

/** The same function each time, since counts are kept with it. */
function countTokensOf(engine: Engine): CountTokens {
  let count = counters.get(engine);
  if (!count) counters.set(engine, (count = (texts) => engine.countTokens(texts)));
  return count;
}

/** So many rows cost little wherever they come from, and a small context then needs no choice. */
const rowsResidentLeast = 400;

/** Rows in stored order at once; `Engine.settle` lets the cursor's own queries choose while the user rests. */
export function contextOf(plan: ContextPlan, { residentShare }: Pick<CompletionSettings, 'residentShare'>): ContextForm & { form: 'composed' } {
  const share = Math.max(residentShare, rowsResidentLeast / Math.max(1, plan.tokens));
  return { form: 'composed', plan, anchors: { policy: 'two-stage', residentShare: share, storedShare, state: 'first' } };
}

/** The plan for a cursor without completing there: what is read while the user rests. Where the held one's window had to move, what still stands of it keeps its place. */
export async function planned(
  engine: Engine,
  request: Pick<CompletionRequest, 'repository' | 'cursor' | 'given' | 'held' | 'selected'> & Partial<Pick<CompletionRequest, 'waitMsMax'>> & Pick<PrepareOptions, 'readBefore'>,
  settings: CompletionSettings,
  priority: 'completion' | 'reading' = 'completion',
  signal?: AbortSignal,
): Promise<{ prompt: LocalPrompt; held: HeldPlan }> {
  const { repository, cursor, held, readBefore, waitMsMax = 0 } = request;
  const knownOnly = priority === 'completion' && waitMsMax > 0;
  const countTokens = countTokensOf(engine);
  const sources = sourcesOn(settings);
  const preparedAt = ({ contextTokensMax, importTokensMax, prefixTokensMax, suffixTokensMax }: CompletionSettings, previous?: ContextPlan): Promise<Prepared> =>
    repository.prepare(cursor, { contextTokensMax, sources, importTokensMax, prefixTokensMax, suffixTokensMax, countTokens, windowStart: held?.windowStart, previous, readBefore, priority, knownOnly }, signal);
  if (held) {
    const local = await preparedAt({ ...settings, contextTokensMax: 0 });
    if (local.windowStart === held.windowStart) return { prompt: withSelected(local.prompt, request.selected), held };
  }
  const { prompt, plan, windowStart } = await preparedAt(settings, held?.plan);
  return { prompt: withSelected(prompt, request.selected), held: { plan: withGiven(plan, request.given ?? []), windowStart } };
}

/** The sources that the settings turn on. */
export const sourcesOn = ({ sources }: Pick<CompletionSettings, 'sources'>): SourceName[] => (Object.keys(sources) as (keyof typeof sources)[]).filter((name) => sources[name]);

/** A given segment that is planned already takes its given place only. */
function withGiven(plan: ContextPlan, given: readonly PlannedSegment[]): ContextPlan {
  const digests = new Set(given.map(({ segment }) => segment.digest));
  const segments = [...plan.segments.filter(({ segment }) => !digests.has(segment.digest)), ...given];
  return { segments, tokens: segments.reduce((sum, { tokens }) => sum + tokens, 0) };
}

function withSelected(prompt: LocalPrompt, selected: CompletionRequest['selected']): LocalPrompt {
  if (!selected) return prompt;
  return { ...prompt, prefix: prompt.prefix.slice(0, prompt.prefix.length - selected.replaced) + selected.text };
}

/** A block opens where nothing follows on the line and an opener is the last thing before; a colon only at its line's end, since it also opens a type. */
function opensBlock({ prefix, suffix }: LocalPrompt): boolean {
  return /^[^\S\n]*(\r?\n|$)/.test(suffix) && /(\{|=>)\s*$|:[^\S\n]*\n\s*$/.test(prefix);
}
