// Runs recipes over tasks: checks every task, measures what no result is kept for, keeps each result at once.
// Refuses tasks that do not hold, or that the model cannot read under a recipe, by name, and goes on with the others.
import type { SourceName } from '../base/segment.js';
import { RequestError, UserError } from '../base/errors.js';
import type { OnProgress } from '../base/progress.js';
import type { Engine } from '../engine/index.js';
import { ChunkIndex } from './bm25.js';
import { countLines, isCopied } from './copied.js';
import { keyOf, labelOf } from './key.js';
import { causalForm, measure, type Measured, type Prepared, type Recipe } from './measure.js';
import { inPlan } from './recall.js';
import type { ResultStore, TaskResult } from './results.js';
import { blankTask, type BlankedTask, type OnRefused, type Task } from './tasks.js';

/** Plan and local prompt of a task by the product's own means, with the blanked text as an open buffer. */
export type Prepare = (task: BlankedTask, wanted: PlanWanted) => Promise<Prepared>;

export interface PlanWanted {
  readonly contextTokensMax: number;
  readonly prefixTokensMax: number;
  readonly suffixTokensMax: number;
  readonly sources: readonly SourceName[];
}

export interface EvaluateOptions {
  readonly tasks: readonly Task[];
  /** Absolute; each direct sub-folder is a repository. */
  readonly root: string;
  readonly recipes: readonly Recipe[];
  readonly bitsOnly: boolean;
  readonly commit: string;
  /** Of the file of the model that the recipes name, in hex. */
  readonly modelSha256: string;
  /** Written beside latencies. */
  readonly machine: string;
  readonly engine: Engine;
  readonly prepare: Prepare;
  readonly results: ResultStore;
  readonly onProgress: OnProgress;
  readonly onRefused: OnRefused;
  readonly signal?: AbortSignal;
}

export interface Outcome {
  readonly task: Task;
  readonly repository: string;
  readonly copied: boolean;
  readonly result: TaskResult;
}

export interface RunOutcomes {
  readonly recipe: Recipe;
  readonly outcomes: readonly Outcome[];
}

/** One list of outcomes for each recipe, in the tasks' order. */
export async function evaluate(options: EvaluateOptions): Promise<RunOutcomes[]> {
  const accepted: BlankedTask[] = [];
  for (const task of options.tasks) {
    try {
      accepted.push(blankTask(task, options.root));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      options.onRefused(error.message);
    }
  }
  const outcomes = options.recipes.map((): Outcome[] => []);
  const repositories = new Map<string, Repository>();
  let done = 0;
  for (const blanked of accepted) {
    let repository = repositories.get(blanked.repository);
    if (!repository) {
      // Tasks stand together by repository: what was worked out for the last one is not needed again.
      repositories.clear();
      repositories.set(blanked.repository, (repository = new Repository(blanked.repositoryRoot)));
    }
    const copied = blanked.task.copied ?? isCopied(fullText(blanked), blanked.task.offset, blanked.task.target, repository.lineCounts());
    const prepared = new Map<string, Promise<Prepared>>();
    for (const [index, recipe] of options.recipes.entries()) {
      options.signal?.throwIfAborted();
      options.onProgress({ label: 'tasks', done: done++, total: accepted.length * options.recipes.length, unit: 'tasks' });
      try {
        const result = await resultOf(blanked, recipe, prepared, repository, options);
        outcomes[index].push({ task: blanked.task, repository: blanked.repository, copied, result });
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        options.onRefused(`task ${blanked.task.id} refused for ${recipe.context}: ${error.message}`);
      }
    }
  }
  options.onProgress({ label: 'tasks', done, total: done, unit: 'tasks' });
  return options.recipes.map((recipe, index) => ({ recipe, outcomes: outcomes[index] }));
}

class Repository {
  private counts: Map<string, number> | undefined;
  private index: ChunkIndex | undefined;

  constructor(private readonly root: string) {}

  lineCounts(): ReadonlyMap<string, number> {
    return (this.counts ??= countLines(this.root));
  }

  chunks(): ChunkIndex {
    return (this.index ??= ChunkIndex.ofRepository(this.root));
  }
}

const fullText = ({ text, task }: BlankedTask): string => text.slice(0, task.offset) + task.target + text.slice(task.offset);

/** Kept, or measured and kept. */
async function resultOf(blanked: BlankedTask, recipe: Recipe, plans: Map<string, Promise<Prepared>>, repository: Repository, options: EvaluateOptions): Promise<TaskResult> {
  const { results, engine, bitsOnly, signal, machine } = options;
  const prepared = await preparedFor(blanked, recipe, plans, options.prepare);
  const deps = { engine, chunks: () => repository.chunks(), bitsOnly, signal };
  const causal = await causalForm(blanked, prepared.plan, recipe, deps);
  const key = keyOf(blanked.task, prepared, causal, recipe, { ...options, info: await engine.info() });
  const isInPlan = inPlan(blanked.task, blanked.pathInRepository, prepared.plan);
  const kept = results.get(key);
  if (kept && (bitsOnly || kept.completion)) return { ...kept, inPlan: isInPlan };
  const result = resultFrom(blanked.task, await measure(blanked, prepared, recipe, causal, deps), isInPlan, machine);
  results.put(labelOf(recipe, key.commit), key, result);
  return result;
}

/** One plan for all recipes of the same sizes and sources. */
function preparedFor(blanked: BlankedTask, { tokens, prefix, suffix, sources }: Recipe, plans: Map<string, Promise<Prepared>>, prepare: Prepare): Promise<Prepared> {
  const key = `${tokens} ${prefix} ${suffix} ${sources.join()}`;
  const known = plans.get(key) ?? prepare(blanked, { contextTokensMax: tokens, prefixTokensMax: prefix, suffixTokensMax: suffix, sources });
  plans.set(key, known);
  return known;
}

function resultFrom({ id, target }: Task, { bits, targetTokens, tokensOutsideHead, kv, completion }: Measured, isInPlan: boolean | undefined, machine: string): TaskResult {
  return {
    id, bits, targetBytes: Buffer.byteLength(target), targetTokens, tokensOutsideHead, kv, inPlan: isInPlan,
    completion: completion && { text: completion.text, firstTokenMs: completion.timing.firstTokenMs, totalMs: completion.timing.totalMs, tokenMs: completion.timing.tokenMs, machine },
  };
}
