// Okapi BM25: how alike texts are to a query by the words they share, rare ones counting more. Refuses to know what the texts are.

const K1 = 1.5;
const B = 0.75;

/** A text as its words, lower case, each with how often it stands there. */
export interface Bag {
  readonly times: ReadonlyMap<string, number>;
  /** Words in all. */
  readonly length: number;
}

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

export function bagOf(text: string): Bag {
  const words = wordsOf(text);
  const times = new Map<string, number>();
  for (const word of words) times.set(word, (times.get(word) ?? 0) + 1);
  return { times, length: words.length };
}

/** The score of each bag among `bags`; 0 where it shares no word with `query`. */
export function okapi(bags: readonly Bag[], query: string): Float64Array {
  const lengthMean = bags.reduce((sum, { length }) => sum + length, 0) / Math.max(1, bags.length);
  const scores = new Float64Array(bags.length);
  for (const word of new Set(wordsOf(query))) {
    const times = bags.map((bag) => bag.times.get(word) ?? 0);
    const holders = times.reduce((sum, count) => sum + Math.min(1, count), 0);
    if (holders === 0) continue;
    const rarity = Math.log(1 + (bags.length - holders + 0.5) / (holders + 0.5));
    times.forEach((count, i) => {
      if (count > 0) scores[i] += (rarity * count * (K1 + 1)) / (count + K1 * (1 - B + (B * bags[i].length) / lengthMean));
    });
  }
  return scores;
}
