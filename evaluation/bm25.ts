// Retrieval by words, as CrossCodeEval does it: chunks of ten lines of the other files, the query being the last ten lines.
// Refuses to see the file under completion.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CountTokens } from '../base/segment.js';
import { sourceFiles } from './copied.js';

export const CHUNK_LINES = 10;
const K1 = 1.5;
const B = 0.75;
const COUNT_BATCH = 32;

export interface Chunk {
  readonly path: string;
  readonly text: string;
}

/** Okapi BM25 over chunks. */
export class ChunkIndex {
  private readonly postings = new Map<string, { readonly chunk: number; readonly times: number }[]>();
  private readonly lengths: number[] = [];
  private readonly lengthMean: number;

  constructor(private readonly chunks: readonly Chunk[]) {
    chunks.forEach(({ text }, chunk) => {
      const times = new Map<string, number>();
      const words = wordsOf(text);
      for (const word of words) times.set(word, (times.get(word) ?? 0) + 1);
      for (const [word, count] of times) {
        const list = this.postings.get(word);
        if (list) list.push({ chunk, times: count });
        else this.postings.set(word, [{ chunk, times: count }]);
      }
      this.lengths.push(words.length);
    });
    this.lengthMean = this.lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, chunks.length);
  }

  /** Every source file of the repository, cut into chunks. */
  static ofRepository(root: string): ChunkIndex {
    return new ChunkIndex(sourceFiles(root).flatMap((path) => chunksOf(path, readFileSync(join(root, path), 'utf8'))));
  }

  /** Chunks that share a word with the query, best first; none of `except`. */
  *search(query: string, except: string): Generator<Chunk> {
    const scores = new Map<number, number>();
    for (const word of new Set(wordsOf(query))) {
      const list = this.postings.get(word);
      if (!list) continue;
      const rarity = Math.log(1 + (this.chunks.length - list.length + 0.5) / (list.length + 0.5));
      for (const { chunk, times } of list) {
        if (this.chunks[chunk].path === except) continue;
        const score = (rarity * times * (K1 + 1)) / (times + K1 * (1 - B + (B * this.lengths[chunk]) / this.lengthMean));
        scores.set(chunk, (scores.get(chunk) ?? 0) + score);
      }
    }
    for (const [chunk] of [...scores].sort(([a, x], [b, y]) => y - x || a - b)) yield this.chunks[chunk];
  }
}

export function chunksOf(path: string, text: string): Chunk[] {
  const lines = text.split(/\r?\n/);
  const chunks: Chunk[] = [];
  for (let start = 0; start < lines.length; start += CHUNK_LINES) {
    const chunk = lines.slice(start, start + CHUNK_LINES).join('\n');
    if (chunk.trim()) chunks.push({ path, text: chunk });
  }
  return chunks;
}

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** The text put before the prompt: the best chunks as comments, the best one last, within `tokensMax` tokens. Empty when nothing matches. */
export async function retrieve(index: ChunkIndex, blankedText: string, offset: number, path: string, tokensMax: number, countTokens: CountTokens): Promise<string> {
  const query = blankedText.slice(0, offset).split(/\r?\n/).slice(-CHUNK_LINES).join('\n');
  const mark = path.endsWith('.py') ? '#' : '//';
  const opening = `${mark} Here are some relevant code fragments from other files of the repo:\n\n`;
  const taken: string[] = [];
  let [tokens] = await countTokens([opening]);
  const found = index.search(query, path);
  for (;;) {
    const batch: string[] = [];
    for (let next = found.next(); !next.done; next = found.next()) {
      batch.push(asComment(next.value, mark));
      if (batch.length === COUNT_BATCH) break;
    }
    const counts = await countTokens(batch);
    for (const [i, text] of batch.entries()) {
      if (tokens + counts[i] > tokensMax) return close(opening, taken);
      tokens += counts[i];
      taken.push(text);
    }
    if (batch.length < COUNT_BATCH) return close(opening, taken);
  }
}

const close = (opening: string, taken: readonly string[]): string => (taken.length === 0 ? '' : opening + [...taken].reverse().join(''));

function asComment({ path, text }: Chunk, mark: string): string {
  const lines = [`the below code fragment can be found in:`, path, ...text.split('\n')];
  return `${lines.map((line) => `${mark} ${line}`.trimEnd()).join('\n')}\n\n`;
}
