// What each source of context is worth: the default, each alone and each left out; planRecall, bits per byte, exact match, edit similarity.
// Refuses to decide which are on.
import type { SourceName } from '../base/segment.js';
import { sourcesByDefault, sourcesKnown } from '../context/index.js';
import type { Engine } from '../engine/index.js';
import { recipeByDefault, type Summary } from '../evaluation/index.js';
import { measureWays, type TasksMeasured, type Way } from './tasks.js';

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

const { rows, stored } = recipeByDefault;
const none: Way = { context: 'none', policy: null, rows: null, stored: null, state: 'warm' };

/** Crossfile tasks, at even distances, with the daemon's share of rows in memory. */
export async function benchSources(engine: Engine, options: TasksMeasured): Promise<string> {
  const anchors = variants.map(({ sources }): Way => ({ context: 'anchors', policy: 'two-stage', rows, stored, state: 'warm', sources }));
  const [without, ...withSources] = await measureWays(engine, [none, ...anchors], false, options);
  return [
    `${without.tasks} crossfile tasks, plans of at most ${options.contextTokensMax} tokens, ${100 * rows}% of the rows in memory; planRecall, bits per byte, exact match, edit similarity`,
    lineOf('no context', without),
    ...withSources.map((run, i) => lineOf(variants[i].name, run)),
  ].join('\n');
}

const lineOf = (name: string, { planRecall, overall, kv }: Summary['runs'][number]): string =>
  `${name.padEnd(20)}${figure(planRecall.value)}  ${figure(overall.bitsPerByte.value)}  ${figure(overall.exactMatch.value)}  ${figure(overall.editSimilarity.value)}  ${Math.round(kv.contextTokens.value ?? 0)} tokens`;

const figure = (value: number | null): string => (value === null ? '-' : value.toFixed(3));
