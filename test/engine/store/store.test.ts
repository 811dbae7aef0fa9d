// The store by itself: what goes in comes out, damage is a miss, room is bounded, and the oldest goes first.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../../base/errors.js';
import { asideOf } from '../../../base/aside.js';
import { SegmentStore, type StoreOptions } from '../../../engine/store/store.js';
import { entryOf, lookUp, ManualClock, storeFolder, type TestEntry } from './support.js';

const open = (dir: string, options: Partial<StoreOptions> = {}): SegmentStore => SegmentStore.open(dir, { bytesMax: 1e9, ...options });

/** A pack with these entries; its file's name. */
function packOf(dir: string, entries: readonly TestEntry[], options: Partial<StoreOptions> = {}): string {
  const before = new Set(existsSync(dir) ? readdirSync(dir) : []);
  const store = open(dir, options);
  for (const entry of entries) expect(store.put(entry)).toBe('stored');
  store.flush();
  return readdirSync(dir).find((name) => !before.has(name))!;
}

describe('what goes in comes out', () => {
  const cases: { name: string; meta: number; blocks: number[]; blocksMax?: number }[] = [
    { name: 'meta and blocks', meta: 20, blocks: [700, 300] },
    { name: 'nothing at all', meta: 0, blocks: [] },
    { name: 'empty parts among others', meta: 5, blocks: [0, 3, 0, 8] },
    { name: 'sizes around the alignment', meta: 7, blocks: [8, 9, 1, 15, 16, 17] },
    { name: 'the first block only', meta: 11, blocks: [100, 200, 300], blocksMax: 1 },
    { name: 'meta only', meta: 11, blocks: [100, 200, 300], blocksMax: 0 },
    { name: 'more blocks asked for than there are', meta: 11, blocks: [100], blocksMax: 9 },
    { name: 'many blocks', meta: 1, blocks: Array.from({ length: 500 }, (_, index) => index) },
    { name: 'larger than a pack', meta: 1000, blocks: [100_000, 100_000] },
  ];
  test.each(cases)('$name', ({ meta, blocks, blocksMax }) => {
    const dir = storeFolder();
    const store = open(dir, { packBytesMax: 50_000 });
    const entries = [entryOf(1), entryOf(2, meta, blocks), entryOf(3)];
    for (const entry of entries) store.put(entry);
    for (const entry of entries) expect(lookUp(store, entry, blocksMax)).toBe('hit');
    store.flush();
    for (const entry of entries) expect(lookUp(store, entry, blocksMax)).toBe('hit');
    for (const entry of entries) expect(lookUp(open(dir), entry, blocksMax)).toBe('hit');
    expect(open(dir).verify()).toMatchObject({ entries: 3, damaged: [] });
  });

  test('views can be read as wider numbers', () => {
    const store = open(storeFolder());
    const entry = entryOf(1, 3, [5, 16, 7, 32]);
    store.put(entry);
    for (const block of store.get(entry.key)!.blocks) expect(block.byteOffset % 8).toBe(0);
  });

  test('a directory larger than the first read at open', () => {
    const dir = storeFolder();
    const entries = Array.from({ length: 600 }, (_, index) => entryOf(index, 2, [3]));
    packOf(dir, entries);
    expect(open(dir).stats()).toMatchObject({ entries: 600, packs: 1 });
    expect(lookUp(open(dir), entries[0])).toBe('hit');
  });

  test('a key already there is not written again', () => {
    const dir = storeFolder();
    packOf(dir, [entryOf(1)]);
    const store = open(dir);
    expect(store.put(entryOf(1))).toBe('stored');
    store.flush();
    expect(store.stats()).toMatchObject({ packs: 1, entries: 1 });
  });

  test('a folder that does not exist is an empty store', () => {
    const dir = storeFolder();
    const store = open(dir);
    expect(store.stats()).toEqual({ dir, entries: 0, packs: 0, bytes: 0, bytesMax: 1e9 });
    expect(store.verify()).toEqual({ packs: 0, entries: 0, bytes: 0, damaged: [] });
    expect(store.clear()).toBe(0);
    expect(existsSync(dir)).toBe(false);
  });

  test('a store that is a file is the user\'s to solve', () => {
    const dir = storeFolder();
    writeFileSync(dir, 'no folder');
    expect(() => open(dir)).toThrow(UserError);
  });
});

describe('damage is a miss, named by verify', () => {
  const flip = (path: string, at: number): void => {
    const bytes = readFileSync(path);
    bytes[at < 0 ? bytes.length + at : at] ^= 1;
    writeFileSync(path, bytes);
  };
  const cut = (path: string, bytes: number): void => writeFileSync(path, readFileSync(path).subarray(0, bytes));
  const cases: { name: string; harm: (path: string) => void; reason: RegExp }[] = [
    { name: 'a flipped bit in the meta', harm: (path) => flip(path, 16), reason: /damaged entry/ },
    { name: 'a flipped bit in a block', harm: (path) => flip(path, 16 + 24 + 600), reason: /damaged entry/ },
    { name: 'a flipped bit in the directory', harm: (path) => flip(path, -40), reason: /cut short or damaged/ },
    { name: 'a flipped bit in the trailer', harm: (path) => flip(path, -10), reason: /cut short or damaged/ },
    { name: 'an empty file', harm: (path) => cut(path, 0), reason: /not a pack/ },
    { name: 'only a head', harm: (path) => cut(path, 16), reason: /cut short/ },
    { name: 'a lost last byte', harm: (path) => cut(path, statSync(path).size - 1), reason: /cut short/ },
    { name: 'another program\'s file under a pack\'s name', harm: (path) => writeFileSync(path, 'GIF89a'.repeat(100)), reason: /not a pack/ },
    { name: 'a folder\'s worth of zeros', harm: (path) => writeFileSync(path, new Uint8Array(5000)), reason: /not a pack/ },
    {
      name: 'another format version',
      harm: (path) => {
        const bytes = readFileSync(path);
        bytes.writeUInt32LE(99, 8);
        bytes.writeUInt32LE(99, bytes.length - 32 + 8);
        writeFileSync(path, bytes);
      },
      reason: /format version 99, version 1 is read here/,
    },
  ];
  test.each(cases)('$name', ({ harm, reason }) => {
    const dir = storeFolder();
    const entry = entryOf(1);
    const name = packOf(dir, [entry]);
    const whole = packOf(dir, [entryOf(2)]);
    const opened = open(dir);
    harm(join(dir, name));
    const fresh = open(dir);
    expect(lookUp(fresh, entry)).toBe('miss');
    expect(lookUp(fresh, entryOf(2))).toBe('hit');
    // One that knew the pack before may still find whole bytes at their place; `lookUp` throws on any others.
    lookUp(opened, entry);
    const report = open(dir).verify();
    expect(report.damaged).toEqual([{ file: name, reason: expect.stringMatching(reason) }]);
    expect(report).toMatchObject({ packs: 2, entries: 1 });
    expect(whole).not.toBe(name);
    // What was lost can be put again, and is then found by a store that knows only the disk.
    expect(fresh.put(entry)).toBe('stored');
    fresh.flush();
    expect(lookUp(open(dir), entry)).toBe('hit');
  });

  test('a damaged later block leaves the blocks before it', () => {
    const dir = storeFolder();
    const entry = entryOf(1);
    flip(join(dir, packOf(dir, [entry])), 16 + 24 + 704 + 10);
    expect(lookUp(open(dir), entry, 1)).toBe('hit');
    expect(lookUp(open(dir), entry, 2)).toBe('miss');
  });

  test('foreign files are named and left alone, hidden ones ignored', () => {
    const dir = storeFolder();
    packOf(dir, [entryOf(1)]);
    writeFileSync(join(dir, 'notes.txt'), 'mine');
    mkdirSync(join(dir, `${'a'.repeat(32)}.pack`));
    writeFileSync(join(dir, '.DS_Store'), 'x');
    const store = open(dir, { bytesMax: 1000 });
    expect(store.verify().damaged.map(({ file }) => file).sort()).toEqual([`${'a'.repeat(32)}.pack`, 'notes.txt']);
    expect(lookUp(store, entryOf(1))).toBe('hit');
    store.clear();
    expect(readdirSync(dir).sort()).toEqual(['.DS_Store', `${'a'.repeat(32)}.pack`, 'notes.txt']);
  });

  test('a pack that vanishes is a miss, and one that moved its entries is found again', () => {
    const dir = storeFolder();
    const name = packOf(dir, [entryOf(1)]);
    const store = open(dir);
    renameSync(join(dir, name), join(dir, `${'b'.repeat(32)}.pack`));
    expect(lookUp(store, entryOf(1))).toBe('hit');
    rmSync(join(dir, `${'b'.repeat(32)}.pack`));
    expect(lookUp(store, entryOf(1))).toBe('miss');
    expect(store.stats()).toMatchObject({ packs: 0, entries: 0, bytes: 0 });
  });
});

describe('room', () => {
  /** Packs of one entry each, a minute apart in use; keys 0..count-1. */
  function filled(count: number, clock: ManualClock): { dir: string; packBytes: number } {
    const dir = storeFolder();
    for (let number = 0; number < count; number++) {
      packOf(dir, [entryOf(number)], { clock });
      clock.advance(60_000);
    }
    return { dir, packBytes: open(dir).stats().bytes / count };
  }
  const present = (store: SegmentStore, count: number): number[] => Array.from({ length: count }, (_, number) => number).filter((number) => lookUp(store, entryOf(number)) === 'hit');

  test('what was used longest ago goes first, and only as much as needed', () => {
    const clock = new ManualClock();
    const { dir, packBytes } = filled(6, clock);
    expect(lookUp(open(dir, { clock }), entryOf(0))).toBe('hit');
    expect(open(dir, { clock }).has(entryOf(2).key)).toBe(true);
    const store = open(dir, { clock, bytesMax: 6 * packBytes });
    expect(store.put(entryOf(10))).toBe('stored');
    store.flush();
    expect(store.put(entryOf(11))).toBe('stored');
    store.flush();
    expect(present(open(dir, { clock }), 6)).toEqual([0, 2, 4, 5]);
    expect(open(dir).stats().bytes).toBeLessThanOrEqual(6 * packBytes);
  });

  test('a use is written once a minute, and a reader sees another\'s', () => {
    const clock = new ManualClock();
    const { dir } = filled(1, clock);
    const path = join(dir, readdirSync(dir)[0]);
    const store = open(dir, { clock });
    const touchedAt = (afterMs: number): number => {
      clock.advance(afterMs);
      lookUp(store, entryOf(0));
      return Math.round(statSync(path).mtimeMs);
    };
    const first = touchedAt(0);
    expect(first).toBe(clock.wallMs());
    expect(touchedAt(59_000)).toBe(first);
    expect(touchedAt(1000)).toBe(first + 60_000);
  });

  test('what this run wrote or found is never evicted by it, everything else is', () => {
    const clock = new ManualClock();
    const { dir, packBytes } = filled(4, clock);
    const store = open(dir, { clock, bytesMax: 4 * packBytes });
    expect(store.has(entryOf(0).key)).toBe(true);
    const verdicts = [10, 11, 12, 13, 14].map((number) => {
      const verdict = store.put(entryOf(number));
      store.flush();
      return verdict;
    });
    expect(verdicts).toEqual(['stored', 'stored', 'stored', 'full', 'full']);
    expect(present(store, 15)).toEqual([0, 10, 11, 12]);
    expect(present(open(dir), 15)).toEqual([0, 10, 11, 12]);
  });

  test('full evicts nothing in vain', () => {
    const clock = new ManualClock();
    const { dir, packBytes } = filled(3, clock);
    const store = open(dir, { clock, bytesMax: 3 * packBytes });
    expect(store.put(entryOf(10, 20, [4 * packBytes]))).toBe('full');
    expect(present(open(dir, { clock }), 3)).toEqual([0, 1, 2]);
  });

  test('without protection a long run makes room among its own', () => {
    const clock = new ManualClock();
    const store = open(storeFolder(), { clock, bytesMax: 20_000, packBytesMax: 4000, protectOwn: false });
    for (let number = 0; number < 100; number++) {
      expect(store.put(entryOf(number))).toBe('stored');
      expect(store.stats().bytes).toBeLessThanOrEqual(20_000);
      clock.advance(1000);
    }
    const kept = present(store, 100);
    expect(kept.length).toBeGreaterThan(8);
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => 100 - kept.length + index));
  });

  test('many small packs become one, with all they held and their time of last use', () => {
    const clock = new ManualClock();
    const dir = storeFolder();
    const store = open(dir, { clock });
    for (let number = 0; number < 31; number++) {
      store.put(entryOf(number));
      store.flush();
    }
    expect(store.stats().packs).toBe(31);
    clock.advance(5000);
    const reader = open(dir, { clock });
    store.put(entryOf(31));
    store.flush();
    expect(store.stats()).toMatchObject({ packs: 1, entries: 32 });
    expect(Math.round(statSync(join(dir, readdirSync(dir)[0])).mtimeMs)).toBe(clock.wallMs());
    for (const one of [store, reader, open(dir)]) expect(present(one, 32)).toHaveLength(32);
    expect(store.verify()).toMatchObject({ packs: 1, entries: 32, damaged: [] });
  });

  test('packs stay few once the bound is reached', () => {
    const clock = new ManualClock();
    const bounds = { bytesMax: 200_000, packBytesMax: 20_000 };
    const store = open(storeFolder(), { clock, protectOwn: false, ...bounds });
    const count = (3 * bounds.bytesMax) / 1300;
    let packsMost = 0;
    for (let number = 0; number < count; number++) {
      expect(store.put(entryOf(number))).toBe('stored');
      store.flush();
      const { packs, bytes } = store.stats();
      packsMost = Math.max(packsMost, packs);
      expect(bytes).toBeLessThanOrEqual(bounds.bytesMax);
      clock.advance(1000);
    }
    expect(packsMost).toBeLessThanOrEqual((2 * bounds.bytesMax) / bounds.packBytesMax + 32);
    expect(store.stats().bytes).toBeGreaterThan(bounds.bytesMax - 2 * bounds.packBytesMax);
  });

  test.each([
    { code: 'ENOSPC', says: /disk is full/ },
    { code: 'EDQUOT', says: /quota on this disk is used up/ },
    { code: 'EIO', says: /the disk reports an error/ },
  ])('a disk that takes no more ($code) is one line that names the folder, loses nothing, and passes', ({ code, says }) => {
    const dir = storeFolder();
    let roomBytes = 3000;
    const write: StoreOptions['write'] = (file, bytes, position) => {
      const taken = Math.min(bytes.byteLength, roomBytes);
      if (taken === 0) throw Object.assign(new Error(`${code}: write`), { code });
      roomBytes -= taken;
      return writeSync(file, bytes, 0, taken, position);
    };
    const store = open(dir, { write });
    expect([store.put(entryOf(1)), store.put(entryOf(2))]).toEqual(['stored', 'stored']);
    for (const attempt of [() => void store.put(entryOf(3)), () => store.flush()]) {
      expect(attempt).toThrow(UserError);
      expect(attempt).toThrow(says);
      expect(attempt).toThrow(dir);
    }
    expect([1, 2, 3].map((number) => lookUp(store, entryOf(number)))).toEqual(['hit', 'hit', 'miss']);
    roomBytes = 1e6;
    expect(store.put(entryOf(3))).toBe('stored');
    store.flush();
    expect([1, 2, 3].map((number) => lookUp(open(dir), entryOf(number)))).toEqual(['hit', 'hit', 'hit']);
    expect(open(dir).verify().damaged).toEqual([]);
  });
});

describe('the folder', () => {
  test('only its owner may read it', () => {
    const dir = storeFolder();
    const store = open(dir);
    store.put(entryOf(1));
    const modes = (): number[] => [dir, ...readdirSync(dir).map((name) => join(dir, name))].map((path) => statSync(path).mode & 0o777);
    expect(modes()).toEqual([0o700, 0o600]);
    store.flush();
    expect(modes()).toEqual([0o700, 0o600]);
  });

  test('what dead writers left goes at open, what live ones write stays', () => {
    const dir = storeFolder();
    const clock = new ManualClock();
    const live = open(dir, { clock });
    live.put(entryOf(1));
    const [liveName] = readdirSync(dir);
    utimesSync(join(dir, liveName), clock.wallMs() / 1000, clock.wallMs() / 1000);
    const deadPid = spawnSync(process.execPath, ['--version']).pid;
    const elsewhere = `${'c'.repeat(32)}.00000000-${deadPid}-01234567.tmp`;
    const week = 7 * 24 * 3600;
    const cases: { name: string; ageSeconds: number; stays: boolean }[] = [
      { name: asideOf('d'.repeat(32), deadPid), ageSeconds: 0, stays: false },
      { name: asideOf('e'.repeat(32), process.pid), ageSeconds: 3600, stays: true },
      { name: asideOf('f'.repeat(32), process.pid), ageSeconds: week + 1, stays: false },
      { name: elsewhere, ageSeconds: 3600, stays: true },
      { name: elsewhere.replace('c', 'd'), ageSeconds: week + 1, stays: false },
      { name: 'draft.tmp', ageSeconds: week + 1, stays: true },
    ];
    for (const { name, ageSeconds } of cases) {
      writeFileSync(join(dir, name), 'half a pack');
      utimesSync(join(dir, name), clock.wallMs() / 1000 - ageSeconds, clock.wallMs() / 1000 - ageSeconds);
    }
    open(dir, { clock });
    expect(readdirSync(dir).sort()).toEqual([liveName, ...cases.filter(({ stays }) => stays).map(({ name }) => name)].sort());
    live.flush();
    expect(lookUp(open(dir, { clock }), entryOf(1))).toBe('hit');
  });

  test('a folder removed under a writer costs its entries, nothing else', () => {
    const dir = storeFolder();
    const store = open(dir);
    store.put(entryOf(1));
    rmSync(dir, { recursive: true });
    expect(lookUp(store, entryOf(1))).toBe('hit');
    store.flush();
    expect(lookUp(store, entryOf(1))).toBe('miss');
    expect(store.put(entryOf(1))).toBe('stored');
    store.flush();
    expect(lookUp(open(dir), entryOf(1))).toBe('hit');
  });

  test('clear frees what it says and the store goes on', () => {
    const dir = storeFolder();
    packOf(dir, [entryOf(1), entryOf(2)]);
    const store = open(dir);
    store.put(entryOf(3));
    const { bytes } = store.stats();
    expect(store.clear()).toBe(bytes);
    expect(readdirSync(dir)).toEqual([]);
    expect([1, 2, 3].map((number) => lookUp(store, entryOf(number)))).toEqual(['miss', 'miss', 'miss']);
    expect(store.put(entryOf(1))).toBe('stored');
    expect(lookUp(store, entryOf(1))).toBe('hit');
  });

  test('another writer\'s pack shows after it is sealed and the view has aged', () => {
    const dir = storeFolder();
    const clock = new ManualClock();
    const [reader, writer] = [open(dir, { clock }), open(dir, { clock })];
    writer.put(entryOf(1));
    clock.advance(10_000);
    expect(lookUp(reader, entryOf(1))).toBe('miss');
    writer.flush();
    expect(lookUp(reader, entryOf(1))).toBe('miss');
    clock.advance(2000);
    expect(lookUp(reader, entryOf(1))).toBe('hit');
  });
});
