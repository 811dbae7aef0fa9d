// planRecall by source: the default, each alone and each left out. Only the tokenizer is asked.
// Refuses to judge by anything but whether the plan's text holds the declaration.
import { prepare } from '../context/index.js';
import type { Engine } from '../engine/index.js';
import { inPlan, windowByDefault } from '../evaluation/index.js';
import { variants } from './sources.js';
import { crossfileTasks } from './tasks.js';

export interface PlanOptions {
  readonly tasksPath: string;
  readonly root: string;
  readonly limit: number;
  readonly contextTokensMax: number;
  readonly onTask: (line: string) => void;
}

export async function benchPlan(engine: Pick<Engine, 'countTokens'>, { tasksPath, root, limit, contextTokensMax, onTask }: PlanOptions): Promise<string> {
  const countTokens = (texts: readonly string[]): Promise<readonly number[]> => engine.countTokens(texts);
  const sums = variants.map(() => ({ held: 0, tokens: 0 }));
  let tasks = 0;
  for (const { blanked, snapshot } of crossfileTasks(tasksPath, root, limit)) {
    const { task, path, pathInRepository } = blanked;
    tasks++;
    for (const [i, { sources }] of variants.entries()) {
      const { plan } = await prepare(snapshot, { path, offset: task.offset }, { ...windowByDefault, contextTokensMax, countTokens, sources });
      sums[i].held += Number(inPlan(task, pathInRepository, plan));
      sums[i].tokens += plan.tokens;
    }
    onTask(`${tasks}: ${task.id}`);
  }
  const lines = variants.map(({ name }, i) => `${name.padEnd(20)}${(sums[i].held / tasks).toFixed(3)}  ${Math.round(sums[i].tokens / tasks)} tokens`);
  return [`planRecall and mean tokens on ${tasks} crossfile tasks, plans of at most ${contextTokensMax} tokens`, ...lines].join('\n');
}
