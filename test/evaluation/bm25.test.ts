// Retrieval by words: the order it gives, what it leaves out, and the budget it keeps.
import { describe, expect, it } from 'vitest';
import { chunksOf, ChunkIndex, retrieve } from '../../evaluation/bm25.js';

const countTokens = (texts: readonly string[]): Promise<number[]> => Promise.resolve(texts.map((text) => text.split(/\s+/).filter(Boolean).length));

describe('chunks', () => {
  it('are ten lines each and leave blank ones out', () => {
    const text = [...Array.from({ length: 10 }, (_, i) => `line ${i}`), ...Array.from({ length: 10 }, () => ''), 'last'].join('\r\n');
    expect(chunksOf('a.ts', text).map(({ text: chunk }) => chunk.split('\n').length)).toEqual([10, 1]);
  });
});

describe('the index', () => {
  const chunks = [
    { path: 'common.ts', text: 'const value = order order' },
    { path: 'rare.ts', text: 'const price = invoice(total)' },
    { path: 'both.ts', text: 'const order = invoice(total)' },
    { path: 'none.ts', text: 'something else' },
    { path: 'own.ts', text: 'order invoice total' },
    { path: 'common2.ts', text: 'const order = 1' },
  ];
  const index = new ChunkIndex(chunks);
  it.each([
    ['rare words weigh more', 'invoice order', ['both.ts', 'rare.ts', 'common.ts', 'common2.ts']],
    ['a word that stands nowhere changes nothing', 'invoice missing', ['rare.ts', 'both.ts']],
    ['nothing in common, nothing found', 'zzz', []],
  ])('%s', (_name, query, paths) => {
    expect([...index.search(query, 'own.ts')].map(({ path }) => path)).toEqual(paths);
  });
});

describe('the text put before the prompt', () => {
  const index = new ChunkIndex([
    { path: 'far.py', text: 'order = 1\nx' },
    { path: 'near.py', text: 'order invoice' },
  ]);
  const retrieved = (text: string, tokensMax: number): Promise<string> => retrieve(index, text, text.length, 'own.py', tokensMax, countTokens);

  it('comments every line and puts the best chunk last', async () => {
    const text = await retrieved('invoice order', 100);
    expect(text.split('\n').every((line) => line === '' || line.startsWith('#'))).toBe(true);
    expect(text.indexOf('far.py')).toBeLessThan(text.indexOf('near.py'));
    expect(text.endsWith('# order invoice\n\n')).toBe(true);
  });

  it('keeps the budget', async () => {
    const whole = (await countTokens([await retrieved('invoice order', 1000)]))[0];
    const text = await retrieved('invoice order', whole - 1);
    expect(text).toContain('near.py');
    expect(text).not.toContain('far.py');
    expect((await countTokens([text]))[0]).toBeLessThanOrEqual(whole - 1);
  });

  it('asks with the last ten lines only', async () => {
    expect(await retrieved(`invoice order\n${'\n'.repeat(9)}zzz`, 1000)).toBe('');
  });
});
