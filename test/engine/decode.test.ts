// Decoding over a scripted source of logits: where it stops, what it says, what it never says.
import { describe, expect, it } from 'vitest';
import { decode, type DecodeOptions, type LogitSource } from '../../engine/decode.js';
import { FakeTokenizer } from './fake-tokenizer.js';

const spellings = ['foo', 'foobar', 'bar', 'parse', 'User', '(', ')', ' x', ' =', ' == ', '):\n', ' return', 'é', '🙂', 'ab', 'abc', '<|fim', '_middle|>', '    ', '   '];
const tokenizer = new FakeTokenizer(spellings, 2);
const headIds = Int32Array.from({ length: tokenizer.vocabularySize }, (_, id) => id);

/** Gives the tokens of `script` in turn, by spelling or id; `likes` is how far the wanted token's logit stands above the others'. */
class Script implements LogitSource {
  readonly read: number[] = [];
  at = 0;

  constructor(
    private readonly script: readonly (string | number | readonly (string | number)[])[],
    private readonly likes = 20,
    private readonly onStep: (step: number) => void = () => {},
  ) {}

  /** Several tokens at one step: the first is wanted most. */
  next(): Float32Array {
    const wanted = this.script[this.at++] ?? tokenizer.endId;
    const logits = new Float32Array(headIds.length);
    [wanted].flat().forEach((token, rank) => (logits[typeof token === 'number' ? token : tokenizer.id(token as string)] = this.likes / (rank + 1)));
    return logits;
  }

  async logits(ids: readonly number[]): Promise<Float32Array> {
    this.read.push(...ids);
    this.onStep(this.at);
    return this.next();
  }
}

const optionsOf = (source: Script, given: Partial<DecodeOptions>): DecodeOptions => ({
  first: source.next(),
  pending: new Uint8Array(),
  tokenizer,
  headIds,
  path: 'a.py',
  prefix: 'x = ',
  suffix: '\n',
  stop: 'line',
  tokensMax: 64,
  decodeMsMax: 0,
  confidenceFloor: 0,
  clock: { nowMs: () => 0, wallMs: () => 0 },
  ...given,
});
const run = (source: Script, given: Partial<DecodeOptions> = {}) => decode(source, optionsOf(source, given));
const bytes = (text: string) => Buffer.from(text);

describe('decoding', () => {
  type Case = readonly [what: string, script: ConstructorParameters<typeof Script>[0], given: Partial<DecodeOptions>, shown: string];
  const cases: readonly Case[] = [
    ['ends with the model', ['foo', '(', ')'], {}, 'foo()'],
    ['ends with the line', ['foo', '):\n', 'bar'], { prefix: 'if (' }, 'foo):'],
    ['ends at any special token', ['foo', tokenizer.endId + 1, 'bar'], {}, 'foo'],
    ['ends where a special token is spelt out', ['foo', '<|fim', '_middle|>', 'bar'], {}, 'foo'],
    ["knows the file's language", [' x', '(', ' ', '/', '/', ' ', 'foo', ')', ')'], { prefix: 'y =' }, ' x( // foo)'],
    ['is empty when the model has nothing to say', [], {}, ''],
    ['joins the bytes of a character', [0xf0, 0x9f, 0x99, 0x82, 'foo'], {}, '🙂foo'],
    ['leaves out half a character', ['foo', 0xf0, 0x9f], {}, 'foo'],
    ['ends at bytes that are no text', ['foo', 0xff, 'bar'], {}, 'foo'],
    ['ends at the bound on tokens', ['foo', '(', 'bar', ')'], { tokensMax: 3 }, 'foo(bar'],
    ['never in the middle of a word', ['foo', '(', 'bar', 'bar'], { tokensMax: 3 }, 'foo('],
    ['and in the middle of no line of a block', ['foo', '(', ')', 10, 'bar', '(', 'foo'], { prefix: 'def f():\n', stop: 'block', tokensMax: 6 }, 'foo()'],
    ['has nothing whole', ['foo', 'bar'], { tokensMax: 1 }, ''],

    // Healing: the second token at a step is what the model would take without the constraint's help.
    ['spells pending bytes first', [['bar', 'parse'], 'User'], { prefix: 'par', pending: bytes('par') }, 'seUser'],
    ['spells them in pieces', [['bar', 'foo'], ['User', 'bar'], '('], { prefix: 'foob', pending: bytes('foob') }, 'ar('],
    ['spells them whole', [' =', ' x'], { prefix: 'y =', pending: bytes(' =') }, ' x'],
    ['ends after pending bytes', [' ='], { prefix: 'y =', pending: bytes(' =') }, ''],
    ['does not end amid pending bytes', [tokenizer.endId, ' x'], { prefix: 'y ab', pending: bytes('a') }, ' x'],
    ['spells bytes of a character', ['é', 'foo'], { prefix: 'é', pending: bytes('é') }, 'foo'],
    ['does not double the blanks that are pending', ['    ', '    ', 'foo'], { prefix: 'def f():\n    ', pending: bytes('    ') }, 'foo'],
  ];
  it.each(cases)('%s', async (_, script, given, shown) => expect((await run(new Script(script), given)).text).toBe(shown));

  it('reads each token once, and none after the last', async () => {
    const source = new Script(['foo', '(', ')']);
    await run(source);
    expect(source.read).toEqual(tokenizer.encode('foo()'));
    const ended = new Script(['foo', '):\n', 'bar']);
    await run(ended, { prefix: 'if (' });
    expect(ended.read).toEqual([tokenizer.id('foo')]);
  });

  it('reads what was taken back as it was where the head cannot spell it', async () => {
    const head = Int32Array.of(tokenizer.id('bar'), tokenizer.endId);
    const logits = [Float32Array.of(9, 0), Float32Array.of(0, 9)];
    const read: number[][] = [];
    const source: LogitSource = { logits: async (ids) => (read.push([...ids]), logits.shift() ?? Float32Array.of(0, 9)) };
    const decoded = await decode(source, { ...optionsOf(new Script([]), { prefix: 'foo', pending: bytes('foo') }), headIds: head, first: Float32Array.of(0, 9) });
    expect(decoded.text).toBe('bar');
    expect(read).toEqual([[tokenizer.id('foo')], [tokenizer.id('bar')]]);
  });

  it('reports the mean probability of its tokens, and shows nothing under the floor', async () => {
    const sure = await run(new Script(['foo', '(', ')'], 30));
    expect(sure).toMatchObject({ tokens: 3, text: 'foo()' });
    expect(sure.confidence).toBeCloseTo(1, 6);
    const unsure = new Script(['foo', '(', ')'], 1);
    const decoded = await run(unsure, { confidenceFloor: 0.2 });
    expect(decoded.text).toBe('');
    expect(decoded.confidence).toBeCloseTo(Math.E / (Math.E + headIds.length - 1), 6);
    expect(await run(new Script([]), { confidenceFloor: 0.2 })).toMatchObject({ text: '', tokens: 0, confidence: 0 });
  });

  it('counts pending bytes neither as tokens nor in the confidence', async () => {
    const decoded = await run(new Script(['ab', '('], 30), { prefix: 'ab', pending: bytes('ab') });
    expect(decoded).toMatchObject({ text: '(', tokens: 1 });
  });

  /** Every step takes 100 ms. */
  const timed = (script: readonly string[], given: Partial<DecodeOptions>) => {
    let nowMs = 5000;
    const source = new Script(script, 20, () => (nowMs += 100));
    return run(source, { clock: { nowMs: () => nowMs, wallMs: () => 0 }, ...given });
  };
  it.each([
    ['a whole word', ['foo', '(', 'bar', '(', 'bar'], 300, 'foo(bar', 300],
    ['not half a word', ['foo', '(', 'bar', 'bar', '('], 300, 'foo(', 300],
    ['nothing whole', ['foo', 'foo', 'foo', 'foo', 'foo'], 300, '', 300],
    ['no bound', ['foo', '(', 'bar', ')'], 0, 'foo(bar)', 400],
  ] as const)('gives at the time bound %s', async (_, script, decodeMsMax, text, totalMs) => {
    expect(await timed(script, { decodeMsMax })).toMatchObject({ text, firstTokenMs: 0, totalMs });
  });

  it('counts time from the first token of text', async () => {
    const decoded = await timed(['ab', 'foo', '(', 'bar', '('], { prefix: 'ab', pending: bytes('ab'), decodeMsMax: 300 });
    expect(decoded).toMatchObject({ text: 'foo(bar', firstTokenMs: 100, totalMs: 400, tokenMs: 100 });
  });

  it("rejects with the signal's reason before the next step", async () => {
    const abort = new AbortController();
    const reason = new Error('a newer request');
    const source = new Script(Array<string>(50).fill('foo'), 20, (step) => step === 3 && abort.abort(reason));
    await expect(run(source, { signal: abort.signal })).rejects.toBe(reason);
    expect(source.read).toHaveLength(3);
    await expect(run(new Script(['foo']), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('refuses logits of another head', async () => {
    await expect(run(new Script([]), { first: new Float32Array(3) })).rejects.toThrow('3 logits for a head of');
  });
});
