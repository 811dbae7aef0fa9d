// What a result is kept under: digests of all that it depends on, so that nothing stale is served.
// Refuses to put the code's state into the key of text read in one run: that is dear, knows nothing of rows, and outlives changes of the code.
import { digestOf } from '../base/digest.js';
import type { ContextForm, EngineInfo } from '../engine/index.js';
import type { Prepared, Recipe } from './measure.js';
import type { ResultKey } from './results.js';
import type { Task } from './tasks.js';

/** What measures. */
export interface Measuring {
  /** As measuredCommit names the state of the code. */
  readonly commit: string;
  /** Of the model's file, in hex. */
  readonly modelSha256: string;
  readonly info: Pick<EngineInfo, 'headTokens' | 'numericClass'>;
}

/** The model that reads were kept of while its name alone stood in the key: they are found still. */
const KEPT_BY_NAME = '1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32';

/** `causal`: what `causalForm` gave for the same task and recipe. */
export function keyOf({ target }: Pick<Task, 'target'>, { prompt, plan }: Prepared, causal: ContextForm | undefined, recipe: Recipe, { commit, modelSha256, info: { headTokens, numericClass } }: Measuring): ResultKey {
  const { path, importBlock, prefix, suffix, following } = prompt;
  const model = modelSha256 === KEPT_BY_NAME ? recipe.model : `${recipe.model} ${modelSha256}`;
  const task = (window: object, context: unknown): string => digestOf(target, digestOf(JSON.stringify(window), JSON.stringify(context))).slice(0, 24);
  if (causal) return { task: task({ path, importBlock, prefix, suffix }, causal), recipe: digestOf('read', model, recipe.state, String(headTokens), numericClass).slice(0, 16), commit: 'any', following: digestOf(following).slice(0, 24) };
  const segments = plan.segments.map(({ segment, share, group }) => [segment.digest, share, group]);
  return { task: task({ path, importBlock, prefix, suffix, following }, segments), recipe: digestOf('rows', JSON.stringify(recipe, Object.keys(recipe).sort()), model, numericClass).slice(0, 16), commit };
}

/** Opens the name of the file that a result is kept in. */
export function labelOf(recipe: Recipe, commit: string): string {
  const parts = [recipe.model, recipe.context, recipe.policy, recipe.rows, recipe.stored === null ? null : `stored${recipe.stored}`, recipe.state, `${recipe.tokens}-${recipe.prefix}-${recipe.suffix}`, recipe.sources.join('-'), commit.slice(0, 12)];
  return parts.filter((part) => part !== null).join('.').replace(/[^\w.-]+/g, '-');
}
