// The real model in int8 against PyTorch goldens of its dequantised weights in fp32: how many more bits the same texts cost.
// The goldens are made by training/goldens_bits.py.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { noProgress } from '../../base/progress.js';
import { openGguf } from '../../engine/gguf/read.js';
import { convertModel } from '../../engine/graph/convert.js';
import { conversionOf, readManifest } from '../../engine/graph/manifest.js';
import { headIndex } from '../../engine/head.js';
import { Model } from '../../engine/model.js';
import { logProb } from '../../engine/sample.js';
import type { NumericClass } from '../../engine/types.js';
import { realModelPath, realModelPresent } from '../harness/real-model.js';
import { describeIf } from '../harness/require.js';
import { testDir } from '../harness/folders.js';

interface Golden {
  readonly ids: readonly number[];
  readonly tokenBits: readonly number[];
}
const { texts } = JSON.parse(readFileSync(new URL('../parity/bits.json', import.meta.url), 'utf8')) as { texts: { path: string; bytes: number; whole: Golden; head: Golden }[] };

const cases: readonly { head: 'head' | 'whole'; numericClass: NumericClass; ratioMax: number }[] = [
  { head: 'head', numericClass: 'u8s8', ratioMax: 1.02 },
  { head: 'whole', numericClass: 'u8s8', ratioMax: 1.02 },
  { head: 'head', numericClass: 'u7s8', ratioMax: 1.04 },
];

/** Bits of all tokens but the first of each text. */
async function bitsOf(model: Model, golden: Golden): Promise<number> {
  const tokens = golden.ids;
  const positions = tokens.map((_, i) => i);
  const { logits } = await model.forward({ tokens, positions, context: model.noContext, window: model.newWindow(), logits: positions.slice(0, -1) });
  const head = model.headIds.length;
  return tokens.slice(1).reduce((sum, token, t) => sum - logProb(logits.subarray(t * head, (t + 1) * head), headIndex(model.headIds, token)) / Math.LN2, 0);
}

describeIf(realModelPresent, 'the default model, pulled', () => {
  it.each(cases)('$numericClass with the $head vocabulary costs at most $ratioMax of the bits', async ({ head, numericClass, ratioMax }) => {
    const installed = conversionOf(dirname(realModelPath));
    const dir = head === 'head' && readManifest(installed) ? installed : join(testDir('parity'), 'converted');
    if (dir !== installed) await convertModel(await openGguf(realModelPath), dir, { onProgress: noProgress, wholeHead: head === 'whole' });
    const model = await Model.open(dir, { numericClass });
    const ratios: number[] = [];
    const sums = { ours: 0, golden: 0 };
    for (const text of texts) {
      const ours = await bitsOf(model, text[head]);
      const golden = text[head].tokenBits.reduce((sum, bits) => sum + bits, 0);
      ratios.push(ours / golden);
      sums.ours += ours;
      sums.golden += golden;
    }
    await model.close();
    expect(texts.length).toBeGreaterThan(3);
    expect(sums.ours / sums.golden, `by text: ${ratios.map((ratio) => ratio.toFixed(4)).join(', ')}`).toBeLessThan(ratioMax);
  });
});
