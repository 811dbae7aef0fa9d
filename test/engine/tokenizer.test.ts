// The tokenizer against the Hugging Face one on the real vocabulary, and its own promises on a small made-up one.
// Refuses to need Python: the goldens are digests made by training/goldens_tokenizer.py.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, describe, it } from 'vitest';
import { UserError } from '../../base/errors.js';
import { openGguf } from '../../engine/gguf/read.js';
import { byteAlphabet, Tokenizer, tokenizerDataFromGguf } from '../../engine/tokenizer.js';
import { realModelPath, realModelPresent } from '../harness/real-model.js';
import { describeIf } from '../harness/require.js';
import goldens from '../parity/tokenizer.json' with { type: 'json' };

const metadata = (pre: string, tokens: string[], merges: string[], special: string[] = []) => ({
  'tokenizer.ggml.model': 'gpt2',
  'tokenizer.ggml.pre': pre,
  'tokenizer.ggml.tokens': [...tokens, ...special],
  'tokenizer.ggml.merges': merges,
  'tokenizer.ggml.token_type': [...tokens.map(() => 1), ...special.map(() => 3)],
});
const tiny = (pre: string, ...merges: string[]) =>
  new Tokenizer(tokenizerDataFromGguf('m.gguf', metadata(pre, [...byteAlphabet, ...merges.map((merge) => merge.replace(' ', ''))], merges, ['<|end|>'])));
const pieces = (tokenizer: Tokenizer, text: string) => tokenizer.encode(text).map((id) => tokenizer.decode([id]));

describe('tokenizer', () => {
  const cases: readonly [what: string, pre: string, merges: string[], text: string, pieces: string[]][] = [
    ['merges by rank, not from the left', 'qwen2', ['b c', 'a b'], 'abc', ['a', 'bc']],
    ['never merges across words', 'qwen2', ['a Ġ', 'Ġ a'], 'a a', ['a', ' a']],
    ['qwen2: each digit is a word', 'qwen2', ['1 2'], '12', ['1', '2']],
    ['llama-bpe: up to three digits are a word', 'llama-bpe', ['1 2', '12 3', '123 4'], '1234', ['123', '4']],
    ['llama-bpe: a whole token needs no merge path', 'llama-bpe', ['x y', 'z xy', 'q z', 'qz xy'], 'qzxy', ['qzxy']],
    ['gpt-2: a run of digits is a word', 'gpt-2', ['1 2', '12 3', '123 4'], '1234', ['1234']],
    ['gpt-2: the last blank goes with the next digit', 'gpt-2', ['Ġ Ġ', 'Ġ 5'], '  5', [' ', ' 5']],
    ['smollm: blanks before a digit stay together', 'smollm', ['Ġ Ġ', 'Ġ 5'], '  5', ['  ', '5']],
    ['a special token in text is text', 'qwen2', ['< |'], '<|end|>', ['<|', 'e', 'n', 'd', '|', '>']],
    ['CRLF stays', 'qwen2', [') č', ')č Ċ'], 'f()\r\n', ['f', '(', ')\r\n']],
  ];
  it.each(cases)('%s', (_what, pre, merges, text, expected) => {
    expect(pieces(tiny(pre, ...merges), text)).toEqual(expected);
  });

  it('gives every byte back, whatever a text holds', () => {
    const tokenizer = tiny('gpt-2', 'a b');
    const text = '\0\u0001\t\r\n \u0085\ufeffé中😀\u200d ab\u007f';
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    expect(tokenizer.decode(tokenizer.encode('\ud800x'))).toBe('\ufffdx');
  });

  it('says a word the same way when it was seen before and after it was forgotten', () => {
    const tokenizer = tiny('qwen2', 'w o', 'wo r');
    const before = tokenizer.encode('word');
    for (let word = 0; word < 40_000; word++) tokenizer.encode(` ${word.toString(36).replace(/\d/g, (digit) => 'GHIJKLMNOP'[Number(digit)])}`);
    expect(tokenizer.encode('word')).toEqual(before);
  });

  it('knows special tokens by name alone', () => {
    const tokenizer = tiny('qwen2', 'a b');
    const id = tokenizer.specialId('<|end|>')!;
    expect(id).toBe(257);
    expect(tokenizer.isSpecial(id)).toBe(true);
    expect(tokenizer.bytesOf(id)).toHaveLength(0);
    expect(tokenizer.specialId('ab')).toBeUndefined();
    expect(tokenizer.vocabularySize).toBe(258);
    expect(tokenizer.byteId(0x0a)).toBe(byteAlphabet.indexOf('Ċ'));
  });

  it('takes the token that ends a text for a mark, whatever its type', () => {
    const data = { ...metadata('qwen2', [...byteAlphabet, '</s>', 'ab'], ['a b']), 'tokenizer.ggml.eos_token_id': 256 };
    const tokenizer = new Tokenizer(tokenizerDataFromGguf('m.gguf', data));
    expect([tokenizer.isSpecial(256), tokenizer.isSpecial(257)]).toEqual([true, false]);
    expect(tokenizer.specialIds).toEqual([256]);
    // Also where it is what letters merge into.
    expect(new Tokenizer(tokenizerDataFromGguf('m.gguf', { ...data, 'tokenizer.ggml.eos_token_id': 257 })).isSpecial(257)).toBe(true);
  });

  const refused: readonly [what: string, metadata: Record<string, unknown>, message: RegExp][] = [
    ['another kind', { 'tokenizer.ggml.model': 'llama', 'tokenizer.ggml.pre': 'default' }, /"llama".*"default"/],
    ['an unknown word rule', metadata('tekken', ['a'], []), /"tekken"/],
    ['no tokens', { 'tokenizer.ggml.model': 'gpt2', 'tokenizer.ggml.pre': 'qwen2' }, /no complete tokenizer/],
    ['a merge into nothing', metadata('qwen2', [...byteAlphabet], ['a b']), /"a b"/],
    ['tokens that are not spelled in bytes', metadata('qwen2', [...byteAlphabet, 'a b', '中'], []), /中|a b/],
  ];
  it.each(refused)('refuses %s in one line', (_what, data, message) => {
    expect(() => tokenizerDataFromGguf('m.gguf', data)).toThrow(UserError);
    expect(() => tokenizerDataFromGguf('m.gguf', data)).toThrow(message);
    expect(() => tokenizerDataFromGguf('m.gguf', data)).toThrow(/^m\.gguf/);
  });
});

describeIf(realModelPresent, 'the default model (kedge model pull)', () => {
  const digestBytes = 3;
  const digest = (ids: readonly number[]) => createHash('sha256').update(Uint32Array.from(ids)).digest().subarray(0, digestBytes);
  const check = (tokenizer: Tokenizer, lines: readonly string[], digests: string) => {
    const expected = Buffer.from(digests, 'base64');
    expect(expected).toHaveLength(lines.length * digestBytes);
    return lines.filter((line, index) => !digest(tokenizer.encode(line)).equals(expected.subarray(index * digestBytes, (index + 1) * digestBytes)));
  };
  const opened = openGguf(realModelPath).then((gguf) => new Tokenizer(tokenizerDataFromGguf(gguf.path, gguf.metadata)));

  it('agrees with Hugging Face on more than 10,000 lines of mixed code', async () => {
    const tokenizer = await opened;
    for (const file of goldens.files) {
      const bytes = readFileSync(new URL(`../../node_modules/${file.path}`, import.meta.url));
      expect(createHash('sha256').update(bytes).digest('hex'), `${file.path} is another version: run training/goldens_tokenizer.py`).toBe(file.sha256);
      const lines = (bytes.toString('utf8').match(/[^\n]*\n|[^\n]+$/g) ?? []).slice(0, file.lines).map((line) => (file.crlf ? line.replace('\n', '\r\n') : line));
      expect(check(tokenizer, lines, file.lineDigests), file.path).toEqual([]);
      expect(check(tokenizer, [lines.join('')], file.wholeDigest), `${file.path} as a whole`).toEqual([]);
    }
    expect(goldens.files.reduce((sum, file) => sum + file.lines, 0)).toBeGreaterThan(10_000);
  });

  it('agrees with Hugging Face on odd lines', async () => {
    expect(check(await opened, goldens.odd.lines, goldens.odd.lineDigests)).toEqual([]);
  });

  it('gives text in composed form back', async () => {
    const tokenizer = await opened;
    for (const line of goldens.odd.lines) expect(tokenizer.decode(tokenizer.encode(line))).toBe(line.normalize('NFC'));
  });

  it('has a token for each byte and the marks of the middle', async () => {
    const tokenizer = await opened;
    for (let byte = 0; byte < 256; byte++) expect([...tokenizer.bytesOf(tokenizer.byteId(byte)!)]).toEqual([byte]);
    expect(tokenizer.specialId('<|fim_middle|>')).toBe(151_660);
  });
});
