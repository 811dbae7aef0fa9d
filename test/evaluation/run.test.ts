// Running recipes over tasks: resumed by task, refused by name, forms as asked for, and no way for a target to reach the model.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromWire, RequestError, toWire, UserError } from '../../base/errors.js';
import { CONTEXTS, type Recipe } from '../../evaluation/measure.js';
import { preparing } from '../../evaluation/preparing.js';
import { ResultStore } from '../../evaluation/results.js';
import { evaluate, type EvaluateOptions } from '../../evaluation/run.js';
import type { Task } from '../../evaluation/tasks.js';
import { FakeEngine } from './fake-engine.js';
import { folderWith } from './folders.js';

const canary = 'canaryUnread(plumage)';
const user = 'export interface User { name: string }\nexport function parseUser(body: string): User {\n  return JSON.parse(body);\n}\n';
const order = `import { parseUser } from './user';\n\nexport function place(body: string) {\n  const bird = ${canary};\n  return bird;\n}\n\nexport function later(body: string) {\n  return parseUser(body);\n}\n`;
const files = { 'shop/package.json': '{}', 'shop/user.ts': user, 'shop/order.ts': order, 'birds/main.py': 'from birds import nest\n\n\ndef sing(song):\n    return nest(song)\n', 'birds/birds.py': 'def nest(x):\n    return x\n' };
const canaryTask: Task = { id: 'shop/order.ts:canary', kind: 'line', lang: 'ts', file: 'shop/order.ts', offset: order.indexOf(canary), target: `${canary};` };
const crossfile: Task = { id: 'shop/order.ts:cross', kind: 'crossfile', lang: 'ts', file: 'shop/order.ts', offset: order.indexOf('parseUser(body);'), target: 'parseUser(body);', name: 'parseUser', declaredIn: 'shop/user.ts', declaration: 'export function parseUser(body: string): User {' };
const python: Task = { id: 'birds/main.py:1', kind: 'line', lang: 'py', file: 'birds/main.py', offset: files['birds/main.py'].indexOf('return nest'), target: 'return nest(song)' };

const recipe = (context: Recipe['context'], more: Partial<Recipe> = {}): Recipe => ({
  context, policy: context === 'dense' ? 'every-row' : context === 'anchors' ? 'two-stage' : null, state: 'warm', model: 'tiny',
  rows: context === 'dense' ? 1 : context === 'anchors' ? 0.2 : null, stored: context === 'dense' ? 1 : context === 'anchors' ? 0.5 : null,
  sources: ['own-file', 'imports'], tokens: 400, prefix: 64, suffix: 32, drafts: 'off', ngrams: 'off', ...more,
});
const allContexts = CONTEXTS.map((context) => recipe(context));

function setUp(more: Partial<EvaluateOptions> = {}) {
  const root = folderWith(files);
  const engine = new FakeEngine();
  const refused: string[] = [];
  const options: EvaluateOptions = {
    tasks: [canaryTask, crossfile, python], root, recipes: allContexts, bitsOnly: false, commit: 'c1', modelSha256: 'sha', machine: 'm', engine, prepare: preparing((texts) => engine.countTokens(texts), 256),
    results: ResultStore.open(join(root, 'results')), onProgress: () => {}, onRefused: (line) => refused.push(line), ...more,
  };
  return { root, engine, refused, options };
}

describe('no leak', () => {
  it.each([[allContexts], [[recipe('anchors', { policy: 'outline-text' })]]])('a canary target is never read back', async (recipes) => {
    const { engine, options } = setUp({ recipes, tasks: [canaryTask, crossfile] });
    await evaluate(options);
    const ofCanary = engine.likelihoods.filter(({ target }) => target === canaryTask.target);
    expect(ofCanary).toHaveLength(recipes.length);
    // The other task of the same file may read the line: only what was asked for the canary counts.
    const alone = setUp({ recipes, tasks: [canaryTask] });
    await evaluate(alone.options);
    expect(alone.engine.seen()).not.toContain('canaryUnread');
    expect(alone.engine.seen()).not.toContain('plumage');
    expect(alone.engine.seen()).toContain('const bird = ');
  });

  it('the prompt is what stands around the target', async () => {
    const { engine, options } = setUp({ recipes: [recipe('none')], tasks: [canaryTask] });
    await evaluate(options);
    const [{ prompt }] = engine.likelihoods;
    expect(prompt.prefix.endsWith('  const bird = ')).toBe(true);
    expect(prompt.suffix.startsWith('\n  return bird;')).toBe(true);
  });
});

describe('contexts', () => {
  it('have the forms that they promise, over one plan', async () => {
    const { engine, options } = setUp({ tasks: [crossfile], bitsOnly: true });
    await evaluate(options);
    const byContext = Object.fromEntries(engine.likelihoods.map(({ context }, index) => [CONTEXTS[index], context]));
    expect(byContext.none).toEqual({ form: 'none' });
    expect(byContext.bm25).toMatchObject({ form: 'text', text: expect.stringContaining('// export function parseUser') as string });
    expect(byContext.joint).toMatchObject({ form: 'joint' });
    const [dense, anchors] = [byContext.dense, byContext.anchors];
    if (byContext.joint.form !== 'joint' || dense.form !== 'composed' || anchors.form !== 'composed') throw new Error('forms');
    expect(byContext.joint.files.map(({ text }) => text)).toEqual(dense.plan.segments.map(({ segment }) => segment.text));
    expect(anchors.plan).toEqual(dense.plan);
    expect(dense.anchors).toEqual({ policy: 'every-row', residentShare: 1, storedShare: 1, state: 'warm' });
    expect(anchors.anchors).toEqual({ policy: 'two-stage', residentShare: 0.2, storedShare: 0.5, state: 'warm' });
    expect(engine.reads.every(({ storedShare }) => storedShare === 1)).toBe(true);
    expect(engine.completions).toEqual([]);
  });

  it('complete without floor and bounds, to the line\'s end', async () => {
    const { engine, options } = setUp({ tasks: [crossfile], recipes: [recipe('anchors')] });
    await evaluate(options);
    expect(engine.completions[0]).toMatchObject({ stop: 'line', tokensMax: 64, confidenceFloor: 0, decodeMsMax: 0, waitMsMax: 0 });
  });

  it('end where the store has no room for the context', async () => {
    const { engine, options } = setUp({ tasks: [crossfile], recipes: [recipe('anchors')] });
    engine.segmentsLeftOut = 1;
    await expect(evaluate(options)).rejects.toThrow('/store has no room');
    expect(engine.likelihoods).toEqual([]);
  });

  it.each([['warm' as const, 2], ['first' as const, 3]])('%s: the document is forgotten %i times', async (state, times) => {
    const { engine, options } = setUp({ tasks: [crossfile], recipes: [recipe('none', { state })] });
    await evaluate(options);
    expect(engine.forgotten).toHaveLength(times);
  });
});

describe('resuming', () => {
  it('measures nothing twice, and adds completions to bits', async () => {
    const first = setUp({ bitsOnly: true });
    const bits = await evaluate(first.options);
    expect(first.engine.likelihoods).toHaveLength(15);
    const again = async (more: Partial<EvaluateOptions>) => {
      const engine = new FakeEngine();
      const runs = await evaluate({ ...first.options, engine, prepare: preparing((texts) => engine.countTokens(texts), 256), results: ResultStore.open(join(first.root, 'results')), ...more });
      return { engine, runs };
    };
    const second = await again({});
    expect(second.engine.likelihoods).toEqual([]);
    expect(second.runs.map(({ outcomes }) => outcomes.map(({ result }) => result.bits))).toEqual(bits.map(({ outcomes }) => outcomes.map(({ result }) => result.bits)));
    expect((await again({ bitsOnly: false })).engine.completions).toHaveLength(15);
    expect((await again({ bitsOnly: false })).engine.completions).toHaveLength(0);
  });

  // Text read in one run is kept as long as text and model are the same.
  it.each([
    ['another commit', { commit: 'c2' }, 3, false],
    ['another output head', {}, 4, true],
  ])('after %s', async (_, more, headTokens, readsAgain) => {
    const { root, options } = setUp({ bitsOnly: true });
    await evaluate(options);
    const engine = new FakeEngine();
    engine.headTokens = headTokens;
    await evaluate({ ...options, ...more, engine, prepare: preparing((texts) => engine.countTokens(texts), 256), results: ResultStore.open(join(root, 'results')) });
    const read = engine.likelihoods.map(({ context }) => context.form);
    expect(read.some((form) => form !== 'composed')).toBe(readsAgain);
    expect(read.some((form) => form === 'composed')).toBe(!readsAgain);
  });

  it.each<[string, Partial<EvaluateOptions>, Readonly<Record<string, string>>, string[]]>([
    ['nothing changed', {}, {}, []],
    ['an imported file says something else', {}, { 'shop/user.ts': user.replace('name: string', 'name: string; age: number') }, ['bm25', 'joint', 'dense', 'anchors']],
    ['the model of that name has other bytes', { modelSha256: 'other' }, {}, [...CONTEXTS]],
  ])('where %s', async (_name, more, rewritten, measured) => {
    const { root, options } = setUp({ bitsOnly: true, tasks: [crossfile] });
    await evaluate(options);
    for (const [path, text] of Object.entries(rewritten)) writeFileSync(join(root, path), text);
    const again = CONTEXTS.map(async (context) => {
      const engine = new FakeEngine();
      await evaluate({ ...options, ...more, recipes: [recipe(context)], engine, prepare: preparing((texts) => engine.countTokens(texts), 256), results: ResultStore.open(join(root, 'results')) });
      return engine.likelihoods.length > 0 ? [context] : [];
    });
    expect((await Promise.all(again)).flat()).toEqual(measured);
  });

  it('keeps what was finished when it is interrupted', async () => {
    const { root, options } = setUp({ bitsOnly: true });
    const controller = new AbortController();
    let calls = 0;
    const stopping = new FakeEngine();
    stopping.bitsOf = () => {
      if (++calls === 7) controller.abort(new UserError('interrupted'));
      return 1;
    };
    await expect(evaluate({ ...options, engine: stopping, signal: controller.signal })).rejects.toThrow('interrupted');
    const engine = new FakeEngine();
    await evaluate({ ...options, engine, results: ResultStore.open(join(root, 'results')) });
    expect(calls + engine.likelihoods.length).toBe(15);
  });
});

describe('tasks', () => {
  it('that do not hold are refused by name, and the others run', async () => {
    const { engine, refused, options } = setUp({ recipes: [recipe('none')], tasks: [{ ...canaryTask, id: 'stale', offset: 3 }, crossfile] });
    const [run] = await evaluate(options);
    expect(refused).toEqual([expect.stringMatching(/^task stale refused: the target does not stand/)]);
    expect(run.outcomes.map(({ task }) => task.id)).toEqual([crossfile.id]);
    expect(engine.likelihoods).toHaveLength(1);
  });

  it('that the model cannot read under a context are refused there by name and reason, and everything else runs', async () => {
    const { engine, refused, options } = setUp({ recipes: [recipe('none'), recipe('joint')], tasks: [crossfile, python], bitsOnly: true });
    engine.bitsOf = ({ prompt, context }) => {
      if (context.form === 'joint' && prompt.path.endsWith('order.ts')) throw fromWire(toWire(new RequestError('longer than its 2048 positions')));
      return 1;
    };
    const runs = await evaluate(options);
    expect(refused).toEqual([`task ${crossfile.id} refused for joint: longer than its 2048 positions`]);
    expect(runs.map(({ outcomes }) => outcomes.map(({ task }) => task.id))).toEqual([[crossfile.id, python.id], [python.id]]);
  });

  it('know whether their declaration is in the plan and their line is copied', async () => {
    const { options } = setUp({ recipes: [recipe('dense'), recipe('dense', { tokens: 1 })], tasks: [crossfile, { ...python, target: 'return nest(song)' }], bitsOnly: true });
    const [wide, narrow] = await evaluate(options);
    expect(wide.outcomes.map(({ result }) => result.inPlan)).toEqual([true, undefined]);
    expect(narrow.outcomes.map(({ result }) => result.inPlan)).toEqual([false, undefined]);
    expect(wide.outcomes.map(({ copied }) => copied)).toEqual([false, false]);
  });
});
