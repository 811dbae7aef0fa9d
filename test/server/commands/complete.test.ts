// `kedge complete` with the tiny model: the fields that scripts rely on, and given files as context. Refuses to judge the text: the model is random.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { offsetIn, parsePlace } from '../../../server/commands/place.js';
import { temporaryFolder } from '../../harness/folders.js';
import { runKedge, tinyCache, tinyModel } from '../../harness/tiny-cache.js';

describe('a place', () => {
  const text = 'a😀b\r\nsecond\n';
  const places: [string, number | RegExp][] = [
    ['x.ts:1:1', 0],
    ['x.ts:1:4', 3],
    ['x.ts:1:5', 4],
    ['x.ts:1:6', /x\.ts:1:6 is beyond the end: line 1 has columns 1 to 5/],
    ['x.ts:2:7', 12],
    ['x.ts:3:1', 13],
    ['x.ts:3:2', /line 3 has columns 1 to 1/],
    ['x.ts:4:1', /the file has 3 lines/],
    ['x.ts:0:1', /beyond the end/],
    ['C:\\a b\\x.ts:2:1', 6],
    ['x.ts', /is not FILE:LINE:COLUMN/],
    ['x.ts:1', /is not FILE:LINE:COLUMN/],
    ['x.ts:-1:1', /is not FILE:LINE:COLUMN/],
  ];
  for (const [place, expected] of places) {
    it(`${place}`, () => {
      const offset = (): number => offsetIn(text, parsePlace(place));
      if (expected instanceof RegExp) expect(offset).toThrow(expected);
      else expect(offset()).toBe(expected);
    });
  }
});

interface Answer {
  readonly text: string;
  readonly context: { readonly source: string; readonly path: string; readonly tokens: number; readonly rows: number }[];
  readonly timing: Record<string, number>;
  readonly tokensPrefilled: number;
  readonly kv: Record<string, number>;
}

describe('kedge complete', () => {
  let cache: string;
  let root: string;

  beforeAll(async () => {
    cache = await tinyCache();
    root = temporaryFolder();
    mkdirSync(join(root, '.git'));
    writeFileSync(join(root, 'user.ts'), 'export class User {\n  rename(to: string): void {}\n}\n');
    writeFileSync(join(root, 'order.py'), 'def total(order):\n    return sum(order.prices)\n');
    writeFileSync(join(root, 'main.ts'), 'import { User } from \'./user\';\n\nconst user = new User();\nuser.\n');
  });

  const complete = (...args: string[]): Answer => {
    const { code, stdout, stderr } = runKedge(cache, root, 'complete', ...args, '--model', tinyModel, '--json');
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout) as Answer;
  };

  it('draws on the imported file, and tells what it cost', () => {
    const before = readFileSync(join(root, 'main.ts'));
    const answer = complete('main.ts:4:6');
    expect(Object.keys(answer)).toEqual(['text', 'context', 'timing', 'tokensPrefilled', 'kv']);
    expect(answer.context.map(({ source, path }) => [source, path])).toEqual([['imports', 'user.ts']]);
    for (const { tokens, rows } of answer.context) expect(rows).toBeLessThan(tokens);
    expect(Object.keys(answer.timing)).toEqual(['planMs', 'composeMs', 'prefillMs', 'firstTokenMs', 'totalMs']);
    expect(Object.keys(answer.kv)).toEqual(['contextTokens', 'rowsStored', 'rowsResident', 'rowReduction', 'bytesResident', 'bytesStored', 'denseBytesFp16', 'byteReduction']);
    expect(answer.kv.contextTokens).toBe(answer.context.reduce((sum, { tokens }) => sum + tokens, 0));
    expect(answer.kv.rowReduction).toBeCloseTo(1 - answer.kv.rowsResident / answer.kv.contextTokens);
    expect(answer.tokensPrefilled).toBeGreaterThan(0);
    expect(readFileSync(join(root, 'main.ts'))).toEqual(before);
  });

  it('draws on the files it is given, each way of naming them', () => {
    for (const args of [['--with', 'order.py', 'user.ts', './order.py'], ['--with', 'order.py', '--with', 'user.ts']]) {
      expect(complete('main.ts:4:6', ...args).context.map(({ source, path }) => [source, path])).toEqual([['given', 'order.py'], ['given', 'user.ts']]);
    }
  });

  it('counts tokens without context as none, and completes in Python', () => {
    const answer = complete('order.py:2:12');
    expect(answer.context).toEqual([]);
    expect(answer.kv).toMatchObject({ contextTokens: 0, rowsResident: 0, rowReduction: 0, byteReduction: 0 });
  });

  it('tells a reader the same', () => {
    const { code, stdout } = runKedge(cache, root, 'complete', 'main.ts:4:6', '--model', tinyModel);
    expect(code).toBe(0);
    expect(stdout).toMatch(/context:\n {2}user\.ts \(imports\): \d+ tokens, \d+ rows attended\ntime: plan \d+ ms/);
  });

  it('reads no secret, whoever names it', () => {
    writeFileSync(join(root, '.env'), 'TOKEN=hunter2\n');
    for (const args of [['complete', '.env:1:7'], ['complete', 'main.ts:4:6', '--with', '.env']]) {
      const { code, stdout, stderr } = runKedge(cache, root, ...args, '--model', tinyModel);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^kedge: \.env is not read: .*secret\n$/);
    }
  });
});
