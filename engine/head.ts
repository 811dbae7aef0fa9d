// Which tokens the trimmed output head keeps, and how a text is said with them alone.
// Refuses to trim for a vocabulary that the shipped list hardly knows: the whole head is kept then.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { packageFile } from '../base/package.js';
import { assert } from '../base/assert.js';
import { byteAlphabet, type Tokenizer } from './tokenizer.js';

/** Made by training/head_tokens.py from real code. */
export interface HeadTokenList {
  /** Spelled in `byteAlphabet`. */
  readonly tokens: readonly string[];
}

export function readHeadTokenList(): HeadTokenList {
  return JSON.parse(gunzipSync(readFileSync(packageFile('models', 'head-tokens.json.gz'))).toString('utf8')) as HeadTokenList;
}

/** Share of the list's tokens that a vocabulary must have: below it, the list says little of what that vocabulary needs. */
const knownShareMin = 0.9;

/** Ids of the trimmed head, ascending: the list's tokens, every byte, every mark. All ids where the vocabulary lacks too much of the list. */
export function headTokens(tokenizer: Tokenizer, list: HeadTokenList): Int32Array {
  const known = list.tokens.map((token) => tokenizer.idOf(token)).filter((id) => id !== undefined);
  if (known.length < knownShareMin * list.tokens.length) return Int32Array.from({ length: tokenizer.vocabularySize }, (_, id) => id);
  const bytes = byteAlphabet.map((character) => tokenizer.idOf(character)).filter((id) => id !== undefined);
  return Int32Array.from(new Set([...known, ...bytes, ...tokenizer.specialIds])).sort();
}

/**
 * A text's ids within the head (`headIds` ascending): natural tokens where the head has them, the others' bytes as the longest tokens that it has, from the left.
 * `outside` counts the natural tokens that it lacks.
 */
export function retokenise(text: string, tokenizer: Tokenizer, headIds: Int32Array): { ids: number[]; outside: number } {
  const ids: number[] = [];
  let outside = 0;
  for (const id of tokenizer.encode(text)) {
    if (headIndex(headIds, id) >= 0) ids.push(id);
    else {
      outside++;
      ids.push(...longestMatches(tokenizer.bytesOf(id), tokenizer, headIds));
    }
  }
  return { ids, outside };
}

/** Where `id` stands in the ascending `headIds`, -1 where it does not. */
export function headIndex(headIds: Int32Array, id: number): number {
  let low = 0;
  let high = headIds.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (headIds[middle] < id) low = middle + 1;
    else high = middle;
  }
  return headIds[low] === id ? low : -1;
}

function longestMatches(bytes: Uint8Array, tokenizer: Tokenizer, headIds: Int32Array): number[] {
  const spelling = Array.from(bytes, (byte) => byteAlphabet[byte]).join('');
  const ids: number[] = [];
  for (let start = 0; start < spelling.length; ) {
    let end = spelling.length + 1;
    let id: number | undefined;
    do id = tokenizer.idOf(spelling.slice(start, --end));
    while (end > start && (id === undefined || headIndex(headIds, id) < 0));
    assert(end > start, 'the head holds every byte');
    ids.push(id!);
    start = end;
  }
  return ids;
}
