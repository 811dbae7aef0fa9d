// Retrieval by words, as CrossCodeEval does it: chunks of ten lines of the other files, the query being the last ten lines.
// Refuses to see the file under completion.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bagOf, okapi, type Bag } from '../base/okapi.js';
import type { CountTokens } from '../base/segment.js';
import { sourceFiles } from './copied.js';

const CHUNK_LINES = 10;
const COUNT_BATCH = 32;

export interface Chunk {
  readonly path: string;
  readonly text: string;
}

/** Chunks found by their words. */
export class ChunkIndex {
  private readonly bags: readonly Bag[];

  constructor(private readonly chunks: readonly Chunk[]) {
    this.bags = chunks.map(({ text }) => bagOf(text));
  }

  /** Every source file of the repository, cut into chunks. */
  static ofRepository(root: string): ChunkIndex {
    return new ChunkIndex(sourceFiles(root).flatMap((path) => chunksOf(path, readFileSync(join(root, path), 'utf8'))));
  }

  /** Chunks that share a word with the query, best first; none of `except`. */
  *search(query: string, except: string): Generator<Chunk> {
    const scores = okapi(this.bags, query);
    const found = this.chunks.map((chunk, i) => ({ chunk, score: scores[i] })).filter(({ chunk, score }) => score > 0 && chunk.path !== except);
    for (const { chunk } of found.sort((a, b) => b.score - a.score)) yield chunk;
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
