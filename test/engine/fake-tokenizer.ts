// A tokenizer of a few spellings over all 256 bytes, the longest match first, for tests of what is built on one.
import type { ByteTokenizer } from '../../engine/heal.js';

export class FakeTokenizer implements ByteTokenizer {
  readonly vocabularySize: number;
  private readonly tokens: readonly Buffer[];
  private readonly ids: ReadonlyMap<string, number>;

  /** Ids 0 to 255 are the bytes, then `spellings` in order, then `specials` special tokens. */
  constructor(
    spellings: readonly string[],
    private readonly specials = 1,
  ) {
    this.tokens = [...Array.from({ length: 256 }, (_, byte) => Buffer.of(byte)), ...spellings.map((spelling) => Buffer.from(spelling))];
    this.ids = new Map(this.tokens.map((bytes, id) => [bytes.toString('latin1'), id]));
    this.vocabularySize = this.tokens.length + specials;
  }

  get endId(): number {
    return this.vocabularySize - this.specials;
  }

  id(spelling: string): number {
    const id = this.ids.get(Buffer.from(spelling).toString('latin1'));
    if (id === undefined) throw new Error(`no token ${JSON.stringify(spelling)}`);
    return id;
  }

  encode(text: string): number[] {
    const bytes = Buffer.from(text).toString('latin1');
    const ids: number[] = [];
    for (let at = 0; at < bytes.length; ) {
      let length = Math.min(32, bytes.length - at);
      while (!this.ids.has(bytes.slice(at, at + length))) length--;
      ids.push(this.ids.get(bytes.slice(at, at + length)) ?? 0);
      at += length;
    }
    return ids;
  }

  bytesOf(id: number): Uint8Array {
    return this.tokens[id] ?? new Uint8Array();
  }

  isSpecial(id: number): boolean {
    return id >= this.tokens.length;
  }
}
