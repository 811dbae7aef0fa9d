// Healing with the real model's tokenizer: at every place of a line, the tokens agree with the whole text's own.
import { beforeAll, expect, it } from 'vitest';
import { openGguf } from '../../engine/gguf/read.js';
import { heal, HeadIndex } from '../../engine/heal.js';
import { Tokenizer, tokenizerDataFromGguf } from '../../engine/tokenizer.js';
import { realModelPath, realModelPresent } from '../harness/real-model.js';
import { describeIf } from '../harness/require.js';

describeIf(realModelPresent, 'healing with the default model (kedge model pull)', () => {
  let tokenizer: Tokenizer;
  let index: HeadIndex;
  beforeAll(async () => {
    tokenizer = new Tokenizer(tokenizerDataFromGguf(realModelPath, (await openGguf(realModelPath)).metadata));
    index = new HeadIndex(tokenizer, Int32Array.from({ length: tokenizer.vocabularySize }, (_, id) => id));
  });

  it.each([
    ['foo.', '.'],
    ['return ', ' '],
    ['def f(x):\n    ', '    '],
    ['def f(x):\n', ''],
    ['def f(x):', '):'],
    ['x =', ' ='],
    ['self.get', '.get'],
    ['import { a', ' a'],
    ['foo(', '('],
    ['x[0', ''],
    ['a // 🙂', ' 🙂'],
  ])('%j: %j', (prefix, pending) => {
    const healed = heal(prefix, tokenizer, index);
    expect(Buffer.from(healed.pending).toString()).toBe(pending);
    expect(tokenizer.decode(healed.ids) + pending).toBe(prefix);
  });

  // Whatever the text goes on with, its own tokens start as the healed prompt does, and the next one spells what is pending: a cut anywhere costs nothing.
  it('leaves the tokens that the whole text has, at every place of a line', () => {
    const texts = ['export async function parseUserRecord(input: string): Promise<User[]> {', '        if not isinstance(value, (int, float)) or value >= self.max_value:', "  const naïve = items.map((item) => `${item.name}='été'`) ?? [];"];
    const torn = texts.flatMap((text) =>
      Array.from(text, (_, at) => text.slice(0, at + 1)).filter((prefix) => {
        const { ids, pending } = heal(prefix, tokenizer, index);
        const whole = tokenizer.encode(text);
        const next = whole[ids.length];
        const starts = ids.every((id, at) => whole[at] === id);
        const fits = pending.length === 0 || index.candidates(pending).includes(next);
        return !(starts && (next === undefined || fits));
      }),
    );
    expect(torn).toEqual([]);
  });
});
