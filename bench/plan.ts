// planRecall by source: each alone, each left out, and the default, at several sizes of the plan. Only the tokenizer is asked.
// Refuses to judge by anything but whether the plan's text holds the declaration.
import { Workspace, prepare, sourcesByDefault, sourcesKnown } from '../context/index.js';
import type { Engine } from '../engine/index.js';
import type { SourceName } from '../base/segment.js';
import { inPlan } from '../evaluation/index.js';
import { crossfileTasks } from './tasks.js';

const WINDOW = { prefixTokensMax: 512, suffixTokensMax: 64, importTokensMax: 256 };
const TOKENS = [3000, 8000];

interface Variant {
  readonly name: string;
  readonly sources: readonly SourceName[];
}

const variants: readonly Variant[] = [
  { name: 'default', sources: sourcesByDefault },
  { name: 'all', sources: sourcesKnown },
  ...sourcesKnown.map((source) => ({ name: `${source} alone`, sources: [source] })),
  ...sourcesKnown.map((source) => ({ name: `all but ${source}`, sources: sourcesKnown.filter((other) => other !== source) })),
];

export interface PlanOptions {
  readonly tasksPath: string;
  readonly root: string;
  readonly limit: number;
  readonly onTask: (line: string) => void;
}

export async function benchPlan(engine: Pick<Engine, 'countTokens'>, { tasksPath, root, limit, onTask }: PlanOptions): Promise<string> {
  const countTokens = (texts: readonly string[]): Promise<readonly number[]> => engine.countTokens(texts);
  const found = new Map<string, { held: number; tokens: number }>();
  let tasks = 0;
  for (const { blanked } of crossfileTasks(tasksPath, root, limit)) {
    const { task, path, repositoryRoot, pathInRepository, text } = blanked;
    const snapshot = new Workspace([repositoryRoot]).apply([{ kind: 'open', path, text }]);
    tasks++;
    for (const contextTokensMax of TOKENS) {
      for (const { name, sources } of variants) {
        const { plan } = await prepare(snapshot, { path, offset: task.offset }, { ...WINDOW, contextTokensMax, countTokens, sources });
        const key = `${name}\t${contextTokensMax}`;
        const sum = found.get(key) ?? { held: 0, tokens: 0 };
        found.set(key, { held: sum.held + Number(inPlan(task, pathInRepository, plan)), tokens: sum.tokens + plan.tokens });
      }
    }
    onTask(`${tasks}: ${task.id}`);
  }
  const cell = (name: string, tokensMax: number): string => {
    const { held, tokens } = found.get(`${name}\t${tokensMax}`)!;
    return `${(held / tasks).toFixed(3)} (${Math.round(tokens / tasks)})`.padEnd(18);
  };
  const lines = variants.map(({ name }) => `${name.padEnd(20)}${TOKENS.map((tokensMax) => cell(name, tokensMax)).join('')}`);
  return [`planRecall (mean tokens) on ${tasks} crossfile tasks`, `${''.padEnd(20)}${TOKENS.map((n) => `at most ${n}`.padEnd(18)).join('')}`, ...lines].join('\n');
}
