// Token counts, asked for once: kept by what was counted, within a bound. Refuses to estimate.
import { assert } from '../base/assert.js';
import { ByteLru } from '../base/lru.js';
import type { CountTokens, Segment } from '../base/segment.js';

const keptBytesMax = 8 << 20;
const entryBytes = 120;
const caches = new WeakMap<CountTokens, ByteLru<string, number>>();

/** Counts of the texts under their keys, in order; one call to `countTokens` at most. Kept as long as the same function is passed. */
async function counted(countTokens: CountTokens, keys: readonly string[], texts: readonly string[]): Promise<number[]> {
  let cache = caches.get(countTokens);
  if (!cache) caches.set(countTokens, (cache = new ByteLru(keptBytesMax, () => entryBytes)));
  const counts = keys.map((key) => cache.get(key));
  const missing = counts.flatMap((count, i) => (count === undefined ? [i] : []));
  if (missing.length > 0) {
    const fresh = await countTokens(missing.map((i) => texts[i]));
    assert(fresh.length === missing.length, 'one count for each text');
    missing.forEach((at, i) => {
      counts[at] = fresh[i];
      cache.set(keys[at], fresh[i]);
    });
  }
  return counts as number[];
}

/** As the model reads them: a separator, the path's line, the text. */
export async function segmentTokens(countTokens: CountTokens, segments: readonly Segment[]): Promise<number[]> {
  const counts = await counted(countTokens, segments.map((s) => s.digest), segments.map((s) => `${s.path}\n${s.text}`));
  return counts.map((count) => count + 1);
}

/** Of short texts such as lines. */
export const textTokens = (countTokens: CountTokens, texts: readonly string[]): Promise<number[]> => counted(countTokens, texts, texts);
