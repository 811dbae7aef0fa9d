// Which passages count as like the lines before the cursor, and from which files. Each case is data.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemDisk } from '../../../context/disk.js';
import { prepare, Workspace } from '../../../context/index.js';
import { outlineOf } from '../../../context/parse.js';
import { layOut } from '../../harness/fixture.js';
import { check, countTokens, type Given, type Wanted } from './check.js';

const packed = `var a = ${'ledger.post(42);'.repeat(2000)}`;
const long = `ledger.post(42);\n${'export const step = walk();\n'.repeat(10_000)}`;

const cases: Record<string, [fixture: string, wanted: Wanted, given?: Given]> = {
  'more shared words stand nearer the cursor': [
    `--- a.ts\nconst invoice = ledger.find(‸\n--- b.ts\nexport const invoice = ledger.find(number);\n--- c.ts\nexport const other = ledger;\n--- d.ts\nnothing();\n`,
    { plan: ['c.ts 1 like the lines before the cursor', 'b.ts 1 like the lines before the cursor'], lacks: ['nothing'] },
  ],
  'folders elsewhere too, of no language but those that are parsed': [
    `--- shop/src/a.py\nledger.post(‸\n--- shop/notes.txt\nledger.post(x)\n--- billing/deep/b.py\nledger.post(entry)\n`,
    { plan: ['billing/deep/b.py 1 like the lines before the cursor'], holds: ['entry'] },
  ],
  'what is ignored and what is of a dependency stays out': [
    `--- .gitignore\nbuilt/\n--- a.ts\nledger.post(‸\n--- built/b.ts\nledger.post(1)\n--- node_modules/x/c.ts\nledger.post(2)\n`,
    { plan: [] },
  ],
  'an open buffer beats the disk': [
    `--- a.ts\nledger.post(‸\n--- b.ts\nexport const b = 'old';\n`,
    { plan: ['b.ts 1 like the lines before the cursor'], holds: ['ledger.post(9)'] },
    { changes: [{ kind: 'open', path: 'b.ts', text: 'ledger.post(9)\n' }] },
  ],
  'of a long file the passage alone': [
    `--- a.ts\nledger.post(‸\n--- b.ts\n${Array.from({ length: 40 }, (_, i) => `export function step${i}() {\n  return walk(${i}) + walk(${i + 1}) + walk(${i + 2});\n}\n`).join('')}export function last() {\n  ledger.post(42);\n}\n`,
    { plan: ['b.ts 1 like the lines before the cursor'], holds: ['ledger.post(42)'], lacks: ['step1('] },
  ],
  'nothing that was packed': [`--- a.ts\nledger.post(‸\n--- b.min.js\n${packed}`, { plan: [] }],
  'of a file that takes long to parse, too': [
    `--- a.ts\nledger.post(‸\n--- c.ts\n${long}`,
    { plan: ['c.ts 1 like the lines before the cursor'], holds: ['ledger.post(42)'] },
  ],
  'but what is open': [
    `--- a.ts\nledger.post(‸\n--- b.min.js\n`,
    { plan: Array<string>(2).fill('b.min.js 1 like the lines before the cursor'), holds: ['ledger.post(42)'] },
    { changes: [{ kind: 'open', path: 'b.min.js', text: packed }] },
  ],
  'only lines near the cursor ask': [
    `--- a.ts\nledger.post(1);\n${'\n'.repeat(12)}walk(‸\n--- b.ts\nledger.post(2);\n`,
    { plan: [] },
  ],
};

test.each(Object.entries(cases))('%s', async (_, [fixture, wanted, given]) => {
  await check('alike', fixture, wanted, given);
});

test('what is not known yet is left for later where the answer is waited for', async () => {
  const fixture = `--- a.ts\nledger.post(‸\n--- b.ts\nledger.post(2);\n`;
  await check('alike', fixture, { plan: [] }, { knownOnly: true });
});

test('a long file is not parsed to be looked through', async () => {
  const { root, cursor } = layOut(`--- a.ts\nledger.post(‸\n--- c.ts\n${long}`);
  const parsed: string[] = [];
  const workspace = new Workspace([root], { parse: (path, text) => (parsed.push(path.slice(root.length + 1)), outlineOf(path, text)) });
  await prepare(workspace.snapshot, cursor, { contextTokensMax: 8000, prefixTokensMax: 64, suffixTokensMax: 16, importTokensMax: 64, countTokens, sources: ['alike'] });
  expect(parsed).toEqual(['a.ts']);
});

test('files of other kinds are not looked at, folders are listed once, and others may run after each', async () => {
  const { root, cursor } = layOut(`--- a.ts\nledger.post(‸\n--- b.ts\n--- photo.jpg\n--- one/photo.jpg\n--- two/photo.jpg\n--- two/deep/c.ts\nledger.post(1)\n`);
  const [looked, listed]: [string[], string[]] = [[], []];
  const at = (path: string): string => path.slice(root.length + 1);
  const workspace = new Workspace([root], { disk: { ...systemDisk, real: (path) => (looked.push(at(path)), systemDisk.real(path)), list: (path) => (listed.push(at(path)), systemDisk.list(path)) } });
  let pauses = 0;
  const plan = async (): Promise<number> => (await prepare(workspace.snapshot, cursor, { contextTokensMax: 8000, prefixTokensMax: 64, suffixTokensMax: 16, importTokensMax: 64, countTokens, sources: ['alike'], pause: async () => void (pauses += 1) })).plan.segments.length;
  expect(await plan()).toBe(1);
  expect(looked.filter((path) => path.endsWith('.jpg'))).toEqual([]);
  expect(pauses).toBeGreaterThanOrEqual(['', 'one', 'two', 'two/deep'].length);
  listed.length = 0;
  expect([await plan(), listed]).toEqual([1, []]);
  expect(workspace.snapshot.isReadable(join(root, 'photo.jpg'))).toBe(true);
});
