// The bench that ranks ways of choosing rows: the best of the grid goes on to the other stages, nothing is measured twice, and the page shows each run.
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { anchorsPlots, anchorsReport } from '../../bench/anchors-report.js';
import { benchAnchors, stages, type AnchorsOptions, type Stage } from '../../bench/anchors.js';
import { ResultStore } from '../../evaluation/index.js';
import { FakeEngine, noKv } from '../evaluation/fake-engine.js';
import { folderWith } from '../evaluation/folders.js';

const files = {
  'shop/package.json': '{}',
  'shop/user.ts': 'export function parseUser(body: string) {\n  return JSON.parse(body);\n}\n',
  'shop/order.ts': "import { parseUser } from './user';\n\nexport const order = (body: string) => parseUser(body);\n",
  'birds/birds.py': 'def nest(x):\n    return x\n',
  'birds/main.py': 'from birds import nest\n\n\ndef sing(song):\n    return nest(song)\n',
};
const task = (file: 'shop/order.ts' | 'birds/main.py', target: string, name: string, declaredIn: string, declaration: string): string =>
  JSON.stringify({ id: `${file}:1`, kind: 'crossfile', lang: file.endsWith('ts') ? 'ts' : 'py', file, offset: files[file].lastIndexOf(target), target, name, declaredIn, declaration });

function setUp(wanted: readonly Stage[] = stages): { engine: FakeEngine; options: AnchorsOptions } {
  const root = folderWith(files);
  const tasksPath = join(root, 'tasks.jsonl');
  writeFileSync(tasksPath, [
    task('shop/order.ts', 'parseUser(body);', 'parseUser', 'shop/user.ts', 'export function parseUser(body: string) {'),
    task('birds/main.py', 'nest(song)', 'nest', 'birds/birds.py', 'def nest(x):'),
  ].join('\n'));
  const engine = new FakeEngine();
  // The less is resident the more bits; the stored order is better than what queries choose, so that the ranking is not the list's order.
  engine.bitsOf = ({ context }) => {
    if (context.form === 'none') return 40;
    if (context.form !== 'composed') return 10;
    const { policy, residentShare } = context.anchors;
    return policy === 'stored-order' ? 12 - residentShare : 20 - residentShare;
  };
  engine.kvOf = ({ context }) => (context.form === 'composed' ? { ...noKv, contextTokens: 100, rowsResident: 100 * context.anchors.residentShare, rowReduction: 1 - context.anchors.residentShare, denseBytesFp16: 1000, byteReduction: 1 - context.anchors.residentShare / 2 } : noKv);
  return { engine, options: { tasksPath, root, othersPath: tasksPath, limit: 2, limitOthers: 2, limitLong: 2, contextTokensMax: 400, model: { name: 'fake', sha256: 'sha' }, stages: wanted, results: ResultStore.open(join(root, 'results')), onTask: () => {} } };
}

it('takes the best of the grid to the other stages, and measures nothing twice', async () => {
  const { engine, options } = setUp();
  const [grid, floors, decoding, repetition, long] = await benchAnchors(engine, options);
  expect([grid.stage, floors.stage, decoding.stage, repetition.stage, long.stage]).toEqual(stages);
  expect(long.runs.map(({ tokens, tasks }) => [tokens, tasks])).toEqual(Array.from({ length: 6 }, () => [1200, 2]));
  expect(decoding.runs.map(({ context, policy, rows }) => [context, policy, rows])).toEqual([
    ['none', null, null], ['bm25', null, null], ['joint', null, null], ['dense', 'every-row', 1],
    ['anchors', 'stored-order', 0.2], ['anchors', 'stored-order', 0.1], ['anchors', 'stored-order', 0.05],
  ]);
  expect(floors.runs.map(({ policy }) => policy)).toContain('key-difference');
  expect(repetition.runs.map(({ policy }) => policy)).toContain('repetition');
  expect(decoding.runs.map(({ tokens }) => tokens)).toEqual([400, 3000, 400, 400, 400, 400, 400]);
  expect(decoding.runs[0].overall.exactMatch.count).toBe(2);
  const asked = engine.likelihoods.length;
  await benchAnchors(engine, options);
  expect(engine.likelihoods.length).toBe(asked);
});

it('shows every run on a page that needs nothing else', async () => {
  const { engine, options } = setUp(['grid', 'decoding']);
  const figures = await benchAnchors(engine, options);
  const page = anchorsReport('ways & means', figures);
  expect(page).toContain('<h1>ways &#38; means</h1>');
  expect(page).not.toMatch(/NaN|undefined|https?:\/\/|<script/);
  expect(page.match(/<svg/g)).toHaveLength(2 + 3);
  expect(anchorsPlots(figures).map(({ name }) => name)).toEqual(['grid-rows', 'grid-bytes', 'decoding-rows', 'decoding-bytes', 'decoding-time']);
  expect(page.match(/<tr>/g)).toHaveLength(figures.reduce((sum, { runs }) => sum + runs.length + 1, 0));
});
