// Token healing, in bytes: takes back the prompt's last tokens where what follows could merge with them, and finds the head's tokens that spell them anew.
// Refuses to look at meaning: only at which tokens the vocabulary has.
import type { Tokenizer } from './tokenizer.js';

/** What healing and decoding need of a tokenizer. */
export type ByteTokenizer = Pick<Tokenizer, 'encode' | 'bytesOf' | 'isSpecial' | 'vocabularySize'>;

/** The head's tokens sorted by their bytes, so that those that fit a spelling are found by binary search. Special tokens are not in it. Build it once per model. */
export class HeadIndex {
  /** Sorted; one UTF-16 unit a byte, so that string order is byte order. */
  private readonly spellings: readonly string[];
  /** For each spelling its index in the head. */
  private readonly indices: Int32Array;
  readonly bytesMax: number;

  constructor(tokenizer: Pick<ByteTokenizer, 'bytesOf' | 'isSpecial'>, headIds: ArrayLike<number>) {
    const tokens: { spelling: string; index: number }[] = [];
    for (let index = 0; index < headIds.length; index++) {
      if (tokenizer.isSpecial(headIds[index])) continue;
      const spelling = spell(tokenizer.bytesOf(headIds[index]));
      if (spelling) tokens.push({ spelling, index });
    }
    tokens.sort((a, b) => (a.spelling < b.spelling ? -1 : a.spelling > b.spelling ? 1 : a.index - b.index));
    this.spellings = tokens.map((token) => token.spelling);
    this.indices = Int32Array.from(tokens, (token) => token.index);
    this.bytesMax = tokens.reduce((longest, token) => Math.max(longest, token.spelling.length), 0);
  }

  /** Head indices of the tokens that spell a start of `pending` or start with the whole of it: the only ones that may come next. */
  candidates(pending: Uint8Array): Int32Array {
    const wanted = spell(pending);
    const found: number[] = [];
    for (let length = 1; length < wanted.length; length++) {
      const start = wanted.slice(0, length);
      for (let at = this.lowerBound(start); this.spellings[at] === start; at++) found.push(this.indices[at]);
    }
    for (let at = this.lowerBound(wanted); this.spellings[at]?.startsWith(wanted); at++) found.push(this.indices[at]);
    return Int32Array.from(found);
  }

  /** Whether some token starts with `bytes` and goes on. */
  extends(bytes: Uint8Array): boolean {
    const start = spell(bytes);
    let at = this.lowerBound(start);
    while (this.spellings[at] === start) at++;
    return this.spellings[at]?.startsWith(start) ?? false;
  }

  private lowerBound(spelling: string): number {
    let low = 0;
    let high = this.spellings.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.spellings[middle] < spelling) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const indexOfHead = new WeakMap<object, HeadIndex>();

/** The index of a head, built when first asked for and kept as long as `headIds` lives. */
export function headIndexOf(tokenizer: ByteTokenizer, headIds: Int32Array): HeadIndex {
  return kept(headIds, () => new HeadIndex(tokenizer, headIds));
}

function wholeVocabulary(tokenizer: ByteTokenizer): HeadIndex {
  return kept(tokenizer, () => new HeadIndex(tokenizer, Int32Array.from({ length: tokenizer.vocabularySize }, (_, id) => id)));
}

function kept(key: object, build: () => HeadIndex): HeadIndex {
  const index = indexOfHead.get(key) ?? build();
  indexOfHead.set(key, index);
  return index;
}

/**
 * Tokens of `prefix` without those at its end that the next characters could change (part of an identifier, blanks, half an operator), and the bytes these spelt.
 * `pending` is whole characters; what is decoded must begin with it. Nothing is taken back after a line's end.
 * Pass the head's index where there is one: only its tokens can come next, and the whole vocabulary need not be indexed.
 */
export function heal(prefix: string, tokenizer: ByteTokenizer, index: HeadIndex = wholeVocabulary(tokenizer)): { ids: number[]; pending: Uint8Array } {
  const ids = tokenizer.encode(prefix);
  let kept = ids.length;
  if (!/[\r\n]$/.test(prefix)) {
    let tail: Uint8Array = new Uint8Array();
    for (let at = ids.length - 1; at >= 0; at--) {
      const bytes = tokenizer.bytesOf(ids[at]);
      tail = Buffer.concat([bytes, tail]);
      if (tail.length > index.bytesMax || (at < ids.length - 1 && bytes.includes(newline))) break;
      if (isCharacterStart(tail[0]) && index.extends(tail)) kept = at;
    }
  }
  return { ids: ids.slice(0, kept), pending: Buffer.concat(ids.slice(kept).map((id) => tokenizer.bytesOf(id))) };
}

const newline = 0x0a;
const isCharacterStart = (byte: number): boolean => (byte & 0xc0) !== 0x80;
const spell = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
