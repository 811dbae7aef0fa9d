// Runs recipes over tasks: checks every task, measures what no result is kept for, keeps each result at once.
// Refuses tasks that do not hold, by name, and goes on with the others.
import { digestOf } from '../base/digest.js';
import type { LocalPrompt, SourceName } from '../base/segment.js';
import { UserError } from '../base/errors.js';
import type { OnProgress } from '../base/progress.js';
import type { ContextForm, Engine, EngineInfo } from '../engine/index.js';
import { ChunkIndex } from './bm25.js';
import { countLines, isCopied } from './copied.js';
import { causalForm, measure, type Prepared, type Recipe } from './measure.js';
import { inPlan } from './recall.js';
import type { ResultKey, ResultStore, TaskResult } from './results.js';
import { blankTask, type BlankedTask, type Task } from './tasks.js';

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
  /** Written beside latencies. */
  readonly machine: string;
  readonly engine: Engine;
  readonly prepare: Prepare;
  readonly results: ResultStore;
  readonly onProgress: OnProgress;
  /** Told of each task that is refused, in one line. */
  readonly onRefused: (line: string) => void;
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
      const result = await resultOf(blanked, recipe, prepared, repository, options);
      outcomes[index].push({ task: blanked.task, repository: blanked.repository, copied, result });
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

async function resultOf(blanked: BlankedTask, recipe: Recipe, plans: Map<string, Promise<Prepared>>, repository: Repository, options: EvaluateOptions): Promise<TaskResult> {
  const { results, engine, bitsOnly, signal } = options;
  const prepared = (): Promise<Prepared> => {
    const key = `${recipe.tokens} ${recipe.prefix} ${recipe.suffix} ${recipe.sources.join()}`;
    const known = plans.get(key) ?? options.prepare(blanked, { contextTokensMax: recipe.tokens, prefixTokensMax: recipe.prefix, suffixTokensMax: recipe.suffix, sources: recipe.sources });
    plans.set(key, known);
    return known;
  };
  const { prompt, plan } = await prepared();
  const deps = { engine, chunks: () => repository.chunks(), bitsOnly, signal };
  const causal = await causalForm(blanked, plan, recipe, deps);
  const key = causal ? readKey(blanked, prompt, causal, recipe, await engine.info()) : { task: taskDigest(blanked), recipe: recipeDigest(recipe), commit: options.commit };
  const kept = results.get(key);
  if (kept && (bitsOnly || kept.completion)) return { ...kept, inPlan: inPlan(blanked.task, blanked.pathInRepository, plan) };
  const measured = await measure(blanked, { prompt, plan }, recipe, causal, deps);
  const { completion } = measured;
  const result: TaskResult = {
    id: blanked.task.id,
    bits: measured.bits,
    targetBytes: Buffer.byteLength(blanked.task.target),
    targetTokens: measured.targetTokens,
    tokensOutsideHead: measured.tokensOutsideHead,
    kv: measured.kv,
    inPlan: inPlan(blanked.task, blanked.pathInRepository, plan),
    completion: completion && { text: completion.text, firstTokenMs: completion.timing.firstTokenMs, totalMs: completion.timing.totalMs, tokenMs: completion.timing.tokenMs, machine: options.machine },
  };
  results.put(labelOf(recipe, key.commit), key, result);
  return result;
}

const taskDigest = ({ task, text }: BlankedTask): string => digestOf(task.file, String(task.offset), task.target, text).slice(0, 24);
const recipeDigest = (recipe: Recipe): string => digestOf(JSON.stringify(recipe, Object.keys(recipe).sort())).slice(0, 16);

/** Text read in one run is dear and knows nothing of rows: its key is what was read and by which model, so that it outlives changes of the code. */
function readKey(blanked: BlankedTask, { path, importBlock, prefix, suffix }: LocalPrompt, causal: ContextForm, recipe: Recipe, { headTokens, numericClass }: EngineInfo): ResultKey {
  const read = digestOf(JSON.stringify({ path, importBlock, prefix, suffix }), JSON.stringify(causal));
  return { task: digestOf(blanked.task.target, read).slice(0, 24), recipe: digestOf('read', recipe.model, recipe.state, String(headTokens), numericClass).slice(0, 16), commit: 'any' };
}

function labelOf(recipe: Recipe, commit: string): string {
  const parts = [recipe.model, recipe.context, recipe.policy, recipe.rows, recipe.stored === null ? null : `stored${recipe.stored}`, recipe.state, `${recipe.tokens}-${recipe.prefix}-${recipe.suffix}`, recipe.sources.join('-'), commit.slice(0, 12)];
  return parts.filter((part) => part !== null).join('.').replace(/[^\w.-]+/g, '-');
}
