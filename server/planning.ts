// What a completion would draw on: from a cursor and the settings to the local prompt and the context plan.
// Refuses to run the model: of the engine it asks token counts.
import { RequestError, UserError } from '../base/errors.js';
import type { ContextPlan, CountTokens, LocalPrompt, PlannedSegment, SourceName } from '../base/segment.js';
import type { Cursor, PlanOptions, Prepared, Repository } from '../context/index.js';
import type { Engine } from '../engine/index.js';
import type { Config } from './config.js';

export interface PlanRequest extends Partial<Pick<PlanOptions, 'readBefore' | 'priority' | 'knownOnly'>> {
  readonly repository: Pick<Repository, 'prepare'>;
  readonly cursor: Cursor;
  /** Segments that the user named, added to the plan nearest the cursor. */
  readonly given?: readonly PlannedSegment[];
  /** What the document's last request was planned as: kept while somebody types, so that only new text is run. */
  readonly held?: HeldPlan;
  /** What the editor's popup would put in place of the last `replaced` units before the cursor; completed as if it stood there. */
  readonly selected?: { readonly text: string; readonly replaced: number };
}

/** A plan and the start of the window that it was made for (UTF-16 offset in the document). */
export interface HeldPlan {
  readonly plan: ContextPlan;
  readonly windowStart: number;
}

export interface Planned {
  readonly prompt: LocalPrompt;
  readonly held: HeldPlan;
}

export type PlanSettings = Pick<Config, 'contextTokensMax' | 'sources' | 'importTokensMax' | 'prefixTokensMax' | 'suffixTokensMax'>;

/** Where the held plan's window had to move, what still stands of it keeps its place. Rejects with the signal's reason when aborted, and with a RequestError where it is the file that cannot be planned. */
export async function planned(engine: Engine, request: PlanRequest, settings: PlanSettings, signal?: AbortSignal): Promise<Planned> {
  const { repository, cursor, held, readBefore, priority = 'completion', knownOnly = false } = request;
  const { importTokensMax, prefixTokensMax, suffixTokensMax } = settings;
  const common = { ...sourcesOf(settings), importTokensMax, prefixTokensMax, suffixTokensMax, countTokens: countTokensOf(engine), windowStart: held?.windowStart, readBefore, priority, knownOnly };
  const prepared = (contextTokensMax: number, previous?: ContextPlan): Promise<Prepared> =>
    repository.prepare(cursor, { ...common, contextTokensMax, previous }, signal).catch((error: unknown) => blamed(error, engine, cursor.path, signal));
  if (held) {
    const local = await prepared(0);
    if (local.windowStart === held.windowStart) return { prompt: withSelected(local.prompt, request.selected), held };
  }
  const { prompt, plan, windowStart } = await prepared(settings.contextTokensMax, held?.plan);
  return { prompt: withSelected(prompt, request.selected), held: { plan: withGiven(plan, request.given ?? []), windowStart } };
}

/** Planning asks the engine for nothing but counts of tokens: one that is broken rejects here as it did there. */
async function blamed(error: unknown, engine: Engine, path: string, signal: AbortSignal | undefined): Promise<never> {
  if (error instanceof UserError || signal?.aborted) throw error;
  await engine.countTokens([path]);
  throw new RequestError(`what ${path} draws on cannot be planned (${error instanceof Error ? error.message : String(error)}): nothing is offered there, other files are completed`, 1, { cause: error });
}

/** What the settings turn on, and what they turn off; the language decides about the rest. */
export function sourcesOf({ sources }: Pick<Config, 'sources'>): Required<Pick<PlanOptions, 'sources' | 'sourcesOff'>> {
  const set = (to: boolean): SourceName[] => (Object.keys(sources) as (keyof typeof sources)[]).filter((name) => sources[name] === to);
  return { sources: set(true), sourcesOff: set(false) };
}

const counters = new WeakMap<Engine, CountTokens>();

/** The same function each time, since counts are kept with it. */
function countTokensOf(engine: Engine): CountTokens {
  let count = counters.get(engine);
  if (!count) counters.set(engine, (count = (texts) => engine.countTokens(texts)));
  return count;
}

/** A given segment that is planned already takes its given place only. */
function withGiven(plan: ContextPlan, given: readonly PlannedSegment[]): ContextPlan {
  const digests = new Set(given.map(({ segment }) => segment.digest));
  const segments = [...plan.segments.filter(({ segment }) => !digests.has(segment.digest)), ...given];
  return { segments, tokens: segments.reduce((sum, { tokens }) => sum + tokens, 0) };
}

function withSelected(prompt: LocalPrompt, selected: PlanRequest['selected']): LocalPrompt {
  if (!selected) return prompt;
  return { ...prompt, prefix: prompt.prefix.slice(0, prompt.prefix.length - selected.replaced) + selected.text };
}
