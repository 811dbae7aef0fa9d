// Which token opens every text, where a model asks for one.
import { describe, expect, it } from 'vitest';
import { recipeOf } from '../../engine/anchors.js';
import { Model } from '../../engine/model.js';
import { PromptForm } from '../../engine/prompt.js';
import { openingToken } from '../../engine/tokenizer.js';
import { tinyModel } from '../harness/tiny-model.js';

describe('the token that opens a text', () => {
  const key = (name: string): string => `tokenizer.ggml.${name}`;
  const cases: readonly { title: string; metadata: Record<string, unknown>; expected?: number }[] = [
    { title: 'is the one that the model asks for', metadata: { [key('add_bos_token')]: true, [key('bos_token_id')]: 7 }, expected: 7 },
    { title: 'is absent where the model asks for none', metadata: { [key('add_bos_token')]: false, [key('bos_token_id')]: 7 } },
    { title: 'is absent where the model does not say', metadata: { [key('pre')]: 'qwen2', [key('bos_token_id')]: 7 } },
    { title: "is Llama 3's, whose files seldom say that they ask for it", metadata: { [key('pre')]: 'llama-bpe', [key('bos_token_id')]: 7 }, expected: 7 },
    { title: "is absent where one of Llama 3's files asks for none", metadata: { [key('pre')]: 'llama-bpe', [key('add_bos_token')]: false, [key('bos_token_id')]: 7 } },
    { title: 'is absent where the model names none', metadata: { [key('add_bos_token')]: true } },
  ];
  it.each(cases)('$title', ({ metadata, expected }) => {
    expect(openingToken(metadata)).toBe(expected);
  });
});

it('opens sink and lead, and what is stored behind it has another recipe', async () => {
  const open = async (asked: boolean): Promise<Model> =>
    Model.open(await tinyModel({ architecture: 'llama', seed: 5, heads: 2, kvHeads: 1, feedForward: 32, metadata: { 'tokenizer.ggml.add_bos_token': asked } }), { threads: 1 });
  const models = [await open(false), await open(true)];
  const [without, opened] = models.map(({ tokenizer, manifest }) => new PromptForm(tokenizer, manifest));
  const opening = models[1].tokenizer.specialId('<|endoftext|>');
  expect(models.map(({ manifest }) => manifest.opening)).toEqual([undefined, opening]);
  expect([opened.sink, opened.lead]).toEqual([[opening, ...without.sink], [opening, ...without.lead]]);
  expect(opened.segment({ path: 'a.ts', text: 'a' })).toEqual(without.segment({ path: 'a.ts', text: 'a' }));
  expect(models[0].manifest.weightsDigest).toBe(models[1].manifest.weightsDigest);
  expect(recipeOf(models[0], '', without.lead, 0.5)).not.toBe(recipeOf(models[0], '', opened.lead, 0.5));
  for (const model of models) await model.close();
});
