// Composition says the same as one run over the same tokens, mask and positions: exactly with fp32 rows, nearly with int8 ones.
import { expect, it } from 'vitest';
import { SegmentReader, type AnchorBlock } from '../../engine/anchors.js';
import type { Candidate } from '../../engine/choose.js';
import { Composer } from '../../engine/compose.js';
import { RowsSpace } from '../../engine/context-rows.js';
import { readCalibration } from '../../engine/graph/calibrate.js';
import { Model } from '../../engine/model.js';
import { PromptForm } from '../../engine/prompt.js';
import { Ranker } from '../../engine/ranker.js';
import { MASKED } from '../../engine/rows.js';
import { logProb } from '../../engine/sample.js';
import { testDir } from '../harness/folders.js';
import { promptOf, segmentOf, tinyFloatModel } from '../harness/tiny-model.js';

const LOG_PROBABILITY_TOLERANCE = 1e-4;
/** Of int8 keys and values in a random model, whose attention is far from peaked. */
const INT8_TOLERANCE = 0.05;

const segments = [segmentOf('dock.ts', 'export class Dock {\n  reserve(name: string): number { return 10; }\n}\n'), segmentOf('crane.ts', 'export function lift(value: number) {\n  return value == 10;\n}\n')];
const prompt = promptOf('const dock = new Dock();\nlift(', ');\n');

const open = async () => {
  const dir = await tinyFloatModel({ architecture: 'qwen2', seed: 7, layers: 3 });
  const model = await Model.open(dir, { threads: 1 });
  const form = new PromptForm(model.tokenizer, model.manifest);
  const sink = await model.read(form.sink);
  const tokens = segments.map((segment) => form.segment(segment));
  const after = [...form.beforePrefix(prompt), ...model.tokenizer.encode(prompt.prefix), ...form.afterPrefix(prompt)];
  return { dir, model, form, sink, tokens, after, calibration: readCalibration(dir, model.manifest.shape) };
};
type Opened = Awaited<ReturnType<typeof open>>;

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);

/** Log-probabilities of the prompt's own next tokens from the logits [T, head] of its tokens. */
function logProbabilities({ model, after }: Opened, logits: Float32Array): number[] {
  const head = model.headIds.length;
  return after.slice(1).map((token, t) => logProb(logits.subarray(t * head, (t + 1) * head), model.headIds.indexOf(token)));
}

/** Each segment read by itself behind the sink, then its rows moved behind the one before. */
async function composed(opened: Opened): Promise<number[]> {
  const { model, sink, tokens, after } = opened;
  const window = sink.copy(sink.length, 256);
  let place = sink.length;
  for (const segment of tokens) {
    const { rows } = await model.forward({ tokens: segment, positions: range(sink.length, segment.length), context: model.noContext, window: sink });
    window.append(rows, range(place, segment.length));
    place += segment.length;
  }
  const { logits } = await model.forward({ tokens: after, positions: range(place, after.length), context: model.noContext, window, logits: range(0, after.length) });
  return logProbabilities(opened, logits);
}

/** One run over everything. A segment that is moved keeps its distance to the sink it saw: a copy of the sink right before it, which it alone sees. */
async function monolithic(opened: Opened): Promise<number[]> {
  const { model, form, sink, tokens, after } = opened;
  const groups: { ids: readonly number[]; positions: number[]; sees: number[] }[] = [{ ids: form.sink, positions: range(0, sink.length), sees: [] }];
  let place = sink.length;
  const seenByPrompt = [0];
  for (const segment of tokens) {
    groups.push({ ids: form.sink, positions: range(place - sink.length, sink.length), sees: [] });
    groups.push({ ids: segment, positions: range(place, segment.length), sees: [groups.length - 1] });
    seenByPrompt.push(groups.length - 1);
    place += segment.length;
  }
  groups.push({ ids: after, positions: range(place, after.length), sees: seenByPrompt });
  const ids = groups.flatMap(({ ids: part }) => part);
  const groupOf = groups.flatMap(({ ids: part }, g) => part.map(() => g));
  const newBias = new Float32Array(ids.length ** 2);
  for (let i = 0; i < ids.length; i++) {
    for (let j = 0; j < ids.length; j++) {
      const sees = groupOf[j] === groupOf[i] ? j <= i : groups[groupOf[i]].sees.includes(groupOf[j]);
      if (!sees) newBias[i * ids.length + j] = MASKED;
    }
  }
  const first = ids.length - after.length;
  const { logits } = await model.forward({ tokens: ids, positions: groups.flatMap(({ positions }) => positions), context: model.noContext, window: model.newWindow(), newBias, logits: range(first, after.length) });
  return logProbabilities(opened, logits);
}

/** As the product does it: ranked, stored in int8, composed in int8, every row. */
async function anchored(opened: Opened): Promise<number[]> {
  const { model, sink, tokens, after, calibration } = opened;
  const { shape } = model.manifest;
  const ranker = await Ranker.open(shape, model.rotation, { threads: 1 });
  const reader = new SegmentReader(model, ranker, calibration, sink, sink);
  const stored: AnchorBlock[][] = [];
  for (const segment of tokens) stored.push(await reader.read(segment, 1, (run) => run(16)));
  let place = sink.length;
  const candidates = tokens.map((segment, s): Candidate => {
    const candidate = { segments: [segments[s]], key: String(s), tokens: segment, place, ranksMax: segment.length };
    place += segment.length;
    return candidate;
  });
  const composition = new Composer(shape, model.rotation, calibration, new RowsSpace(testDir('rows'))).compose(candidates, candidates.map(({ ranksMax }) => ranksMax), ({ key }) => stored[Number(key)]);
  const { logits } = await model.forward({ tokens: after, positions: range(place, after.length), context: composition!.rows, window: sink, logits: range(0, after.length) });
  return logProbabilities(opened, logits);
}

const largestDifference = (a: readonly number[], b: readonly number[]): number => Math.max(...a.map((value, i) => Math.abs(value - b[i])));

it('moves fp32 rows without changing what they say', async () => {
  const opened = await open();
  const whole = await monolithic(opened);
  expect(whole.length).toBeGreaterThan(20);
  expect(largestDifference(await composed(opened), whole)).toBeLessThan(LOG_PROBABILITY_TOLERANCE);
});

it('keeps int8 rows near to fp32 ones, and context far from none', async () => {
  const opened = await open();
  const whole = await monolithic(opened);
  const { model, sink, after } = opened;
  const { logits } = await model.forward({ tokens: after, positions: range(sink.length, after.length), context: model.noContext, window: sink, logits: range(0, after.length) });
  expect(largestDifference(await anchored(opened), whole)).toBeLessThan(INT8_TOLERANCE);
  expect(largestDifference(logProbabilities(opened, logits), whole)).toBeGreaterThan(2 * INT8_TOLERANCE);
});
