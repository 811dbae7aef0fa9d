// Composed rows are read back part by part as they were laid, and leave nothing on the disk.
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ContextRows, RowsSpace, rowsWithin, type LayerRows } from '../../engine/context-rows.js';
import { partsOf } from '../../engine/graph/shape.js';
import { testDir } from '../harness/folders.js';

const shapes = { 'one layer': 1, 'fewer layers than parts': 5, 'a last part that is smaller': 19, 'even parts': 24 };
const shapeOf = (layers: number) => ({ layers, kvHeads: 2, headDim: 4 });

/** Another byte in every place. */
function fill(layer: LayerRows, l: number): void {
  layer.keys.forEach((_, i) => (layer.keys[i] = (l * 31 + i) % 100));
  layer.values.forEach((_, i) => (layer.values[i] = -((l * 17 + i) % 100)));
  layer.keyScales.forEach((_, i) => (layer.keyScales[i] = l + i / 8));
  layer.valueScales.forEach((_, i) => (layer.valueScales[i] = -l - i / 8));
}

/** By the folder; `/dev/null/rows` stands for a disk that takes nothing. */
const places = [['on disk', undefined], ['where the disk takes nothing', '/dev/null/rows']] as const;
const layOuts = Object.entries(shapes).flatMap(([name, layers]) => places.map(([place, folder]) => [`${name}, ${place}`, layers, folder] as const));

it.each(layOuts)('%s: what was laid is what a part gets', (_, layers, folder) => {
  const shape = shapeOf(layers);
  const dir = testDir('rows');
  const space = new RowsSpace(folder ?? dir);
  const laid: number[] = [];
  const rows = ContextRows.laid(shape, 5, space, (span, own) => {
    own.forEach((layer, i) => fill(layer, span.first + i));
    laid.push(...own.map((__, i) => span.first + i));
    return true;
  })!;
  expect(laid).toEqual(Array.from({ length: layers }, (__, l) => l));
  const another = ContextRows.laid(shape, 7, space, () => true)!;
  for (const span of [...partsOf(shape)].reverse()) {
    const feeds = rows.feedsOf(span);
    expect(Object.keys(feeds)).toHaveLength(1 + 4 * (span.end - span.first));
    for (let l = span.first; l < span.end; l++) {
      const [keys, values, keyScales, valueScales] = [new Int8Array(40), new Int8Array(40), new Float32Array(10), new Float32Array(10)];
      fill({ keys, values, keyScales, valueScales }, l);
      expect([feeds[`context_k_${l}`].data, feeds[`context_v_${l}`].data, feeds[`context_ks_${l}`].data, feeds[`context_vs_${l}`].data]).toEqual([keys, values, keyScales, valueScales]);
      expect(feeds[`context_k_${l}`].dims).toEqual([2, 4, 5]);
    }
  }
  rows.close();
  another.close();
  expect(readdirSync(dir)).toEqual([]);
});

it('is undefined where rows cannot be laid', () => {
  const dir = testDir('rows');
  expect(ContextRows.laid(shapeOf(24), 5, new RowsSpace(dir), ({ first }) => first === 0)).toBeUndefined();
  expect(readdirSync(dir)).toEqual([]);
});

const partBytes = 5 * 2 * (2 * 4 + 8);

it.each(layOuts)('%s: what is in memory is what is counted', (_, layers, folder) => {
  const shape = shapeOf(layers);
  const rows = ContextRows.laid(shape, 5, new RowsSpace(folder ?? testDir('rows')), () => true)!;
  const largest = Math.max(...partsOf(shape).map(({ first, end }) => end - first));
  for (const span of partsOf(shape)) expect((rows.feedsOf(span)[`context_k_${span.first}`].data as Int8Array).buffer.byteLength).toBe(largest * partBytes);
  rows.close();
});

it.each([
  ['on disk', undefined, (2400 * (3 + 4)) / 24],
  ['where the disk takes nothing', '/dev/null/rows', 2400 + (2400 * (3 + 4)) / 24],
])('%s: a part and what is widened of one head is in memory, and laying takes no more', (_, folder, held) => {
  const shape = { layers: 24, kvHeads: 2, headDim: 4 };
  const rows = ContextRows.laid(shape, 2400, new RowsSpace(folder ?? testDir('rows')), () => true)!;
  expect(rows.rowsHeldMax).toBe(held);
  expect(rowsWithin(shape, (2400 * (3 + 4)) / 24)).toBe(2400);
  rows.close();
});
