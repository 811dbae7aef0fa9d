// What the store costs on this machine: writing, opening, and the contiguous reads of one composition.
// Refuses to know segments: sizes like theirs, bytes at random.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '../base/digest.js';
import { SegmentStore } from '../engine/index.js';

export interface StoreFigures {
  readonly bytes: number;
  readonly packs: number;
  readonly putMegabytesPerSecond: number;
  /** Of a store that another process wrote. */
  readonly openMs: number;
  /** Median over rounds, files in the page cache: 30 segments of 80 KB, as for 8,000 tokens of context at 80% fewer rows. */
  readonly getOf2400KilobytesMs: number;
  readonly missMicroseconds: number;
}

const segmentBlocks = 4;
const segmentBlockBytes = 20_000;
const segmentsPerComposition = 30;
const rounds = 50;

/** Writes and removes `megabytes` of entries in a temporary folder. */
export function benchStore(megabytes = 400): StoreFigures {
  const dir = mkdtempSync(join(tmpdir(), 'kedge-bench-store-'));
  try {
    const entries = Math.round((megabytes * 1e6) / (segmentBlocks * segmentBlockBytes));
    const keys = Array.from({ length: entries }, (_, index) => digestOf(`segment ${index}`));
    const noise = randomBytes(segmentBlockBytes * 2);
    const writer = SegmentStore.open(dir, { bytesMax: 2e9 + megabytes * 1e6 });
    const putMs = timeMs(() => {
      for (const [index, key] of keys.entries()) {
        const blocks = Array.from({ length: segmentBlocks }, (_, block) => noise.subarray((index + block) % segmentBlockBytes, ((index + block) % segmentBlockBytes) + segmentBlockBytes));
        writer.put({ key, meta: noise.subarray(0, 400), blocks });
      }
      writer.flush();
    });
    let store = writer;
    const openMs = timeMs(() => (store = SegmentStore.open(dir, { bytesMax: 2e9 + megabytes * 1e6 })));
    const getMs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const chosen = Array.from({ length: segmentsPerComposition }, (_, index) => keys[(round * 7919 + index * 104_729) % entries]);
      for (const key of chosen) store.get(key);
      getMs.push(timeMs(() => chosen.forEach((key) => store.get(key))));
    }
    const missing = Array.from({ length: 1000 }, (_, index) => digestOf(`missing ${index}`));
    const missMs = timeMs(() => missing.forEach((key) => store.has(key)));
    const { bytes, packs } = store.stats();
    return { bytes, packs, putMegabytesPerSecond: bytes / 1e3 / putMs, openMs, getOf2400KilobytesMs: getMs.sort((a, b) => a - b)[rounds / 2], missMicroseconds: missMs };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function timeMs(run: () => void): number {
  const startMs = performance.now();
  run();
  return performance.now() - startMs;
}
