// Text to token ids and back, with the vocabulary and merges of the model's own GGUF; merging is the library's.
// Refuses tokenizers that are not byte-level BPE, and never makes a special token out of text: `<|im_end|>` in source code is eight characters and more.
import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import { assert } from '../base/assert.js';
import { UserError } from '../base/errors.js';

/** Everything a Tokenizer is built from: plain JSON, so that it can be kept in a file or cross to a worker. */
export interface TokenizerData {
  /** Names the entry of `preTokenizers` by which text is cut into words. */
  readonly pre: string;
  /** Index is id; bytes are spelled in the printable alphabet of GPT-2 (see `byteAlphabet`), special tokens as they are. */
  readonly tokens: readonly string[];
  /** 'left right', the first to be merged first. */
  readonly merges: readonly string[];
  /** Ids of control and user-defined tokens and of the one that ends a text, ascending: marks that stand for no text. */
  readonly special: readonly number[];
  /** Ids that only fill the vocabulary up. */
  readonly unused: readonly number[];
}

interface PreTokenizer {
  /** What one word is; every character of a text belongs to exactly one match. */
  readonly words: RegExp;
  /** Whether text is brought to Unicode's composed form first. */
  readonly composed: boolean;
  /** Whether a word that is itself a token is not merged from its bytes. */
  readonly wholeWords: boolean;
}

// In these \p{White_Space} stands for the \s of the Hugging Face library's regular expressions: JavaScript's \s lacks U+0085 and adds U+FEFF.
// ſ (U+017F) is what 's matches too when case is ignored.
const contractionsAnyCase = String.raw`'[sSſ]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]`;
const afterGpt2 = (digits: string): string =>
  String.raw`${contractionsAnyCase}|[^\r\n\p{L}\p{N}]?\p{L}+|${digits}| ?[^\p{White_Space}\p{L}\p{N}]+[\r\n]*|\p{White_Space}*[\r\n]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+`;

const preTokenizers: Readonly<Record<string, PreTokenizer>> = {
  qwen2: { words: new RegExp(afterGpt2(String.raw`\p{N}`), 'gu'), composed: true, wholeWords: false },
  'llama-bpe': { words: new RegExp(afterGpt2(String.raw`\p{N}{1,3}`), 'gu'), composed: false, wholeWords: true },
  'gpt-2': {
    words: /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu,
    composed: false,
    wholeWords: false,
  },
  // GPT-2's words after every digit has been cut off from its neighbours: blanks before a digit end a piece.
  smollm: {
    words: /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+|\p{N}| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?![^\p{White_Space}\p{N}])|\p{White_Space}+/gu,
    composed: false,
    wholeWords: false,
  },
};

/** The printable character that stands for each byte in byte-level vocabularies: Latin-1's printable ones for themselves, the others from U+0100 on. */
export const byteAlphabet: readonly string[] = (() => {
  const itself = (byte: number) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(itself(byte) ? byte : next++));
})();
const byteOfCharacter = new Map(byteAlphabet.map((character, byte) => [character.charCodeAt(0), byte]));

// GGUF's tokenizer.ggml.token_type; all other types are marks.
const normalTokenType = 1;
const controlTokenType = 3;
const unusedTokenType = 5;

/** Takes what a Tokenizer needs from a GGUF's metadata. UserError naming `file` and the tokenizer where it is not one of the byte-level BPE kinds known here. */
export function tokenizerDataFromGguf(file: string, metadata: Readonly<Record<string, unknown>>): TokenizerData {
  const model = metadata['tokenizer.ggml.model'];
  const pre = metadata['tokenizer.ggml.pre'];
  if (model !== 'gpt2' || typeof pre !== 'string' || !Object.hasOwn(preTokenizers, pre))
    throw new UserError(
      `${file}: the tokenizer is "${String(model)}" with the word rule "${String(pre)}", which Kedge cannot read: byte-level BPE ("gpt2") with one of ${Object.keys(preTokenizers).join(', ')} is needed; choose another model`,
    );
  const tokens = metadata['tokenizer.ggml.tokens'];
  const merges = metadata['tokenizer.ggml.merges'];
  const types = metadata['tokenizer.ggml.token_type'];
  if (!isStrings(tokens) || !isStrings(merges) || (types !== undefined && !(Array.isArray(types) && types.length === tokens.length)))
    throw new UserError(`${file} holds no complete tokenizer (tokens, merges and token types are needed): convert the model to GGUF again`);
  // Some files give the token that ends a text the type of a text's.
  const end = metadata['tokenizer.ggml.eos_token_id'];
  const typeOf = (id: number) => (id === end ? controlTokenType : types === undefined ? normalTokenType : Number(types[id]));
  const texts = new Set(tokens.filter((_, id) => typeOf(id) === normalTokenType));
  const special = tokens.flatMap((_, id) => (typeOf(id) === normalTokenType || typeOf(id) === unusedTokenType ? [] : [id]));
  const unused = tokens.flatMap((_, id) => (typeOf(id) === unusedTokenType ? [id] : []));
  const misspelled = [...texts].find((token) => ![...token].every((character) => byteOfCharacter.has(character.charCodeAt(0))));
  if (misspelled !== undefined) throw new UserError(`${file}: the token "${misspelled}" is not spelled in bytes: the file is damaged or its tokenizer is no byte-level BPE; choose another model`);
  const astray = merges.find((merge) => !texts.has(merge.replace(' ', '')) && merge.replace(' ', '') !== tokens[Number(end)]);
  if (astray !== undefined) throw new UserError(`${file}: the tokenizer merges "${astray}" into no token: the file is damaged or no byte-level BPE; choose another model`);
  return { pre, tokens, merges, special, unused };
}

/** The id of the token that opens every text, where a GGUF's metadata asks for one. Llama 3's files seldom say so: llama.cpp asks for it by their word rule. */
export function openingToken(metadata: Readonly<Record<string, unknown>>): number | undefined {
  const id = metadata['tokenizer.ggml.bos_token_id'];
  const isWanted = metadata['tokenizer.ggml.add_bos_token'] ?? metadata['tokenizer.ggml.pre'] === 'llama-bpe';
  return isWanted === true && typeof id === 'number' ? id : undefined;
}

const isStrings = (value: unknown): value is string[] => Array.isArray(value) && value.every((entry) => typeof entry === 'string');

/** What is used of the library's tokenizer: merging one word that is already spelled in the byte alphabet. */
interface Merger {
  encode(spelling: string): { ids: number[] };
  token_to_id(spelling: string): number | undefined;
}

/** Forgets, half at a time, words not seen lately: at most about 6 MB. (A strict LRU costs more than merging anew.) */
class WordCache {
  private young = new Map<string, readonly number[]>();
  private old = new Map<string, readonly number[]>();

  get(word: string): readonly number[] | undefined {
    const ids = this.young.get(word);
    if (ids !== undefined) return ids;
    const oldIds = this.old.get(word);
    if (oldIds !== undefined) this.set(word, oldIds);
    return oldIds;
  }

  set(word: string, ids: readonly number[]): void {
    if (word.length > wordCachedLengthMax) return;
    if (this.young.size >= wordsYoungMax) {
      this.old = this.young;
      this.young = new Map();
    }
    // The key is a copy: a slice would keep the whole text it was cut from alive.
    this.young.set(Buffer.from(word, 'utf16le').toString('utf16le'), ids);
  }
}
const wordCachedLengthMax = 64; // UTF-16 units
const wordsYoungMax = 16_384;

export class Tokenizer {
  readonly vocabularySize: number;
  /** Ids of the marks, ascending: whatever ends a text or splits a prompt is among them. */
  readonly specialIds: readonly number[];
  private readonly preTokenizer: PreTokenizer;
  private readonly merger: Merger;
  private readonly specials = new Map<string, number>();
  private readonly textlessIds: ReadonlySet<number>;
  /** All tokens' bytes behind one another; token `id` is [starts[id], starts[id + 1]). */
  private readonly bytes: Uint8Array;
  private readonly starts: Uint32Array;
  private readonly words = new WordCache();

  constructor(data: TokenizerData) {
    const preTokenizer = preTokenizers[data.pre];
    assert(preTokenizer !== undefined, `no word rule ${data.pre}`);
    this.preTokenizer = preTokenizer;
    this.vocabularySize = data.tokens.length;
    this.specialIds = data.special;
    this.textlessIds = new Set([...data.special, ...data.unused]);
    const vocab = Object.create(null) as Record<string, number>;
    this.starts = new Uint32Array(this.vocabularySize + 1);
    data.tokens.forEach((token, id) => {
      const textless = this.textlessIds.has(id);
      if (textless) this.specials.set(token, id);
      else vocab[token] = id;
      this.starts[id + 1] = this.starts[id] + (textless ? 0 : token.length);
    });
    this.bytes = new Uint8Array(this.starts[this.vocabularySize]);
    for (const token of Object.keys(vocab)) this.bytes.set(bytesOfSpelling(token), this.starts[vocab[token]]);
    const model = { type: 'BPE', vocab, merges: data.merges, ignore_merges: preTokenizer.wholeWords };
    const parts = { model, normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, added_tokens: [] };
    this.merger = new LibraryTokenizer(parts, {}) as Merger;
  }

  /** Ids of the text alone: nothing is added at either end. A lone surrogate is read as U+FFFD; a byte that the vocabulary lacks is left out. */
  encode(text: string): number[] {
    const ids: number[] = [];
    const words = (this.preTokenizer.composed ? text.normalize('NFC') : text).match(this.preTokenizer.words) ?? [];
    for (const word of words) {
      let wordIds = this.words.get(word);
      if (wordIds === undefined) this.words.set(word, (wordIds = this.merge(word)));
      for (const id of wordIds) ids.push(id);
    }
    return ids;
  }

  private merge(word: string): readonly number[] {
    let spelling = '';
    for (const byte of Buffer.from(word, 'utf8')) if (this.byteId(byte) !== undefined) spelling += byteAlphabet[byte];
    return this.merger.encode(spelling).ids;
  }

  /** The text of the ids' bytes; special tokens give nothing, bytes that are no UTF-8 give U+FFFD. */
  decode(ids: readonly number[]): string {
    return Buffer.concat(ids.map((id) => this.bytesOf(id))).toString('utf8');
  }

  /** The bytes a token stands for, none for a special one. A view: not to be written to. */
  bytesOf(id: number): Uint8Array {
    assert(id >= 0 && id < this.vocabularySize, 'an id beyond the vocabulary');
    return this.bytes.subarray(this.starts[id], this.starts[id + 1]);
  }

  /** The id of the token spelled so in `byteAlphabet`. */
  idOf(spelling: string): number | undefined {
    return this.merger.token_to_id(spelling);
  }

  /** The id of the token that is this single byte; a few vocabularies lack some that occur in no common text. */
  byteId(byte: number): number | undefined {
    return this.idOf(byteAlphabet[byte]);
  }

  /** The id of a special token by its name, e.g. `<|file_sep|>`. */
  specialId(name: string): number | undefined {
    return this.specials.get(name);
  }

  /** Whether a token stands for no text: a mark, or unused. */
  isSpecial(id: number): boolean {
    return this.textlessIds.has(id);
  }
}

function bytesOfSpelling(token: string): number[] {
  return Array.from(token, (character) => {
    const byte = byteOfCharacter.get(character.charCodeAt(0));
    assert(byte !== undefined, `token ${token} is not spelled in bytes`);
    return byte;
  });
}
