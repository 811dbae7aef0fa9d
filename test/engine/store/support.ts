// What the store's tests share: a folder that goes away, a clock that stands still, and entries whose bytes follow from a number.
// Refuses to read a pack: only the store does.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../../../base/clock.js';
import { digestOf } from '../../../base/digest.js';
import type { SegmentStore } from '../../../engine/store/store.js';
import { testDir } from '../../harness/folders.js';

export const storeFolder = (): string => join(testDir('store'), 'store');

export class ManualClock implements Clock {
  private ms = 1_700_000_000_000;
  nowMs = (): number => this.ms;
  wallMs = (): number => this.ms;
  advance(ms: number): void {
    this.ms += ms;
  }
}

export interface TestEntry {
  readonly key: string;
  readonly meta: Uint8Array;
  readonly blocks: readonly Uint8Array[];
}

/** Bytes that follow from `seed`, hard to mistake for others. */
export function bytesFrom(seed: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0, turn = 0; at < length; at += 32, turn++) bytes.set(createHash('sha256').update(`${seed} ${turn}`).digest().subarray(0, length - at), at);
  return bytes;
}

/** The entry of a number: always the same key and bytes for the same number and sizes. */
export function entryOf(number: number, metaBytes = 20, blockBytes: readonly number[] = [700, 300]): TestEntry {
  return { key: digestOf(`key ${number}`), meta: bytesFrom(`meta ${number}`, metaBytes), blocks: blockBytes.map((length, index) => bytesFrom(`block ${number} ${index}`, length)) };
}

/** 'hit' when the store returns exactly the entry's first blocks, 'miss' when it returns nothing; throws when it lies. */
export function lookUp(store: SegmentStore, entry: TestEntry, blocksMax = Infinity): 'hit' | 'miss' {
  const found = store.get(entry.key, blocksMax);
  if (!found) return 'miss';
  const expected = [entry.meta, ...entry.blocks.slice(0, blocksMax)];
  const returned = [found.meta, ...found.blocks];
  if (found.blocksTotal !== entry.blocks.length || returned.length !== expected.length) throw new Error(`wrong number of blocks for ${entry.key}`);
  expected.forEach((part, index) => {
    if (Buffer.compare(part, returned[index]) !== 0) throw new Error(`wrong bytes in part ${index} of ${entry.key}`);
  });
  return 'hit';
}

/** A small generator with a seed (mulberry32), uniform in [0, 1). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
