// Measures one task under one recipe: lays its context out, asks the engine for the target's bits and for a completion.
// Refuses to see the target in any other way than as the text whose likelihood is asked for.
import { UserError } from '../base/errors.js';
import { segmentsToRead, type ContextPlan, type LocalPrompt, type SourceName } from '../base/segment.js';
import type { AnchorSettings, CompleteResult, ContextForm, Engine, PolicyName } from '../engine/index.js';
import { retrieve, type ChunkIndex } from './bm25.js';
import type { BlankedTask } from './tasks.js';

export const CONTEXTS = ['none', 'bm25', 'joint', 'dense', 'anchors'] as const;
export type ContextName = (typeof CONTEXTS)[number];

/** One run's recipe: everything its results depend on besides task and code. */
export interface Recipe {
  readonly context: ContextName;
  /** Null for contexts that are no rows of ours: none, bm25, joint. */
  readonly policy: PolicyName | null;
  readonly state: AnchorSettings['state'];
  readonly model: string;
  /** Share resident and share stored; null where `policy` is. */
  readonly rows: number | null;
  readonly stored: number | null;
  /** Where the plan's context comes from, sorted. */
  readonly sources: readonly SourceName[];
  /** Tokens of context, prefix and suffix at most. */
  readonly tokens: number;
  readonly prefix: number;
  readonly suffix: number;
  readonly drafts: 'on' | 'off';
  readonly ngrams: 'on' | 'off';
}

export interface Prepared {
  readonly prompt: LocalPrompt;
  readonly plan: ContextPlan;
}

/** Result of one task: what engine said; the completion is absent after --bits-only. */
export interface Measured {
  readonly bits: number;
  readonly targetTokens: number;
  readonly tokensOutsideHead: number;
  readonly kv: CompleteResult['kv'];
  readonly completion?: Pick<CompleteResult, 'text' | 'timing'>;
}

const CLIENT = 'evaluation';
const TOKENS_DECODED_MAX = 64;

export interface MeasureDeps {
  readonly engine: Engine;
  readonly chunks: () => ChunkIndex;
  readonly bitsOnly: boolean;
  readonly signal?: AbortSignal;
}

/** `causal`: what `causalForm` gave for the same task and recipe. */
export async function measure(blanked: BlankedTask, prepared: Prepared, recipe: Recipe, causal: ContextForm | undefined, deps: MeasureDeps): Promise<Measured> {
  const { engine, signal } = deps;
  const context = causal ?? (await composedForm(prepared.plan, recipe, deps));
  const document = blanked.task.id;
  const request = { client: CLIENT, document, prompt: prepared.prompt, context };
  await engine.forget(CLIENT, document);
  try {
    const likelihood = await engine.likelihood({ ...request, target: blanked.task.target }, signal);
    const { bits, targetTokens, tokensOutsideHead, kv } = likelihood;
    if (deps.bitsOnly) return { bits, targetTokens, tokensOutsideHead, kv };
    // A document just opened has nothing read; where the cursor rested the window is there, as in an editor.
    if (recipe.state === 'first') await engine.forget(CLIENT, document);
    const completion = await engine.complete({ ...request, stop: 'line', tokensMax: TOKENS_DECODED_MAX, decodeMsMax: 0, waitMsMax: 0, confidenceFloor: 0 }, signal);
    return { bits, targetTokens, tokensOutsideHead, kv, completion };
  } finally {
    await engine.forget(CLIENT, document);
  }
}

/** Context that the model reads as text in one run; undefined where rows are composed. */
export async function causalForm(blanked: BlankedTask, plan: ContextPlan, recipe: Recipe, { engine, chunks }: Pick<MeasureDeps, 'engine' | 'chunks'>): Promise<ContextForm | undefined> {
  switch (recipe.context) {
    case 'none':
      return { form: 'none' };
    case 'bm25': {
      const text = await retrieve(chunks(), blanked.text, blanked.task.offset, blanked.pathInRepository, recipe.tokens, (texts) => engine.countTokens(texts));
      return text === '' ? { form: 'none' } : { form: 'text', text };
    }
    case 'joint':
      return plan.segments.length === 0 ? { form: 'none' } : { form: 'joint', files: plan.segments.map(({ segment: { path, text } }) => ({ path, text })) };
    case 'dense':
    case 'anchors':
      return undefined;
  }
}

async function composedForm(plan: ContextPlan, recipe: Recipe, { engine, signal }: MeasureDeps): Promise<ContextForm> {
  const anchors: AnchorSettings = { policy: recipe.policy!, residentShare: recipe.rows!, storedShare: recipe.stored!, state: recipe.state };
  // Every row is kept here, whatever share is served: all policies take prefixes of the same order. Outlines are the engine's to make.
  if (recipe.policy !== 'outline-text') {
    const { segmentsLeftOut } = await engine.read({ client: CLIENT, priority: 'reading', segments: segmentsToRead(plan), ofPlan: true, storedShare: 1 }, signal);
    if (segmentsLeftOut > 0) throw new UserError(`${(await engine.info()).store.dir} has no room for what a task needs: remove it, it is filled again`);
  }
  return { form: 'composed', plan, anchors };
}
