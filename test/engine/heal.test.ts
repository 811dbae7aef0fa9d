// Healing with a small tokenizer: which tokens are taken back at the cursor, and which may follow.
import { describe, expect, it } from 'vitest';
import { heal, HeadIndex } from '../../engine/heal.js';
import { FakeTokenizer } from './fake-tokenizer.js';

const spellings = ['foo', 'foobar', 'return', ' return', '  ', '   ', '    ', '.length', ' =', ' ==', ' =>', '):', '):\n', '\n\n', 'é', 'été', 'get', 'User', 'getUser', 'getUsers', ' x', '\n  ', '\n    '];
const tokenizer = new FakeTokenizer(spellings);
const everyToken = new HeadIndex(tokenizer, Array.from({ length: tokenizer.vocabularySize }, (_, id) => id));

describe('healing takes back what the next characters could change', () => {
  const cases: readonly (readonly [prefix: string, pending: string])[] = [
    ['', ''],
    ['x', ''],
    ['a fo', 'fo'],
    ['foo', 'foo'],
    ['return', ''],
    ['x ret', ' ret'],
    ['x =', ' ='],
    ['x = ', ' '],
    ['x.', '.'],
    ['x.l', '.l'],
    ['    ', '    '],
    ['   ', '   '],
    ['f)', ')'],
    ['f):\n', ''],
    ['f):\n\n', ''],
    ['f):\r\n', ''],
    ['f):\n ', ' '],
    ['f)\n  ', '\n  '],
    ['x é', 'é'],
    ['getUser', 'getUser'],
    ['getUs', 'getUs'],
    ['foobar', 'foobar'],
    ['a==', ''],
    ['x ==', ''],
  ];
  it.each(cases)('%j: %j', (prefix, pending) => {
    const healed = heal(prefix, tokenizer, everyToken);
    expect(Buffer.from(healed.pending).toString()).toBe(pending);
    expect(Buffer.concat(healed.ids.map((id) => tokenizer.bytesOf(id))).toString() + pending).toBe(prefix);
  });

  it('asks the head alone', () => {
    const head = new HeadIndex(tokenizer, [tokenizer.id('foo'), tokenizer.id('f')]);
    expect(heal('a fo', tokenizer, head).ids).toEqual(tokenizer.encode('a '));
    expect(heal('a foo', tokenizer, head)).toEqual({ ids: tokenizer.encode('a foo'), pending: Buffer.of() });
  });
});

describe("the head's index", () => {
  const headIds = [...Array.from('abcdefghijklmnopqrstuvwxyz =.)', (char) => tokenizer.id(char)), ...spellings.map((spelling) => tokenizer.id(spelling)), tokenizer.endId];
  const index = new HeadIndex(tokenizer, headIds);

  it.each(['f', 'foo', 'foob', ' ', '   ', ' =', '=', 'é', 'x', '~', 'getUser'])('finds what fits %j, as looking at each token does', (text) => {
    const pending = Buffer.from(text);
    const naive = headIds.flatMap((id, at) => {
      const bytes = Buffer.from(tokenizer.bytesOf(id));
      const length = Math.min(bytes.length, pending.length);
      return length > 0 && bytes.subarray(0, length).equals(pending.subarray(0, length)) ? [at] : [];
    });
    expect([...index.candidates(pending)].sort((a, b) => a - b)).toEqual(naive);
  });

  it('finds bytes inside a character', () => expect([...index.candidates(Buffer.of(0xc3))]).toEqual([headIds.indexOf(tokenizer.id('é')), headIds.indexOf(tokenizer.id('été'))]));
});
