// Ranks ways of choosing rows: a grid of policies and shares on tasks to tune on; the best and the floors, completions, a floor that reads everything twice and a context three times as long on others.
// Refuses to measure by itself: tasks, results and figures are the evaluation's, so a run that was ended goes on where it stopped.
import type { Engine, PolicyName } from '../engine/index.js';
import type { Summary } from '../evaluation/index.js';
import { measureWays, type TasksMeasured, type Way } from './tasks.js';

export const stages = ['grid', 'floors', 'decoding', 'repetition', 'long'] as const;
export type Stage = (typeof stages)[number];

export interface AnchorsOptions extends TasksMeasured {
  /** The stages after the grid: where their tasks are, how many of them these take, and how many the long context, which reads most; at even distances. */
  readonly othersPath: string;
  readonly limitOthers: number;
  readonly limitLong: number;
  readonly stages: readonly Stage[];
}

/** One stage's runs; the references (none, joint, dense) stand first. */
export interface StageFigures {
  readonly stage: Stage;
  readonly runs: Summary['runs'];
}

const RESIDENT_SHARES = [0.2, 0.1, 0.05, 0.02, 0.01];
const STORED_SHARES = [1, 0.5, 0.3];
const RANKED: readonly PolicyName[] = ['two-stage', 'stored-order'];
const FLOORS: readonly PolicyName[] = ['every-kth', 'newlines', 'signatures', 'outline-text', 'key-difference'];
const DECODING_SHARES = [0.2, 0.1, 0.05];
/** The shares that the targets name. */
const FLOOR_SHARES = [0.1, 0.05];
const SHARE_RANKED = 0.05;
const BEST = 4;
/** Rows in memory of those composed, with the default model (record 0016): a larger share of what is stored is all of it, whatever the policy. */
const HELD_OF_COMPOSED = 7 / 24;
const LONG_TIMES = 3;
/** What other tools put before the prompt: more of it would be read at every jump. */
const BM25_TOKENS = 3000;

const textWay = (context: Way['context']): Way => ({ context, policy: null, rows: null, stored: null, state: 'warm' });
const rowsWay = (policy: PolicyName, rows: number, stored: number, state: Way['state'] = 'warm'): Way => ({ context: 'anchors', policy, rows, stored, state });
const dense: Way = { context: 'dense', policy: 'every-row', rows: 1, stored: 1, state: 'warm' };
/** A document that was just opened, whose cursor chose nothing yet. */
const opened = [0.2, 0.1, 0.05].map((rows) => rowsWay('two-stage', rows, 0.5, 'first'));
const none = textWay('none');
const joint = textWay('joint');
/** At equal bytes: everything that is stored, in int8. */
const allStored = STORED_SHARES.map((stored) => rowsWay('all-stored', stored, stored));
const grid = STORED_SHARES.flatMap((stored) => RANKED.flatMap((policy) => RESIDENT_SHARES.map((rows) => rowsWay(policy, rows, stored)))).filter(leavesOut);
/** What the other stages take the best of: the grid's ways at one share, which are measured without the grid in minutes. */
const ranked = grid.filter(({ rows }) => rows === SHARE_RANKED);
const floors = FLOORS.flatMap((policy) => atShares(FLOOR_SHARES, { policy, stored: 1 }));
/** Where ways are ranked, and where the context is long, no joint read is worth its hours: what is kept is of dense. */
const long: readonly Way[] = [none, dense, rowsWay('all-stored', 0.5, 0.5), ...[0.1, 0.05, 0.02].map((rows) => rowsWay('two-stage', rows, 0.5))];

/** The stages wanted, in their order. */
export async function benchAnchors(engine: Engine, options: AnchorsOptions): Promise<StageFigures[]> {
  const measured = (ways: readonly Way[], bitsOnly: boolean, tasks: Partial<TasksMeasured>): Promise<Summary['runs']> => measureWays(engine, ways, bitsOnly, { ...options, ...tasks });
  const others = { tasksPath: options.othersPath, limit: options.limitOthers };
  const best = async (): Promise<Choosing[]> => bestOf(await measured([none, dense, ...ranked], true, {}));
  const runsOf: Readonly<Record<Stage, () => Promise<Summary['runs']>>> = {
    grid: () => measured([none, dense, ...allStored, ...opened, ...grid], true, {}),
    floors: async () => measured([none, joint, dense, ...allStored, ...(await best()).flatMap((way, i) => atShares(i === 0 ? RESIDENT_SHARES : FLOOR_SHARES, way)).filter(leavesOut), ...floors], true, others),
    decoding: async () => measured([none, { ...textWay('bm25'), tokens: BM25_TOKENS }, joint, dense, ...atShares(DECODING_SHARES, (await best())[0])], false, others),
    repetition: async () => measured([none, joint, dense, ...atShares(FLOOR_SHARES, (await best())[0]), ...atShares(FLOOR_SHARES, { policy: 'repetition', stored: 1 })], true, others),
    long: () => measured(long, true, { ...others, limit: options.limitLong, contextTokensMax: LONG_TIMES * options.contextTokensMax }),
  };
  const figures: StageFigures[] = [];
  for (const stage of stages) if (options.stages.includes(stage)) figures.push({ stage, runs: await runsOf[stage]() });
  return figures;
}

/** What is chosen, and of how much; the share that is resident is left open. */
type Choosing = Pick<Way, 'policy' | 'stored'>;

/** By the gain that is kept. The best first. */
function bestOf(runs: Summary['runs']): Choosing[] {
  const gain = ({ retainedGain }: Summary['runs'][number]): number => retainedGain.dense.value ?? -Infinity;
  return runs.filter(({ context }) => context === 'anchors').sort((a, b) => gain(b) - gain(a)).slice(0, BEST);
}

function atShares(shares: readonly number[], { policy, stored }: Choosing): Way[] {
  return shares.map((rows) => rowsWay(policy!, rows, stored!));
}

/** Whether the share leaves any of the stored rows out. */
function leavesOut({ rows, stored }: Way): boolean {
  return rows! < stored! * HELD_OF_COMPOSED;
}
