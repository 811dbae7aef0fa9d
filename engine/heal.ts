// Token healing, in bytes: takes back the prompt's last tokens where what follows could merge with them, and finds the head's tokens that spell them anew.
// Refuses to look at meaning: only at which tokens the vocabulary has.
import type { Tokenizer } from './tokenizer.js';

/** What healing and decoding need of a tokenizer. */
export type ByteTokenizer = Pick<Tokenizer, 'encode' | 'bytesOf' | 'isSpecial'>;

/** The head's tokens sorted by their bytes, so that those that fit a spelling are found by binary search. Special tokens are not in it. Build it once per model. */
export class HeadIndex {
  /** Sorted; one UTF-16 unit a byte, so that string order is byte order. */
  private readonly spellings: readonly string[];
  /** For each spelling its index in the head. */
  private readonly indices: Int32Array;
  readonly bytesMax: number;

  constructor(tokenizer: Pick<ByteTokenizer, 'bytesOf' | 'isSpecial'>, headIds: ArrayLike<number>) {
    const indexOf = new Map<string, number>();
    for (let index = 0; index < headIds.length; index++) {
      const spelling = tokenizer.isSpecial(headIds[index]) ? '' : spell(tokenizer.bytesOf(headIds[index]));
      if (spelling) indexOf.set(spelling, index);
    }
    this.spellings = [...indexOf.keys()].sort();
    this.indices = Int32Array.from(this.spellings, (spelling) => indexOf.get(spelling) ?? -1);
    this.bytesMax = this.spellings.reduce((longest, spelling) => Math.max(longest, spelling.length), 0);
  }

  /** Head indices of the tokens that spell a start of `pending` or start with the whole of it: the only ones that may come next. */
  candidates(pending: Uint8Array): Int32Array {
    const wanted = spell(pending);
    const ranges = [this.range(wanted, wanted + beyond)];
    for (let length = 1; length < wanted.length; length++) ranges.push(this.range(wanted.slice(0, length), wanted.slice(0, length) + lowest));
    const found = new Int32Array(ranges.reduce((count, range) => count + range.length, 0));
    ranges.reduce((at, range) => (found.set(range, at), at + range.length), 0);
    return found;
  }

  /** Whether some token starts with `bytes` and goes on. */
  extends(bytes: Uint8Array): boolean {
    const start = spell(bytes);
    return this.range(start + lowest, start + beyond).length > 0;
  }

  /** Of the tokens spelled from `from` on and before `to`. */
  private range(from: string, to: string): Int32Array {
    return this.indices.subarray(this.lowerBound(from), this.lowerBound(to));
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

const indexOfHead = new WeakMap<Int32Array, HeadIndex>();

/** The index of a head, built when first asked for and kept as long as `headIds` lives. */
export function headIndexOf(tokenizer: ByteTokenizer, headIds: Int32Array): HeadIndex {
  const index = indexOfHead.get(headIds) ?? new HeadIndex(tokenizer, headIds);
  indexOfHead.set(headIds, index);
  return index;
}

/**
 * Tokens of `prefix` without those at its end that the next characters could change (part of an identifier, blanks, half an operator), and the bytes these spelt.
 * `pending` is whole characters; what is decoded must begin with it. Nothing is taken back after a line's end.
 * `index`: the head's, since only its tokens can come next.
 */
export function heal(prefix: string, tokenizer: ByteTokenizer, index: HeadIndex): { ids: number[]; pending: Uint8Array } {
  const ids = tokenizer.encode(prefix);
  let kept = ids.length;
  if (!/[\r\n]$/.test(prefix)) {
    let tail: Uint8Array = new Uint8Array();
    for (let at = ids.length - 1; at >= 0; at--) {
      const bytes = tokenizer.bytesOf(ids[at]);
      tail = Buffer.concat([bytes, tail]);
      if (tail.length > index.bytesMax || (at < ids.length - 1 && bytes.includes(newline))) break;
      // The last token may also be torn, its end going to what follows: `}=` and `'` are `}` and `='`.
      const from = at < ids.length - 1 ? 1 : tail.length;
      if (isCharacterStart(tail[0]) && tail.subarray(0, from).some((byte, start) => isCharacterStart(byte) && index.extends(tail.subarray(start)))) kept = at;
    }
  }
  return { ids: ids.slice(0, kept), pending: Buffer.concat(ids.slice(kept).map((id) => tokenizer.bytesOf(id))) };
}

/** The lowest character of a spelling, and one that sorts after all of them. */
const lowest = '\0';
const beyond = '\u0100';
const newline = 0x0a;
const isCharacterStart = (byte: number): boolean => (byte & 0xc0) !== 0x80;
const spell = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
