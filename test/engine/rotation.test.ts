// Frequencies of the rotation, with the divisors that some models have, and that every place which rotates knows of these.
import { describe, expect, it } from 'vitest';
import { LocalEngine } from '../../engine/engine.js';
import { readManifest } from '../../engine/graph/manifest.js';
import { frequenciesOf } from '../../engine/graph/shape.js';
import { Model } from '../../engine/model.js';
import { Ranker } from '../../engine/ranker.js';
import { Rotation } from '../../engine/rows.js';
import { testDir } from '../harness/folders.js';
import { tinyVector } from '../harness/tiny-gguf.js';
import { planned, promptOf, segmentOf, tinyModel } from '../harness/tiny-model.js';

const HALF = 16;
const ones = Array.from({ length: HALF }, () => 1);
/** As Llama 3's: what turns fast is left as it is, what turns slowly is slowed down. */
const growing = ones.map((_, i) => (i < 4 ? 1 : i < 10 ? i / 3 : 8));

const model = (ropeFactors?: readonly number[]): Promise<string> =>
  tinyModel({ architecture: 'llama', seed: 5, heads: 2, kvHeads: 1, feedForward: 32, tensors: ropeFactors && [tinyVector('rope_freqs.weight', ropeFactors)] });
const without = model();
const factored = model(growing);

describe('frequencies', () => {
  const shape = { headDim: 8, ropeBase: 10_000 };
  const cases: readonly { title: string; ropeFactors?: number[]; expected: number[] }[] = [
    { title: 'without factors', expected: [1, 0.1, 0.01, 0.001] },
    { title: 'with factors of 1', ropeFactors: [1, 1, 1, 1], expected: [1, 0.1, 0.01, 0.001] },
    { title: 'with factors', ropeFactors: [1, 2, 4, 8], expected: [1, 0.05, 0.0025, 0.000125] },
  ];
  it.each(cases)('$title', ({ ropeFactors, expected }) => {
    const frequencies = frequenciesOf({ ...shape, ropeFactors });
    expect(frequencies).toHaveLength(expected.length);
    expected.forEach((frequency, i) => expect(frequencies[i]).toBeCloseTo(frequency, 12));
  });

  it('turn a position by themselves times it', () => {
    const angles = new Rotation({ ...shape, ropeFactors: [1, 2, 4, 8] }).table(40);
    [40, 2, 0.1, 0.005].forEach((angle, i) => {
      expect(angles[i]).toBeCloseTo(Math.cos(angle), 6);
      expect(angles[4 + i]).toBeCloseTo(Math.sin(angle), 6);
    });
  });
});

describe('factors in a GGUF', () => {
  it('are kept with the shape, and absent where there are none', async () => {
    const manifests = [readManifest(await without)!, readManifest(await factored)!];
    expect(manifests.map(({ shape }) => shape.ropeFactors)).toEqual([undefined, growing.map(Math.fround)]);
    expect(manifests[0].weightsDigest).not.toBe(manifests[1].weightsDigest);
  });

  /** Bits of one target over composed context: reading, ranking, composing and running the window all rotate. */
  const bits = async (convertedDir: string): Promise<number> => {
    const engine = await LocalEngine.open({ convertedDir, storeDir: testDir('store'), storeBytesMax: 1e8, threads: 1 });
    const segments = [planned(segmentOf('dock.ts', 'export function dock(value: number) {\n  return value == 10;\n}\n'.repeat(4)))];
    const anchors = { policy: 'two-stage', residentShare: 0.3, storedShare: 0.5, state: 'warm' } as const;
    const result = await engine.likelihood({ client: 'test', document: 'main.ts', prompt: promptOf('const a = '), context: { form: 'composed', plan: { segments, tokens: 100 }, anchors }, target: 'dock(10)' });
    await engine.close();
    return result.bits;
  };

  it('change what the model says, and nothing where all are 1', async () => {
    const bitsWithout = await bits(await without);
    expect(await bits(await model(ones))).toBe(bitsWithout);
    expect(Math.abs((await bits(await factored)) - bitsWithout)).toBeGreaterThan(1e-3);
  });

  it('rank keys as the window rotates them', async () => {
    const opened = await Model.open(await factored, { threads: 1 });
    const { shape } = opened.manifest;
    const ranker = await Ranker.open(shape, opened.rotation, { threads: 1 });
    const tokens = opened.tokenizer.encode('export function dock(value) {');
    // Far from each other, so that even the slowest pair of channels turns.
    const positions = tokens.map((_, i) => 300 * i);
    const window = opened.newWindow();
    const { rows, queries } = await opened.forward({ tokens, positions, context: opened.noContext, window, queries: [tokens.length - 1] });
    window.append(rows, positions);
    const asked = ranker.prepare(queries, [positions.at(-1)!]);
    const expected = ranker.massOfWindow(window, asked);
    const { kvHeads, headDim } = shape;
    for (let head = 0; head < kvHeads; head++) {
      const keys = Float32Array.from(tokens.flatMap((_, t) => [...rows.subarray((t * kvHeads + head) * headDim, (t * kvHeads + head + 1) * headDim)]));
      const { mass } = await ranker.score(asked, { first: head, count: 1 }, keys, positions, undefined, 1);
      mass.forEach((value, m) => expect(value).toBeCloseTo(expected[head][m], 4));
    }
    await ranker.close();
    await opened.close();
  });
});
