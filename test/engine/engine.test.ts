// The engine's promises on a tiny random model: what is read once is not read again, typing runs only what is new, requests go first.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { Clock } from '../../base/clock.js';
import { RequestError } from '../../base/errors.js';
import { segmentsToRead, type PlannedSegment, type Segment } from '../../base/segment.js';
import { LocalEngine } from '../../engine/engine.js';
import { readCalibration, writeCalibration } from '../../engine/graph/calibrate.js';
import { readManifest } from '../../engine/graph/manifest.js';
import { Model } from '../../engine/model.js';
import type { AnchorSettings, CompleteRequest, ContextForm, PolicyName } from '../../engine/types.js';
import { planned, promptOf, segmentOf, tinyFloatModel, tinyModel } from '../harness/tiny-model.js';
import { testDir } from '../harness/folders.js';

const model = tinyModel({ architecture: 'qwen2', seed: 3 });
/** Of so many layers that one part of them is little. */
const deepModel = tinyModel({ architecture: 'qwen2', seed: 3, layers: 16, heads: 4, headDim: 8, feedForward: 32 });
const body = (name: string): string => Array.from({ length: 6 }, (_, i) => `export function ${name}${i}(value: number) {\n  return value == ${i};\n}\n`).join('');
const files = [segmentOf('dock.ts', body('dock')), segmentOf('crane.ts', body('crane')), segmentOf('yard.ts', body('yard'))];

class ManualClock implements Clock {
  ms = 0;
  /** Passes at every look. */
  step = 0;
  nowMs(): number {
    return (this.ms += this.step);
  }
  wallMs(): number {
    return this.ms;
  }
}

async function open(options: { storedShare?: number; storeBytesMax?: number; protectOwn?: boolean; storeDir?: string; clock?: Clock; convertedDir?: string } = {}): Promise<LocalEngine> {
  const { storedShare, storeBytesMax = 1e8, protectOwn, clock } = options;
  return LocalEngine.open({ convertedDir: options.convertedDir ?? (await model), storeDir: options.storeDir ?? testDir('store'), storeBytesMax, protectOwn, threads: 1, storedShare }, clock);
}

const plan = (segments: readonly PlannedSegment[] = files.map((file) => planned(file))) => ({ segments, tokens: segments.reduce((sum, { tokens }) => sum + tokens, 0) });
const anchors = (policy: PolicyName, settings: Partial<AnchorSettings> = {}): AnchorSettings => ({ policy, residentShare: 0.5, storedShare: 0.5, state: 'first', ...settings });
const composed = (settings: AnchorSettings = anchors('all-stored'), segments?: readonly PlannedSegment[]): ContextForm => ({ form: 'composed', plan: plan(segments), anchors: settings });
const request = (prefix: string, context: ContextForm = composed(), settings: Partial<CompleteRequest> = {}): CompleteRequest => ({
  client: 'test',
  document: 'main.ts',
  prompt: promptOf(prefix),
  context,
  stop: 'line',
  tokensMax: 6,
  decodeMsMax: 0,
  waitMsMax: 0,
  confidenceFloor: 0,
  ...settings,
});

const read = (engine: LocalEngine, segments = files) => engine.read({ client: 'test', priority: 'reading', segments: segments.map((segment) => [segment]) });

describe('reading', () => {
  it('encodes nothing twice, and only what changed', async () => {
    const storeDir = testDir('store');
    const engine = await open({ storeDir });
    const first = await read(engine);
    expect(first).toMatchObject({ segments: 3, segmentsEncoded: 3, segmentsReused: 0, segmentsLeftOut: 0 });
    expect(first.tokensEncoded).toBe(first.tokens);
    expect(Math.abs(first.rowsStored - first.tokens / 2)).toBeLessThanOrEqual(files.length);
    expect(await read(engine)).toMatchObject({ segmentsEncoded: 0, segmentsReused: 3, tokensEncoded: 0 });
    await engine.close();
    const again = await open({ storeDir });
    const edited = [files[0], segmentOf('crane.ts', `${body('crane')}// edited\n`), files[2]];
    expect(await read(again, edited)).toMatchObject({ segmentsEncoded: 1, segmentsReused: 2 });
    expect(await read(again)).toMatchObject({ segmentsEncoded: 0, segmentsReused: 3 });
    await again.close();
  });

  it('keeps entries of another stored share apart', async () => {
    const storeDir = testDir('store');
    const half = await open({ storeDir });
    await read(half);
    await half.close();
    const whole = await open({ storeDir, storedShare: 1 });
    const report = await read(whole);
    expect(report).toMatchObject({ segmentsEncoded: 3, rowsStored: report.tokens });
    await whole.close();
  });

  it('finds nothing that was stored under another calibration, as another processor makes it', async () => {
    const storeDir = testDir('store');
    const first = await open({ storeDir });
    await read(first);
    await first.close();
    const other = join(testDir('calibrated'), 'converted');
    cpSync(await model, other, { recursive: true });
    const { shape } = readManifest(other)!;
    const calibration = readCalibration(other, shape);
    calibration.storedChannelScales[0][0] *= 2;
    writeCalibration(other, calibration);
    const second = await open({ storeDir, convertedDir: other });
    expect(await read(second)).toMatchObject({ segmentsEncoded: 3, segmentsReused: 0 });
    await second.close();
  });

  it('stops where the store is full, keeps what was read, and completes all the same', async () => {
    const engine = await open({ storeBytesMax: 50_000 });
    const report = await read(engine);
    expect(report.segmentsLeftOut).toBeGreaterThan(0);
    expect(report.segmentsEncoded).toBeGreaterThan(0);
    const { complete, context } = await engine.complete(request('const a = '));
    expect(complete).toBe(true);
    expect(context.length).toBe(report.segmentsEncoded);
    await engine.close();
  });

  it('keeps, where the store holds less than a plan, what of the plan it has, and does not read on for ever', async () => {
    const engine = await open({ storeBytesMax: 50_000, protectOwn: false });
    const context = { ...composed(), storedOnly: true } as ContextForm;
    await engine.settle(request('const a = ', context));
    const { entries } = (await engine.info()).store;
    const served = (await engine.complete(request('const a = ', context))).context.map(({ path }) => path);
    expect(served.length).toBeGreaterThan(0);
    expect(served.length).toBeLessThan(files.length);
    await engine.settle(request('const b = ', context));
    expect((await engine.complete(request('const b = ', context))).context.map(({ path }) => path)).toEqual(served);
    expect((await engine.info()).store).toMatchObject({ entries });
    await engine.close();
  });

  it('reads nothing for which the store has no room', async () => {
    const engine = await open({ storeBytesMax: 50_000, protectOwn: false });
    const context = composed();
    await engine.settle(request('const a = ', context));
    const run = vi.spyOn(Model.prototype, 'forward');
    expect((await read(engine)).segmentsLeftOut).toBeGreaterThan(0);
    expect(run).not.toHaveBeenCalled();
    await engine.settle(request('const a = ', context));
    expect(run.mock.calls.every(([{ tokens }]) => tokens.length < 10)).toBe(true);
    run.mockRestore();
    await engine.close();
  });

  it('evicts nothing that a document draws on, or that was read before it, when it reads ahead', async () => {
    const engine = await open({ storeBytesMax: 60_000, protectOwn: false });
    const [drawnOn, opened, imported] = files;
    const readPlan = (segment: Segment, priority: 'reading' | 'background') => engine.read({ client: 'test', priority, segments: [[segment]], ofPlan: true });
    await engine.settle(request('const a = ', composed(anchors('all-stored'), [planned(drawnOn)])));
    expect(await readPlan(opened, 'reading')).toMatchObject({ segmentsEncoded: 1 });
    expect(await readPlan(imported, 'background')).toMatchObject({ segmentsLeftOut: 1 });
    expect(await read(engine, [drawnOn, opened])).toMatchObject({ segmentsReused: 2 });
    // What the document at hand needs goes before what another one has.
    expect(await readPlan(imported, 'reading')).toMatchObject({ segmentsEncoded: 1 });
    await engine.close();
  });

  it('rejects with the reason when aborted', async () => {
    const engine = await open();
    const abort = new AbortController();
    abort.abort(new Error('no longer wanted'));
    await expect(engine.read({ client: 'test', priority: 'reading', segments: files.map((file) => [file]) }, abort.signal)).rejects.toThrow('no longer wanted');
    await engine.close();
  });
});

describe('completing', () => {
  it('runs only new text while somebody types', async () => {
    const engine = await open();
    const first = await engine.complete(request('const a = dock1(10);\nconst b = cra'));
    const second = await engine.complete(request('const a = dock1(10);\nconst b = crane'));
    const repeated = await engine.complete(request('const a = dock1(10);\nconst b = crane'));
    expect(first.tokensPrefilled).toBeGreaterThan(second.tokensPrefilled);
    expect(second.tokensPrefilled).toBeLessThan(10);
    expect(repeated.text).toBe(second.text);
    await engine.forget('test', 'main.ts');
    const fresh = await engine.complete(request('const a = dock1(10);\nconst b = crane'));
    expect(fresh.text).toBe(second.text);
    await engine.close();
  });

  it('fits the text to what follows, also where the model does not read it', async () => {
    const engine = await open();
    expect((await engine.complete(request('lift('))).text).toBe(')');
    const again = await engine.complete(request('lift(', composed(), { prompt: { ...promptOf('lift('), following: ')\n' } }));
    expect([again.text, again.tokensPrefilled <= 4]).toEqual(['', true]);
    await engine.close();
  });

  it('says which segments served and what they cost', async () => {
    const engine = await open();
    const { context, kv } = await engine.complete(request('const a = '));
    expect(context.map(({ path }) => path)).toEqual(['dock.ts', 'crane.ts', 'yard.ts']);
    expect(kv.contextTokens).toBe(context.reduce((sum, { tokens }) => sum + tokens, 0));
    expect(kv.rowsAttended).toBe(kv.rowsStored);
    expect(kv.rowsResident).toBeGreaterThanOrEqual(kv.rowsAttended);
    expect(kv.rowReduction).toBeCloseTo(1 - kv.rowsResident / kv.contextTokens);
    expect(kv.bytesStored).toBeLessThan(kv.denseBytesFp16);
    await engine.close();
  });

  const policies: readonly { policy: PolicyName; state: AnchorSettings['state']; rows: number }[] = [
    { policy: 'every-row', state: 'first', rows: 1 },
    { policy: 'all-stored', state: 'first', rows: 0.5 },
    { policy: 'stored-order', state: 'first', rows: 0.2 },
    { policy: 'two-stage', state: 'first', rows: 0.2 },
    { policy: 'two-stage', state: 'warm', rows: 0.2 },
    { policy: 'every-kth', state: 'first', rows: 0.2 },
    { policy: 'newlines', state: 'first', rows: 0.2 },
    { policy: 'signatures', state: 'first', rows: 0.2 },
    { policy: 'key-difference', state: 'first', rows: 0.2 },
    { policy: 'repetition', state: 'first', rows: 0.2 },
    { policy: 'outline-text', state: 'first', rows: 0.2 },
  ];
  it.each(policies)('$policy, $state, holds at most $rows of the rows and changes what is said', async ({ policy, state, rows }) => {
    const engine = await open({ storedShare: 1, convertedDir: await deepModel });
    const target = 'crane3(value);';
    const likelihood = async (context: ContextForm) => engine.likelihood({ client: 'test', document: policy, prompt: promptOf('const a = '), context, target });
    const none = await likelihood({ form: 'none' });
    const { bits, kv } = await likelihood(composed(anchors(policy, { state, residentShare: rows, storedShare: policy === 'two-stage' || policy === 'all-stored' || policy === 'stored-order' ? 0.5 : 1 })));
    expect(kv.rowsAttended).toBeGreaterThan(0);
    expect(kv.rowsResident).toBeLessThanOrEqual(Math.ceil(kv.contextTokens * rows) + 3);
    expect(bits).toBeGreaterThan(0);
    expect(bits).not.toBe(none.bits);
    await engine.close();
  });

  it('chooses everything when the budget holds everything', async () => {
    const engine = await open();
    const bits = async (settings: AnchorSettings, document: string) => (await engine.likelihood({ client: 'test', document, prompt: promptOf('const a = '), context: composed(settings), target: 'crane3(value);' })).bits;
    expect(await bits(anchors('two-stage', { state: 'warm', residentShare: 10 }), 'a')).toBeCloseTo(await bits(anchors('all-stored'), 'b'), 2);
    await engine.close();
  });

  it('tells the likelihood of a long target, over never more logits at once than a chunk has', async () => {
    const engine = await open({ convertedDir: await tinyFloatModel({ architecture: 'qwen2', seed: 5, fillInTheMiddle: false }) });
    const bits = async (prefix: string, target: string) => (await engine.likelihood({ client: 'test', document: 'main.ts', prompt: promptOf(prefix), context: { form: 'none' }, target })).bits;
    const [first, then] = ['lift(dock, 10);\n'.repeat(30), 'crane(value);\n'.repeat(30)];
    const run = vi.spyOn(Model.prototype, 'forward');
    const whole = await bits('const a = 1;\n', first + then);
    expect(Math.max(...run.mock.calls.map(([{ logits }]) => logits?.length ?? 0))).toBe(256);
    run.mockRestore();
    const parts = (await bits('const a = 1;\n', first)) + (await bits(`const a = 1;\n${first}`, then));
    expect(whole / parts).toBeCloseTo(1, 5);
    await engine.close();
  });

  it('answers empty when its time is over, reads on, and the next request profits', async () => {
    const clock = new ManualClock();
    const engine = await open({ clock });
    clock.step = 60;
    const long = `${body('local')}const a = `;
    const first = await engine.complete(request(long, composed(), { waitMsMax: 100 }));
    expect(first).toMatchObject({ text: '', complete: false });
    clock.step = 0;
    await engine.settle({ client: 'test', document: 'main.ts', prompt: promptOf(long), context: composed() });
    const second = await engine.complete(request(long, composed(), { waitMsMax: 100 }));
    expect(second.complete).toBe(true);
    expect(second.tokensPrefilled).toBeLessThan(20);
    await engine.close();
  });

  it('waits for what is being read already, so that asking at once again does not read it twice', async () => {
    const clock = new ManualClock();
    const engine = await open({ clock });
    const ask = () => engine.complete(request(`${body('local')}const a = `, composed(), { waitMsMax: 5000 }));
    clock.step = 2000;
    expect((await ask()).complete).toBe(false);
    clock.step = 0;
    const second = await ask();
    expect(second.complete).toBe(true);
    expect(second.tokensPrefilled).toBeLessThan(20);
    await engine.close();
  });

  it('reads for the place asked about now, not for the one that was left', async () => {
    const clock = new ManualClock();
    const engine = await open({ clock });
    clock.step = 2000;
    expect((await engine.complete(request(`${body('left')}const a = `, composed(), { waitMsMax: 5000 }))).complete).toBe(false);
    clock.step = 0;
    const here = await engine.complete(request(`${body('here')}const a = `, composed(), { waitMsMax: 5000 }));
    expect(here.complete).toBe(true);
    expect(here.tokensPrefilled).toBeGreaterThan(100);
    await engine.close();
  });

  it('completes over what it has while rows are chosen for another plan, and over those afterwards', async () => {
    const engine = await open();
    await read(engine);
    const long = `${body('local')}const a = `;
    const chosen = composed(anchors('two-stage', { residentShare: 0.4 }), files.slice(1).map((file) => planned(file)));
    const typed = async (context: ContextForm) => {
      const { complete, tokensPrefilled, context: drawnOn } = await engine.complete(request(long, context));
      return { complete, isTyping: tokensPrefilled < 20, segments: drawnOn.length };
    };
    expect(await typed(composed())).toEqual({ complete: true, isTyping: false, segments: 3 });
    const settling = engine.settle({ client: 'test', document: 'main.ts', prompt: promptOf(long), context: chosen });
    expect(await typed(composed())).toEqual({ complete: true, isTyping: true, segments: 3 });
    await settling;
    expect(await typed(chosen)).toEqual({ complete: true, isTyping: true, segments: 2 });
    await engine.settle({ client: 'test', document: 'main.ts', prompt: promptOf(long), context: chosen });
    expect(await typed(chosen)).toEqual({ complete: true, isTyping: true, segments: 2 });
    await engine.close();
  });

  it('chooses rows for the cursor without reading the window again', async () => {
    const engine = await open();
    await read(engine);
    const long = `${body('local')}const a = `;
    const inState = (state: 'first' | 'warm') => composed(anchors('two-stage', { residentShare: 0.4, state }));
    const opened = await engine.complete(request(long, inState('first')));
    const chosen = await engine.complete(request(long, inState('warm')));
    expect(opened.tokensPrefilled).toBeGreaterThan(100);
    expect(chosen.tokensPrefilled).toBeLessThan(opened.tokensPrefilled / 2);
    expect(chosen.kv.rowsAttended).toBe(opened.kv.rowsAttended);
    expect((await engine.complete(request(long, inState('warm')))).tokensPrefilled).toBeLessThan(20);
    await engine.close();
  });

  it('gives up choosing when told to, and keeps what it has', async () => {
    const engine = await open();
    await read(engine);
    const long = `${body('local')}const a = `;
    await engine.complete(request(long));
    const abort = new AbortController();
    const settling = engine.settle({ client: 'test', document: 'main.ts', prompt: promptOf(long), context: composed(anchors('two-stage', { residentShare: 0.4 })) }, abort.signal);
    abort.abort(new Error('moved on'));
    await expect(settling).rejects.toThrow('moved on');
    expect((await engine.complete(request(long))).tokensPrefilled).toBeLessThan(20);
    await engine.close();
  });

  it('completes over what is stored by now, and over all of the plan once it was read', async () => {
    const engine = await open();
    const wanted = composed();
    const now = { ...wanted, storedOnly: true };
    const long = `${body('local')}const a = `;
    const segments = wanted.form === 'composed' ? wanted.plan.segments.map(({ segment }) => segment) : [];
    const drawnOn = async () => {
      const { complete, context, tokensPrefilled } = await engine.complete(request(long, now));
      return { complete, segments: context.length, isTyping: tokensPrefilled < 20 };
    };
    expect(await drawnOn()).toEqual({ complete: true, segments: 0, isTyping: false });
    await read(engine, segments.slice(0, 1));
    expect(await drawnOn()).toEqual({ complete: true, segments: 0, isTyping: true });
    await engine.settle({ client: 'test', document: 'main.ts', prompt: promptOf(long), context: now });
    expect(await drawnOn()).toEqual({ complete: true, segments: segments.length, isTyping: true });
    await engine.close();
  });

  it('stops at an abort and completes the next request', async () => {
    const engine = await open();
    const abort = new AbortController();
    const running = engine.complete(request('const a = '), abort.signal);
    abort.abort(new Error('typed on'));
    await expect(running).rejects.toThrow('typed on');
    expect((await engine.complete(request('const a = '))).complete).toBe(true);
    await engine.close();
  });

  it('goes before reading that waits', async () => {
    const engine = await open();
    const order: string[] = [];
    const many = Array.from({ length: 12 }, (_, i) => segmentOf(`part${i}.ts`, body(`part${i}x`)));
    const reading = read(engine, many).then(() => order.push('reading'));
    const completing = engine.complete(request('const a = ', { form: 'none' })).then(() => order.push('completion'));
    await Promise.all([reading, completing]);
    expect(order).toEqual(['completion', 'reading']);
    await engine.close();
  });
});

describe('other models', () => {
  it('leaves out the least relevant segments where the model has few positions', async () => {
    const many = Array.from({ length: 24 }, (_, i) => planned(segmentOf(`part${i}.ts`, body(`part${i}x`))));
    const engine = await open({ convertedDir: await tinyModel({ architecture: 'qwen2', seed: 5, contextLength: 4096 }) });
    const { context, kv, complete } = await engine.complete(request('const a = dock', composed(anchors('all-stored'), many)));
    expect(complete).toBe(true);
    expect(context.at(-1)?.path).toBe('part23.ts');
    expect(context.length).toBeLessThan(many.length);
    expect(kv.contextTokens).toBeLessThanOrEqual(2048);
    await engine.close();
  });

  it('leaves out more where the window is long, also once it has grown, so that no token stands beyond the positions that the model has', async () => {
    const positionsMax = 4096;
    const many = Array.from({ length: 16 }, (_, i) => planned(segmentOf(`part${i}.ts`, body(`part${i}x`))));
    const engine = await open({ convertedDir: await tinyModel({ architecture: 'qwen2', seed: 5, contextLength: positionsMax }) });
    const run = vi.spyOn(Model.prototype, 'forward');
    const drawnOn: number[] = [];
    for (const lines of [1, 200, 201, 270]) {
      run.mockClear();
      const { context, complete } = await engine.complete(request(`${'lift(dock, 10);\n'.repeat(lines)}const a = dock`, composed(anchors('all-stored'), many), { tokensMax: 16 }));
      const furthest = Math.max(...run.mock.calls.map(([{ positions }]) => positions.at(-1)!));
      expect([complete, furthest < positionsMax]).toEqual([true, true]);
      drawnOn.push(context.length);
    }
    run.mockRestore();
    expect([drawnOn[0] > drawnOn[1], drawnOn[1] > drawnOn[3], drawnOn[1] === drawnOn[2], drawnOn[1] > 0]).toEqual([true, true, true, true]);
    await expect(engine.complete(request('lift(dock, 10);\n'.repeat(600)))).rejects.toThrow(RequestError);
    await engine.close();
  });

  it('takes back what it left out once the window is short again: at once for whom waits for it, else at the next rest', async () => {
    const many = Array.from({ length: 16 }, (_, i) => planned(segmentOf(`part${i}.ts`, body(`part${i}x`))));
    const engine = await open({ convertedDir: await tinyModel({ architecture: 'qwen2', seed: 5, contextLength: 4096 }) });
    const [short, long] = [1, 270].map((lines) => `${'lift(dock, 10);\n'.repeat(lines)}const a = dock`);
    const wanted = composed(anchors('two-stage'), many);
    const stored = { ...wanted, storedOnly: true } as ContextForm;
    const drawnOn = async (prefix: string, context: ContextForm) => (await engine.complete(request(prefix, context))).context.length;
    const whole = await drawnOn(short, wanted);
    const cut = await drawnOn(long, wanted);
    expect(cut).toBeLessThan(whole);
    expect(await drawnOn(short, stored)).toBe(cut);
    await engine.settle(request(short, stored));
    expect(await drawnOn(short, stored)).toBe(whole);
    expect([await drawnOn(long, stored), await drawnOn(short, wanted)]).toEqual([cut, whole]);
    await engine.close();
  });

  it('reads nothing for which the model has no positions', async () => {
    const many = Array.from({ length: 16 }, (_, i) => planned(segmentOf(`part${i}.ts`, body(`part${i}x`))));
    const engine = await open({ convertedDir: await tinyModel({ architecture: 'qwen2', seed: 5, contextLength: 4096 }) });
    const entries = async () => (await engine.info()).store.entries;
    const long = request(`${'lift(dock, 10);\n'.repeat(270)}const a = dock`, composed(anchors('all-stored'), many));
    await engine.settle(long);
    expect(await entries()).toBe((await engine.complete(long)).context.length);
    const report = await engine.read({ client: 'test', priority: 'reading', segments: segmentsToRead({ segments: many }), ofPlan: true });
    const short = await engine.complete(request('const a = dock', composed(anchors('all-stored'), many)));
    expect([report.segments, report.segmentsLeftOut, await entries()]).toEqual([short.context.length, 0, short.context.length]);
    await engine.close();
  });

  it('completes from the prefix alone where the model cannot fill the middle', async () => {
    const convertedDir = await tinyModel({ architecture: 'qwen2', seed: 5, fillInTheMiddle: false });
    const engine = await open({ convertedDir });
    expect((await engine.info()).fillInTheMiddle).toBe(false);
    const results = [await engine.complete(request('const a = dock')), await engine.complete(request('const a = dock', composed(anchors('two-stage', { state: 'warm', residentShare: 0.2 }))))];
    expect(results.every(({ complete }) => complete)).toBe(true);
    await engine.close();
  });

  it('reads llama models, whose rotation is stored otherwise', async () => {
    const engine = await open({ convertedDir: await tinyModel({ architecture: 'llama', seed: 5 }) });
    expect(await engine.info()).toMatchObject({ architecture: 'llama', fillInTheMiddle: true });
    expect((await engine.complete(request('const a = dock'))).complete).toBe(true);
    await engine.close();
  });
});
