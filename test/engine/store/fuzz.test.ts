// Random walks over the store beside a naive model: what must be there is there, what is returned is what was put, the bound holds.
// Repeat one with KEDGE_FUZZ_SEED=<the seed printed>.
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listFolder } from '../../../engine/store/folder.js';
import { readDirectory } from '../../../engine/store/pack.js';
import { SegmentStore, type StoreOptions } from '../../../engine/store/store.js';
import { entryOf, lookUp, ManualClock, randomFrom, storeFolder, type TestEntry } from './support.js';

const seedBase = Number(process.env.KEDGE_FUZZ_SEED ?? Date.now() % 1e9);
const walksPerCase = 3;
const stepsPerWalk = 500;
const keysMax = 150;
/** Longer than a store's view of the folder may be old. */
const viewMs = 2000;

interface Walk {
  readonly name: string;
  /** Undefined: room for all, so that nothing may go missing unharmed. */
  readonly bytesMax?: number;
  readonly harm: boolean;
  /** Stores on one folder stand for processes. */
  readonly stores: number;
}

const walks: Walk[] = [
  { name: 'two stores, room for all', harm: false, stores: 2 },
  { name: 'two stores, room for all, files harmed', harm: true, stores: 2 },
  { name: 'one store, little room', bytesMax: 30_000, harm: false, stores: 1 },
  { name: 'one store, little room, files harmed', bytesMax: 30_000, harm: true, stores: 1 },
  { name: 'two stores, little room, files harmed', bytesMax: 30_000, harm: true, stores: 2 },
];

test.each(walks)(`$name, from seed ${seedBase}`, (walk) => {
  for (let seed = seedBase; seed < seedBase + walksPerCase; seed++) {
    try {
      take(walk, seed);
    } catch (error) {
      throw new Error(`repeat with KEDGE_FUZZ_SEED=${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
});

function take(walk: Walk, seed: number): void {
  const random = randomFrom(seed);
  const below = (bound: number): number => Math.floor(random() * bound);
  const clock = new ManualClock();
  const dir = storeFolder();
  const options: StoreOptions = {
    bytesMax: walk.bytesMax ?? 1e9,
    packBytesMax: 1000 + below(8000),
    protectOwn: random() < 0.5,
    clock,
    random: (length) => Buffer.from(Array.from({ length }, () => below(256))),
  };
  const openStore = (): SegmentStore => SegmentStore.open(dir, options);
  const stores = Array.from({ length: walk.stores }, openStore);
  const entries = Array.from({ length: keysMax }, (_, number) => entryOf(number, below(50), Array.from({ length: below(5) }, () => below(600))));

  // The model: entries that every store must find, those that only their writer must, and what was harmed.
  const sealed = new Set<TestEntry>();
  const written = stores.map(() => new Set<TestEntry>());
  const tainted = new Set<TestEntry>();
  const harmedFiles = new Set<string>();
  const mustHit = (side: number, entry: TestEntry): boolean => walk.bytesMax === undefined && !tainted.has(entry) && (sealed.has(entry) || written[side].has(entry));

  const flush = (side: number): void => {
    stores[side].flush();
    for (const entry of written[side]) sealed.add(entry);
    written[side].clear();
    clock.advance(viewMs);
  };
  const harmSomePack = (harm: (path: string, bytes: number) => void): void => {
    const packs = listFolder(dir).filter(({ kind }) => kind === 'pack');
    if (packs.length === 0) return;
    const { name, bytes } = packs[below(packs.length)];
    const path = join(dir, name);
    const directory = readDirectory(path);
    for (const entry of entries) if (typeof directory !== 'string' && directory.has(entry.key)) tainted.add(entry);
    harmedFiles.add(name);
    harm(path, bytes);
    clock.advance(viewMs);
  };

  const steps: { weight: number; harms?: boolean; take: (side: number, entry: TestEntry) => void }[] = [
    {
      weight: 40,
      take: function put(side, entry) {
        const verdict = stores[side].put(entry);
        if (walk.bytesMax === undefined) expect(verdict).toBe('stored');
        const found = lookUp(stores[side], entry);
        // With two stores and little room, the other may just have evicted what this one still believes in.
        if (verdict === 'full' || tainted.has(entry) || (walk.bytesMax !== undefined && walk.stores > 1)) return;
        expect(found).toBe('hit');
        written[side].add(entry);
      },
    },
    {
      weight: 40,
      take: function get(side, entry) {
        const found = lookUp(stores[side], entry, random() < 0.5 ? Infinity : below(4));
        if (mustHit(side, entry)) expect(found).toBe('hit');
      },
    },
    { weight: 8, take: () => clock.advance(below(100_000)) },
    { weight: 8, take: flush },
    {
      weight: 3,
      take: function reopen(side) {
        flush(side);
        stores[side] = openStore();
      },
    },
    {
      weight: 0.3,
      take: function clear(side) {
        stores[side].clear();
        for (const set of [sealed, tainted, ...written]) set.clear();
        clock.advance(viewMs);
      },
    },
    {
      weight: 2,
      take: function verify(side) {
        for (const { file } of stores[side].verify().damaged) expect(harmedFiles).toContain(file);
      },
    },
    {
      weight: 2,
      harms: true,
      take: () =>
        harmSomePack((path) => {
          const bytes = readFileSync(path);
          if (bytes.length > 0) bytes[below(bytes.length)] ^= 1 << below(8);
          writeFileSync(path, bytes);
        }),
    },
    { weight: 1, harms: true, take: () => harmSomePack((path, bytes) => truncateSync(path, below(bytes))) },
    { weight: 1, harms: true, take: () => harmSomePack((path) => rmSync(path)) },
  ];
  const choices = steps.filter(({ harms }) => walk.harm || !harms);
  const weights = choices.reduce((sum, { weight }) => sum + weight, 0);
  // Two writers each learn of the other's growth a moment later, so only one alone keeps the bound to the byte.
  const overshootBytesMax = walk.stores === 1 ? 0 : 2 * (options.packBytesMax! + 3000);
  for (let step = 0; step < stepsPerWalk; step++) {
    let at = random() * weights;
    const choice = choices.find(({ weight }) => (at -= weight) < 0) ?? choices[0];
    choice.take(below(walk.stores), entries[below(keysMax)]);
    if (walk.bytesMax !== undefined) expect(listFolder(dir).reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(walk.bytesMax + overshootBytesMax);
  }
  stores.forEach((_, side) => flush(side));
  const last = openStore();
  for (const entry of entries) {
    const found = lookUp(last, entry);
    if (mustHit(0, entry)) expect(found).toBe('hit');
  }
  if (!walk.harm) expect(last.verify().damaged).toEqual([]);
}
