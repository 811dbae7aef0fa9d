// What each source of context is worth: the default, each alone and each left out; planRecall, bits per byte, exact match, edit similarity.
// Refuses to decide which are on.
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { SourceName } from '../base/segment.js';
import { packageRoot } from '../base/package.js';
import { sourcesByDefault, sourcesKnown } from '../context/index.js';
import type { Engine } from '../engine/index.js';
import { evaluate, measuredCommit, preparing, ResultStore, summarise, type Recipe, type Summary } from '../evaluation/index.js';
import { crossfileAmong, localWindow } from './tasks.js';

export interface Variant {
  readonly name: string;
  readonly sources: readonly SourceName[];
}

export const variants: readonly Variant[] = [
  { name: 'default', sources: sourcesByDefault },
  { name: 'all', sources: sourcesKnown },
  ...sourcesKnown.map((source) => ({ name: `${source} alone`, sources: [source] })),
  ...sourcesKnown.map((source) => ({ name: `all but ${source}`, sources: sourcesKnown.filter((other) => other !== source) })),
];

export interface SourcesOptions {
  readonly tasksPath: string;
  readonly root: string;
  readonly limit: number;
  readonly contextTokensMax: number;
  readonly model: string;
  readonly onTask: (line: string) => void;
}

const SHARES = { rows: 0.2, stored: 0.5 };

/** Crossfile tasks, at even distances; results are kept where `kedge eval` keeps its own, under the same keys. */
export async function benchSources(engine: Engine, { tasksPath, root, limit, contextTokensMax, model, onTask }: SourcesOptions): Promise<string> {
  const sizes = { tokens: contextTokensMax, prefix: localWindow.prefixTokensMax, suffix: localWindow.suffixTokensMax };
  const common = { model, state: 'warm', ...sizes, drafts: 'off', ngrams: 'off' } as const;
  const none: Recipe = { ...common, context: 'none', policy: null, rows: null, stored: null, sources: [...sourcesByDefault].sort() };
  const anchors = variants.map(({ sources }): Recipe => ({ ...common, context: 'anchors', policy: 'two-stage', ...SHARES, sources: [...sources].sort() }));
  const runs = await evaluate({
    root, engine,
    tasks: crossfileAmong(tasksPath, limit),
    recipes: [none, ...anchors],
    bitsOnly: false,
    commit: measuredCommit(packageRoot, 'bench'),
    machine: `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} threads`,
    prepare: preparing((texts) => engine.countTokens(texts), localWindow.importTokensMax),
    results: ResultStore.open(join(packageRoot, 'evaluation', 'results')),
    onProgress: ({ done, total }) => onTask(`${done} of ${total}`),
    onRefused: onTask,
  });
  const [without, ...withSources] = summarise(runs).runs;
  return [
    `${without.tasks} crossfile tasks, plans of at most ${contextTokensMax} tokens, a fifth of the rows; planRecall, bits per byte, exact match, edit similarity`,
    lineOf('no context', without),
    ...withSources.map((run, i) => lineOf(variants[i].name, run)),
  ].join('\n');
}

const lineOf = (name: string, { planRecall, overall, kv }: Summary['runs'][number]): string =>
  `${name.padEnd(20)}${figure(planRecall.value)}  ${figure(overall.bitsPerByte.value)}  ${figure(overall.exactMatch.value)}  ${figure(overall.editSimilarity.value)}  ${Math.round(kv.contextTokens.value ?? 0)} tokens`;

const figure = (value: number | null): string => (value === null ? '-' : value.toFixed(3));
