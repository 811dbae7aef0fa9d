// What the plan holds at a marked cursor and in which order: budget, relevance, own file, and that nothing of the prompt comes twice.
import { describe, expect, test } from 'vitest';
import { prepare, Workspace, type FileChange } from '../../context/index.js';
import { layOut } from '../harness/fixture.js';

const countTokens = (texts: readonly string[]): Promise<number[]> => Promise.resolve(texts.map((t) => Math.ceil(t.length / 4)));

async function planned(source: string, contextTokensMax: number, prefixTokensMax = 40) {
  const { root, cursor } = layOut(source);
  const { snapshot } = new Workspace([root]);
  return prepare(snapshot, cursor, { contextTokensMax, prefixTokensMax, suffixTokensMax: 16, importTokensMax: 256, countTokens });
}

const functions = (names: readonly string[], lines: number): string =>
  names.map((name) => `export function ${name}(value) {\n${Array.from({ length: lines }, (_, i) => `  run(value, ${i}, '${name}');\n`).join('')}}\n\n`).join('');

const many = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

test('within the budget everything stands, the nearest mention last, each file in its own order', async () => {
  const { plan } = await planned(
    `--- a.js\nimport { far } from './far';\nimport { near } from './near';\nfar();\nnear();\n‸\n--- far.js\n${functions(['far', 'other'], 2)}\n--- near.js\n${functions(['near'], 2)}`,
    8000,
  );
  expect(plan.segments.map((s) => s.segment.path)).toEqual(['far.js', 'near.js']);
  expect(plan.tokens).toBe(plan.segments.reduce((sum, s) => sum + s.tokens, 0));
  expect(plan.segments.map((s) => s.share)).toEqual([1, 1]);
});

test('of a file that does not fit, what is imported comes first, then what the surroundings mention', async () => {
  const { plan } = await planned(
    `--- a.js\nimport { big7 } from './big';\nimport * as all from './big';\nall.big3();\n‸\n--- big.js\n${functions(many('big', 60), 12)}`,
    700,
  );
  expect(plan.tokens).toBeLessThanOrEqual(700);
  const text = plan.segments.map((s) => s.segment.text).join('');
  expect(text).toContain('function big7(');
  expect(text).toContain('function big3(');
  expect(plan.segments.map((s) => s.reason)).toContainEqual(expect.stringMatching(/^declares big7, imported here$/));
});

test('what a member is being asked of at the cursor comes before what is mentioned elsewhere', async () => {
  const files = many('m', 6);
  const { plan } = await planned(
    `--- a.js\n${files.map((m) => `import * as ${m} from './${m}';\n`).join('')}${files.flatMap((m) => many(`${m}.${m}f`, 20)).join('();\n')};\nm2.‸\n${files.map((m) => `--- ${m}.js\n${functions(many(`${m}f`, 40), 5)}`).join('')}`,
    3500,
  );
  const text = plan.segments.map((s) => s.segment.text).join('');
  for (const name of many('m2f', 40)) expect(text).toContain(`function ${name}(`);
});

test('every imported name gets its declaration before any file is filled up', async () => {
  const files = many('m', 12);
  const { plan } = await planned(
    `--- a.js\n${files.map((m) => `import { ${m}f0 } from './${m}';\n`).join('')}m0f0();\n‸\n${files.map((m) => `--- ${m}.js\n${functions(many(`${m}f`, 20), 10)}`).join('')}`,
    7000,
  );
  const text = plan.segments.map((s) => s.segment.text).join('');
  for (const m of files) expect(text).toContain(`function ${m}f0(`);
  expect(plan.tokens).toBeGreaterThan(5000);
  expect(plan.tokens).toBeLessThanOrEqual(7000);
});

test('the rest of the current file comes last, without window, suffix, imports and the declaration at the cursor', async () => {
  const { plan, prompt } = await planned(
    `--- a.js\nimport { b } from './b';\n\n${functions(['before', 'between'], 12)}export function here() {\n${'  step();\n'.repeat(40)}  b(‸);\n${'  later();\n'.repeat(40)}}\n\n${functions(['after'], 12)}\n--- b.js\n${functions(['b'], 2)}`,
    8000,
  );
  const own = plan.segments.filter((s) => s.source === 'own-file');
  const text = own.map((s) => s.segment.text).join('');
  expect(plan.segments.findIndex((s) => s.source === 'own-file')).toBeGreaterThan(plan.segments.findLastIndex((s) => s.source === 'imports'));
  for (const name of ['before', 'between', 'after']) expect(text).toContain(`function ${name}(`);
  expect(text).not.toMatch(/import|here|step|later/);
  expect(prompt.prefix).toContain('step();');
});

test('of a class that holds the cursor, the other members stand under its signature', async () => {
  const method = (name: string): string => `  ${name}() {\n${`    this.go('${name}');\n`.repeat(10)}  }\n\n`;
  const { plan } = await planned(`--- a.ts\nexport class Big {\n${many('m', 30).map(method).join('')}  here() {\n    this.‸\n  }\n\n${many('n', 10).map(method).join('')}}\n`, 8000);
  const own = plan.segments.filter((s) => s.source === 'own-file').map((s) => s.segment.text);
  expect(own.join('')).toContain('m3() {');
  expect(own.join('')).toContain('n9() {');
  expect(own.join('')).not.toContain('here() {');
  for (const text of own) expect(text.startsWith('export class Big {\n')).toBe(true);
});

test('the current file takes a quarter of the budget while imports want the rest', async () => {
  const { plan } = await planned(`--- a.js\nimport { b0 } from './b';\n${functions(many('own', 60), 10)}\nb0(‸);\n--- b.js\n${functions(many('b', 60), 10)}`, 4000);
  const own = plan.segments.filter((s) => s.source === 'own-file').reduce((sum, s) => sum + s.tokens, 0);
  expect(own).toBeGreaterThan(500);
  // And what no imported piece fits into.
  expect(own).toBeLessThanOrEqual(1200);
  expect(plan.tokens).toBeGreaterThan(3500);
});

test('an unsaved buffer beats the disk, also as context', async () => {
  const { root, cursor } = layOut(`--- a.ts\nimport { b } from './b';\nb‸\n--- b.ts\nexport const b = 'old';\n`);
  const workspace = new Workspace([root]);
  const options = { contextTokensMax: 8000, prefixTokensMax: 99, suffixTokensMax: 9, importTokensMax: 99, countTokens };
  const text = async (): Promise<string> => (await prepare(workspace.snapshot, cursor, options)).plan.segments.map((s) => s.segment.text).join('');
  expect(await text()).toContain("'old'");
  workspace.apply([{ kind: 'open', path: `${root}/b.ts`, text: "export const b = 'new';\n" }]);
  expect(await text()).toContain("'new'");
  workspace.apply([{ kind: 'close', path: `${root}/b.ts` }]);
  expect(await text()).toContain("'old'");
});

test('no budget, no plan; tokens are asked for at most twice', async () => {
  const { root, cursor } = layOut(`--- a.ts\nimport { b } from './b';\nb‸\n--- b.ts\nexport const b = 1;\n`);
  const { snapshot } = new Workspace([root]);
  let calls = 0;
  const counting = (texts: readonly string[]): Promise<number[]> => {
    calls++;
    return countTokens(texts);
  };
  const options = { contextTokensMax: 8000, prefixTokensMax: 99, suffixTokensMax: 9, importTokensMax: 99, countTokens: counting };
  expect((await prepare(snapshot, cursor, { ...options, contextTokensMax: 0 })).plan).toEqual({ segments: [], tokens: 0 });
  await prepare(snapshot, cursor, options);
  expect(calls).toBe(2);
  await prepare(snapshot, cursor, options);
  expect(calls).toBe(2);
});

describe('given the last plan', () => {
  const source = `--- a.js\nimport { b0 } from './b';\nimport { c0 } from './c';\nb0();\n‸\nc0();\n--- b.js\n${functions(many('b', 9), 24)}\n--- c.js\n${functions(many('c', 3), 24)}`;
  const cases: [name: string, change: (text: (path: string) => string) => FileChange | undefined, gone: number, places: (digests: readonly string[], next: readonly string[]) => string[]][] = [
    ['nothing moves where nothing changed', () => undefined, 0, (last) => [...last]],
    [
      'another name that is mentioned moves nothing',
      (text) => ({ kind: 'open', path: 'a.js', text: text('a.js').replace('b0();', 'c0();b0') }),
      0,
      (last) => [...last],
    ],
    [
      'what was edited stands last, the others stay',
      (text) => ({ kind: 'open', path: 'b.js', text: text('b.js').replace("run(value, 1, 'b4')", 'edited()') }),
      1,
      (last, next) => [...last.filter((digest) => next.includes(digest)), next[next.length - 1]],
    ],
  ];
  for (const [name, change, gone, places] of cases)
    test(name, async () => {
      const { root, cursor, fixture } = layOut(source);
      const workspace = new Workspace([root]);
      const options = { contextTokensMax: 3000, prefixTokensMax: 40, suffixTokensMax: 4, importTokensMax: 99, countTokens, sources: ['own-file', 'imports'] as const };
      const { plan: last } = await prepare(workspace.snapshot, cursor, options);
      const changed = change((path) => fixture.files.get(path) ?? '');
      if (changed) workspace.apply([{ ...changed, path: `${root}/${'path' in changed ? changed.path : ''}` } as FileChange]);
      const { plan: next } = await prepare(workspace.snapshot, cursor, { ...options, previous: last });
      const [before, after] = [last, next].map((plan) => plan.segments.map((s) => s.segment.digest));
      expect(before.filter((digest) => !after.includes(digest)).length).toBe(gone);
      expect(after).toEqual(places(before, after));
      expect(next.tokens).toBeLessThanOrEqual(3000);
    });

  test('what is asked for now finds room', async () => {
    const { root, cursor, fixture } = layOut(source);
    const workspace = new Workspace([root]);
    const options = { contextTokensMax: 1500, prefixTokensMax: 40, suffixTokensMax: 4, importTokensMax: 99, countTokens, sources: ['own-file', 'imports'] as const };
    const { plan: last } = await prepare(workspace.snapshot, cursor, options);
    const text = (fixture.files.get('a.js') ?? '').replace('import { b0 }', 'import { b0, b8 }');
    workspace.apply([{ kind: 'open', path: `${root}/a.js`, text }]);
    const { plan: next } = await prepare(workspace.snapshot, { ...cursor, offset: cursor.offset + 4 }, { ...options, previous: last });
    expect(last.segments.some((s) => s.segment.text.includes("23, 'b8')"))).toBe(false);
    expect(next.segments[next.segments.length - 1].segment.text).toContain("23, 'b8')");
  });
});
