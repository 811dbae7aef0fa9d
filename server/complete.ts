// The completion use case: repository and cursor -> context plan -> engine. The daemon and the command line share it.
// Refuses to know LSP and argv, and to touch tensors or files.
import type { Clock } from '../base/clock.js';
import type { LocalPrompt } from '../base/segment.js';
import type { CompleteResult, Engine } from '../engine/index.js';
import type { Config } from './config.js';
import { contextOf } from './context-form.js';
import { planned, type HeldPlan, type PlanRequest, type PlanSettings } from './planning.js';

export interface CompletionRequest extends Pick<PlanRequest, 'repository' | 'cursor' | 'given' | 'held' | 'selected'> {
  /** Who asks, and about which document: the engine keeps a document's rows between requests. */
  readonly client: string;
  readonly document: string;
  /** From the first token; 0: no bound. */
  readonly decodeMsMax: number;
  /** How long to wait for the window to be read before an empty, incomplete answer, over what is stored by then; 0: no bound, and all of the plan is read. */
  readonly waitMsMax: number;
}

export interface Completion {
  readonly result: CompleteResult;
  readonly held: HeldPlan;
  readonly planMs: number;
}

export type CompletionSettings = PlanSettings & Pick<Config, 'residentShare' | 'completionTokensMax' | 'confidenceFloor' | 'multiline'>;

/** Rejects with the signal's reason when aborted, and with what the engine rejects with. */
export async function complete(engine: Engine, request: CompletionRequest, settings: CompletionSettings, clock: Clock, signal?: AbortSignal): Promise<Completion> {
  const { client, document, decodeMsMax, waitMsMax } = request;
  const startedMs = clock.nowMs();
  const isBounded = waitMsMax > 0;
  const { prompt, held } = await planned(engine, { ...request, knownOnly: isBounded }, settings, signal);
  const planMs = clock.nowMs() - startedMs;
  signal?.throwIfAborted();
  const result = await engine.complete(
    {
      client, document, prompt, decodeMsMax, waitMsMax,
      context: { ...contextOf(held.plan, settings), storedOnly: isBounded },
      stop: settings.multiline && opensBlock(prompt) ? 'block' : 'line',
      tokensMax: settings.completionTokensMax,
      confidenceFloor: settings.confidenceFloor,
    },
    signal,
  );
  return { result, held, planMs };
}

/** A block opens where nothing follows on the line and an opener is the last thing before; a colon only at its line's end, since it also opens a type. */
function opensBlock({ prefix, suffix }: LocalPrompt): boolean {
  return /^[^\S\n]*(\r?\n|$)/.test(suffix) && /(\{|=>)\s*$|:[^\S\n]*\n\s*$/.test(prefix);
}
