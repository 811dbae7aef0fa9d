// Which tokens mark a fill-in-the-middle prompt, and who decides: the catalogue, then the GGUF, then common names.
import { describe, expect, it } from 'vitest';
import { UserError } from '../../base/errors.js';
import { fillInTheMiddle, type FimTokens } from '../../engine/graph/marks.js';

const common = ['<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>'];
const tokens = ['a', ...common, '<PRE>', '<SUF>', '<MID>', '<|file_sep|>'];
const data = (special: readonly string[]) => ({ pre: 'qwen2', tokens, merges: [], special: special.map((token) => tokens.indexOf(token)), unused: [] });
const named: FimTokens = { prefix: '<PRE>', suffix: '<SUF>', middle: '<MID>' };
const asking = (...ids: readonly unknown[]) => Object.fromEntries(['fim_pre', 'fim_suf', 'fim_mid'].map((key, i) => [`tokenizer.ggml.${key}_token_id`, ids[i]]));

describe('marks of the middle', () => {
  const cases: readonly { title: string; metadata?: Record<string, unknown>; special?: readonly string[]; named?: FimTokens | null; expected: object | null }[] = [
    { title: 'are those of the common names', expected: { prefix: 1, suffix: 2, middle: 3, fileSeparator: 7 } },
    { title: 'are those of the GGUF before common names', metadata: asking(4, 5, 6), expected: { prefix: 4, suffix: 5, middle: 6, fileSeparator: 7 } },
    { title: 'are those of the catalogue before all', metadata: asking(1, 2, 3), named, expected: { prefix: 4, suffix: 5, middle: 6 } },
    { title: 'are none where the catalogue says so', metadata: asking(1, 2, 3), named: null, expected: null },
    { title: 'are none where one is missing', special: common.slice(1), expected: null },
    { title: 'are none where tokens of their names are text', special: [], expected: null },
  ];
  it.each(cases)('$title', ({ metadata = {}, special = tokens.slice(1), named: names, expected }) => {
    expect(fillInTheMiddle('m.gguf', metadata, data(special), names)).toEqual(expected);
  });

  it.each([8, -1, 1.5, 'a', NaN])('are refused where one is %j, no token of the vocabulary', (id) => {
    const find = () => fillInTheMiddle('m.gguf', asking(4, id, 6), data(tokens.slice(1)), undefined);
    expect(find).toThrow(UserError);
    expect(find).toThrow(/^m\.gguf: metadata 'tokenizer\.ggml\.fim_suf_token_id' is .*none of the 8 tokens/);
  });
});
