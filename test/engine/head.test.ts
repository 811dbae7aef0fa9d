// The trimmed head: what it always holds, when it is not trimmed, and that every text can be said with it. Refuses to judge speed.
import { describe, expect, it } from 'vitest';
import { openGguf } from '../../engine/gguf/read.js';
import { headIndex, headTokens, readHeadTokenList, retokenise } from '../../engine/head.js';
import { byteAlphabet, Tokenizer, tokenizerDataFromGguf } from '../../engine/tokenizer.js';
import { realModelPath, realModelPresent } from '../harness/real-model.js';
import { describeIf } from '../harness/require.js';
import goldens from '../parity/tokenizer.json' with { type: 'json' };

const merges = ['h e', 'l l', 'he ll', 'hell o', 'o Ġ', 'w o'];
const tokens = [...byteAlphabet, ...merges.map((merge) => merge.replace(' ', ''))];
const tokenizer = new Tokenizer(
  tokenizerDataFromGguf('m.gguf', {
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': 'qwen2',
    'tokenizer.ggml.tokens': [...tokens, '<|end|>', '[PAD]'],
    'tokenizer.ggml.merges': merges,
    'tokenizer.ggml.token_type': [...tokens.map(() => 1), 3, 5],
  }),
);
const said = (head: Int32Array, text: string) => {
  const { ids, outside } = retokenise(text, tokenizer, head);
  return { pieces: ids.map((id) => tokenizer.decode([id])), outside };
};

describe('head', () => {
  const listed = (...kept: string[]) => headTokens(tokenizer, { tokens: kept });

  it('holds the list, every byte and every mark, ascending, but no filler', () => {
    const head = listed('hell', 'he');
    expect([...head]).toEqual([...head].sort((a, b) => a - b));
    expect(head).toHaveLength(256 + 2 + 1);
    for (const name of ['hell', 'he', 'a']) expect(headIndex(head, tokenizer.idOf(name)!)).toBeGreaterThanOrEqual(0);
    expect(headIndex(head, tokenizer.specialId('<|end|>')!)).toBeGreaterThanOrEqual(0);
    expect(headIndex(head, tokenizer.specialId('[PAD]')!)).toBe(-1);
    expect(headIndex(head, tokenizer.idOf('hello')!)).toBe(-1);
  });

  it('is whole where the vocabulary lacks much of the list', () => {
    expect(listed('hell', 'he', 'abc', 'xyz')).toHaveLength(tokenizer.vocabularySize);
  });

  const cases: readonly [what: string, kept: string[], text: string, pieces: string[], outside: number][] = [
    ['leaves natural tokens alone', ['hello', 'wo'], 'hello wo', ['hello', ' ', 'wo'], 0],
    ['takes the longest that it has', ['he', 'hell'], 'hello', ['hell', 'o'], 1],
    ['goes on from there', ['he', 'll'], 'hello', ['he', 'll', 'o'], 1],
    ['falls back to bytes', ['wo'], 'hello wo', ['h', 'e', 'l', 'l', 'o', ' ', 'wo'], 1],
    ['has nothing to say of nothing', ['wo'], '', [], 0],
  ];
  it.each(cases)('%s', (_what, kept, text, pieces, outside) => {
    expect(said(listed(...kept), text)).toEqual({ pieces, outside });
  });
});

describeIf(realModelPresent, 'the default model (kedge model pull)', () => {
  it('is trimmed to between 32 and 48 thousand tokens that can say every text', async () => {
    const real = new Tokenizer(tokenizerDataFromGguf(realModelPath, (await openGguf(realModelPath)).metadata));
    const head = headTokens(real, readHeadTokenList());
    expect(head.length).toBeGreaterThanOrEqual(32_000);
    expect(head.length).toBeLessThanOrEqual(48_000);
    for (const name of ['<|fim_prefix|>', '<|fim_middle|>', '<|fim_suffix|>', '<|file_sep|>', '<|endoftext|>', '<|im_end|>'])
      expect(headIndex(head, real.specialId(name)!), name).toBeGreaterThanOrEqual(0);
    for (let byte = 0; byte < 256; byte++) expect(headIndex(head, real.byteId(byte)!)).toBeGreaterThanOrEqual(0);
    let outsideSum = 0;
    for (const line of goldens.odd.lines) {
      const { ids, outside } = retokenise(line, real, head);
      outsideSum += outside;
      expect(ids.every((id) => headIndex(head, id) >= 0)).toBe(true);
      expect(real.decode(ids)).toBe(line.normalize('NFC'));
    }
    expect(outsideSum).toBeGreaterThan(0);
  });
});
