// Sums outcomes up into the report's objects (docs/tasks.md): metrics by kind, language and slice, rows, latency and retained gain.
// Refuses a ratio where there is no gain to retain.
import { meanOf, quantileOf, ratioOfSums, type Interval } from './bootstrap.js';
import type { Recipe } from './measure.js';
import { editSimilarity, exactMatch, identifierF1 } from './metrics.js';
import type { KvFigures } from '../engine/index.js';
import type { Outcome, RunOutcomes } from './run.js';

export interface Scores {
  readonly exactMatch: Interval;
  readonly editSimilarity: Interval;
  readonly identifierF1: Interval;
  readonly bitsPerByte: Interval;
}

/** `note` says why there is no value. */
export type Gain = Interval & { readonly note?: string };

export interface RunSummary extends Recipe {
  readonly tasks: number;
  readonly planRecall: Interval;
  readonly overall: Scores;
  readonly byKind: { readonly crossfile: Scores; readonly line: Scores };
  readonly byLanguage: Readonly<Record<string, Scores>>;
  readonly slices: { readonly inPlan: Scores; readonly notInPlan: Scores; readonly copied: Scores; readonly withoutImporters: Scores };
  readonly kv: Readonly<Record<(typeof KV_MEANS)[number] | 'rowReduction' | 'byteReduction' | 'byteReductionStored', Interval>>;
  /** Over the completions of this machine. */
  readonly latency: { readonly firstTokenMsP50: Interval; readonly firstTokenMsP95: Interval; readonly totalMsP50: Interval; readonly totalMsP95: Interval; /** From one token to the next. */ readonly tokenMsP50: Interval };
  readonly retainedGain: { readonly joint: Gain; readonly dense: Gain };
  /** Exact match less the reference's, over the tasks that both completed. */
  readonly exactMatchDifference: { readonly joint: Gain; readonly dense: Gain };
}

export interface Summary {
  readonly runs: readonly RunSummary[];
}

const KV_MEANS = ['contextTokens', 'rowsStored', 'rowsResident', 'rowsAttended', 'rowsExchanged', 'bytesStored', 'bytesResident'] as const;
/** Under this share of the bits without context, what context gives is too little to ask how much of it is kept. */
const GAIN_SHARE_MIN = 0.02;
export const NO_GAIN = 'no gain to retain';

/** `machine`: the one whose latencies count, as `evaluate` was told. */
export function summarise(runs: readonly RunOutcomes[], machine: string): Summary {
  const reference = (context: string): readonly Outcome[] | undefined => runs.find(({ recipe }) => recipe.context === context)?.outcomes;
  return {
    runs: runs.map(({ recipe, outcomes }) => {
      const only = (holds: (outcome: Outcome) => boolean): Scores => scoresOf(outcomes.filter(holds));
      const languages = [...new Set(outcomes.map(({ task }) => task.lang))].sort();
      return {
        ...recipe,
        tasks: outcomes.length,
        planRecall: meanOf(outcomes.filter(({ result }) => result.inPlan !== undefined).map(({ repository, result }) => ({ repository, value: Number(result.inPlan) }))),
        overall: scoresOf(outcomes),
        byKind: { crossfile: only(({ task }) => task.kind === 'crossfile'), line: only(({ task }) => task.kind === 'line') },
        byLanguage: Object.fromEntries(languages.map((lang) => [lang, only(({ task }) => task.lang === lang)])),
        slices: {
          inPlan: only(({ result }) => result.inPlan === true),
          notInPlan: only(({ result }) => result.inPlan === false),
          copied: only(({ copied }) => copied),
          // A plan holds no importers or tests of the file yet, so this is the plain run.
          withoutImporters: scoresOf(outcomes),
        },
        kv: kvOf(outcomes),
        latency: latencyOf(outcomes, machine),
        retainedGain: { joint: retainedGain(outcomes, reference('none'), reference('joint'), 'joint'), dense: retainedGain(outcomes, reference('none'), reference('dense'), 'dense') },
        exactMatchDifference: { joint: exactMatchDifference(outcomes, reference('joint'), 'joint'), dense: exactMatchDifference(outcomes, reference('dense'), 'dense') },
      };
    }),
  };
}

function scoresOf(outcomes: readonly Outcome[]): Scores {
  const completed = outcomes.flatMap(({ repository, task, result }) => (result.completion ? [{ repository, task, text: result.completion.text }] : []));
  return {
    exactMatch: meanOf(completed.map(({ repository, task, text }) => ({ repository, value: exactMatch(text, task.target) }))),
    editSimilarity: meanOf(completed.map(({ repository, task, text }) => ({ repository, value: editSimilarity(text, task.target) }))),
    identifierF1: meanOf(
      completed.flatMap(({ repository, task, text }) => {
        const value = identifierF1(text, task.target, task.lang);
        return value === undefined ? [] : [{ repository, value }];
      }),
    ),
    bitsPerByte: ratioOfSums(outcomes.map(({ repository, result }) => ({ repository, numerator: result.bits, denominator: result.targetBytes }))),
  };
}

function kvOf(outcomes: readonly Outcome[]): RunSummary['kv'] {
  const means = Object.fromEntries(KV_MEANS.map((name) => [name, meanOf(outcomes.map(({ repository, result }) => ({ repository, value: result.kv[name] })))]));
  const reduction = (kept: (kv: KvFigures) => number, whole: (kv: KvFigures) => number): Interval =>
    ratioOfSums(outcomes.filter(({ result }) => whole(result.kv) > 0).map(({ repository, result: { kv } }) => ({ repository, numerator: whole(kv) - kept(kv), denominator: whole(kv) })));
  const dense = (kv: KvFigures): number => kv.denseBytesFp16;
  return {
    ...(means as Record<(typeof KV_MEANS)[number], Interval>),
    rowReduction: reduction((kv) => kv.rowsResident, (kv) => kv.contextTokens),
    byteReduction: reduction((kv) => (1 - kv.byteReduction) * kv.denseBytesFp16, dense),
    byteReductionStored: reduction((kv) => (1 - kv.byteReductionStored) * kv.denseBytesFp16, dense),
  };
}

function latencyOf(outcomes: readonly Outcome[], machine: string): RunSummary['latency'] {
  const timed = outcomes.flatMap(({ repository, result: { completion } }) => (completion?.machine === machine ? [{ repository, ...completion }] : []));
  // Where there was no second token, the time from one to the next is 0 or absent.
  const quantile = (name: 'firstTokenMs' | 'totalMs' | 'tokenMs', p: number): Interval => quantileOf(timed.flatMap(({ repository, [name]: value }) => (value ? [{ repository, value }] : [])), p);
  return {
    firstTokenMsP50: quantile('firstTokenMs', 0.5),
    firstTokenMsP95: quantile('firstTokenMs', 0.95),
    totalMsP50: quantile('totalMs', 0.5),
    totalMsP95: quantile('totalMs', 0.95),
    tokenMsP50: quantile('tokenMs', 0.5),
  };
}

const absent = (note: string, count = 0): Gain => ({ value: null, low: null, high: null, count, note });

/** Paired: 1 where only this run's completion is the target, -1 where only the reference's is; the mean over the tasks that both completed. */
export function exactMatchDifference(outcomes: readonly Outcome[], reference: readonly Outcome[] | undefined, name: string): Gain {
  if (!reference) return absent(`needs the context ${name} in the same call`);
  const isRight = ({ task, result }: Outcome): number | undefined => result.completion && exactMatch(result.completion.text, task.target);
  const ofReference = new Map(reference.map((outcome) => [outcome.task.id, isRight(outcome)]));
  const differences = outcomes.flatMap((outcome) => {
    const [own, other] = [isRight(outcome), ofReference.get(outcome.task.id)];
    return own === undefined || other === undefined ? [] : [{ repository: outcome.repository, value: own - other }];
  });
  return differences.length === 0 ? absent('no completions') : meanOf(differences);
}

/** (bits without - bits of this run) / (bits without - bits of the reference), as a ratio of sums over the tasks that all three measured. */
export function retainedGain(outcomes: readonly Outcome[], without: readonly Outcome[] | undefined, reference: readonly Outcome[] | undefined, name: string): Gain {
  if (!without || !reference) return absent(`needs the contexts none and ${name} in the same call`);
  const bitsOf = (list: readonly Outcome[]) => new Map(list.map(({ task, result }) => [task.id, result.bits]));
  const bitsWithout = bitsOf(without);
  const bitsReference = bitsOf(reference);
  const shared = outcomes.flatMap(({ task, repository, result }) => {
    const none = bitsWithout.get(task.id);
    const best = bitsReference.get(task.id);
    return none === undefined || best === undefined ? [] : [{ repository, bytes: result.targetBytes, none, best, bits: result.bits }];
  });
  const gainPerByte = ratioOfSums(shared.map(({ repository, none, best, bytes }) => ({ repository, numerator: none - best, denominator: bytes })));
  const bitsPerByteWithout = ratioOfSums(shared.map(({ repository, none, bytes }) => ({ repository, numerator: none, denominator: bytes }))).value;
  if (bitsPerByteWithout === null) return absent('no task');
  if (gainPerByte.low === null) return absent('one repository: no interval, so no ratio', shared.length);
  if (gainPerByte.low < GAIN_SHARE_MIN * bitsPerByteWithout) return absent(NO_GAIN, shared.length);
  return ratioOfSums(shared.map(({ repository, none, best, bits }) => ({ repository, numerator: none - bits, denominator: none - best })));
}
