// The local prompt around a marked cursor, and that it stays in place while somebody types.
import { describe, expect, test } from 'vitest';
import { prepare, Workspace } from '../../context/index.js';
import { layOut } from '../harness/fixture.js';

/** A word, a mark or a run of blanks is a token: countable by hand. */
const tokensOf = (text: string): number => text.match(/\w+|[^\w\s]|\s+/g)?.length ?? 0;
const countTokens = (texts: readonly string[]): Promise<number[]> => Promise.resolve(texts.map(tokensOf));

interface Bounds {
  prefix?: number;
  suffix?: number;
  imports?: number;
}

async function local(source: string, { prefix = 512, suffix = 64, imports = 256 }: Bounds = {}, windowStart?: number) {
  const { root, cursor, fixture } = layOut(source);
  const workspace = new Workspace([root]);
  const snapshot = workspace.apply([{ kind: 'open', path: cursor.path, text: fixture.files.get(fixture.cursor!.path)! }]);
  return prepare(snapshot, cursor, { contextTokensMax: 2000, prefixTokensMax: prefix, suffixTokensMax: suffix, importTokensMax: imports, countTokens, windowStart });
}

/** The cursor's own line may be four times as long. */
const suffixBound = (suffix: string, bound: number): number => (/\n./.test(suffix) ? bound : 4 * bound);

const lines = (name: string, count: number): string => Array.from({ length: count }, (_, i) => `  ${name}(${i});\n`).join('');
const imports = `import { a } from './a';\nimport b from 'b';\n`;

interface Case {
  source: string;
  bounds?: Bounds;
  importBlock?: string;
  prefixStarts: string;
  suffix?: string;
}

const cases: Record<string, Case> = {
  'a short file stands whole, its imports not twice': { source: `--- a.ts\n${imports}\nf(‸);\n`, importBlock: '', prefixStarts: imports, suffix: ');\n' },
  'starts at the earliest declaration that fits': {
    source: `--- a.ts\n${imports}\nfunction far() {\n${lines('far', 40)}}\n\n/** Near. */\nfunction near() {\n${lines('near', 9)}}\n\nfunction here() {\n${lines('here', 4)}  ‸\n}\n`,
    bounds: { prefix: 130 },
    importBlock: imports,
    prefixStarts: '/** Near. */\nfunction near() {',
  },
  'a declaration that would leave half of the window empty gives way to a line': {
    source: `--- a.ts\n${imports}\nfunction far() {\n${lines('far', 90)}}\n\nfunction here() {\n  ‸\n}\n`,
    bounds: { prefix: 100 },
    importBlock: imports,
    prefixStarts: '  far(',
  },
  'inside a long function it starts at a line': { source: `--- a.ts\nfunction here() {\n${lines('here', 100)}  ‸\n}\n`, bounds: { prefix: 60 }, prefixStarts: '  here(' },
  'inside a long class it starts at a member': {
    source: `--- a.ts\nclass A {\n  one() {\n${lines('one', 60)}  }\n\n  two() {\n${lines('two', 5)}  }\n\n  here() {\n    ‸\n  }\n}\n`,
    bounds: { prefix: 60 },
    prefixStarts: '  two() {',
  },
  'Python: decorators and comments belong to the function': {
    source: `--- a.py\nimport os\n\ndef far():\n${'    call(1)\n'.repeat(60)}\n# Says.\n@dec\ndef here():\n${'    call(1)\n'.repeat(6)}    ‸\n`,
    bounds: { prefix: 70 },
    importBlock: 'import os\n',
    prefixStarts: '# Says.\n@dec\ndef here():',
  },
  'within an endless line the suffix ends with a whole character': { source: `--- a.ts\nf(‸"${'😀'.repeat(300)}");\n`, bounds: { suffix: 4 }, prefixStarts: 'f(', suffix: `"${'😀'.repeat(7)}` },
  'the rest of the cursor\'s line stands whole beyond the bound': { source: `--- a.ts\nreturn fetchUser(‸id).then((user) => render(user, options));\n${lines('next', 9)}`, bounds: { suffix: 8 }, prefixStarts: 'return', suffix: 'id).then((user) => render(user, options));\n' },
  'the suffix ends with a line': { source: `--- a.ts\nf(‸);\n${lines('next', 50)}`, bounds: { suffix: 17 }, prefixStarts: 'f(', suffix: `);\n${lines('next', 2)}` },
  'a rest of the line that is too long is cut': { source: `--- a.ts\nf(‸${'x '.repeat(500)}`, bounds: { suffix: 16 }, prefixStarts: 'f(', suffix: 'x '.repeat(32) },
  'no suffix where none is wanted': { source: `--- a.ts\nf(‸x);\n`, bounds: { suffix: 0 }, prefixStarts: 'f(', suffix: '' },
  'at the end of the file there is no suffix': { source: `--- a.ts\nf(‸`, prefixStarts: 'f(', suffix: '' },
  'of too many imports those of the workspace stay, in file order': {
    source: `--- a.ts\nimport { one } from 'one';\nimport { near } from './near';\nimport { two } from 'two';\n${lines('f', 60)}‸\n--- near.ts\nexport const near = 1;\n`,
    bounds: { prefix: 60, imports: 40 },
    importBlock: `import { one } from 'one';\nimport { near } from './near';\n`,
    prefixStarts: '  f(',
  },
  'CRLF survives': { source: `--- a.ts\nimport a from 'a';\r\n${lines('f', 80).replaceAll('\n', '\r\n')}  g(‸\r\n`, bounds: { prefix: 30 }, importBlock: `import a from 'a';\r\n`, prefixStarts: '  f(', suffix: '\r\n' },
  'a language without an outline still has a window': { source: `--- a.go\nfunc main() {\n\tx(‸)\n}\n`, prefixStarts: 'func main() {', suffix: ')\n}\n' },
  'an empty file': { source: `--- a.ts\n‸`, importBlock: '', prefixStarts: '', suffix: '' },
};

for (const [name, { source, bounds, ...expected }] of Object.entries(cases))
  test(name, async () => {
    const { prompt, windowStart } = await local(source, bounds);
    const text = source.split('\n').slice(1).join('\n').split('\n--- ')[0];
    expect(prompt.prefix.startsWith(expected.prefixStarts), prompt.prefix).toBe(true);
    expect(prompt.prefix).toBe(text.slice(windowStart, text.indexOf('‸')));
    expect(tokensOf(prompt.prefix)).toBeLessThanOrEqual(bounds?.prefix ?? 512);
    expect(tokensOf(prompt.suffix)).toBeLessThanOrEqual(suffixBound(prompt.suffix, bounds?.suffix ?? 64));
    if (expected.importBlock !== undefined) expect(prompt.importBlock).toBe(expected.importBlock);
    if (expected.suffix !== undefined) expect(prompt.suffix).toBe(expected.suffix);
    const after = `${text.slice(text.indexOf('‸') + 1)}\n`;
    expect(prompt.following.startsWith(prompt.suffix) && after.startsWith(prompt.following)).toBe(true);
    expect(prompt.following.length).toBeGreaterThanOrEqual(Math.min(after.length - 1, 399));
  });

describe('an endless line', () => {
  const line = `const table = [${'123456789,'.repeat(90_000)}`;
  test('is cut near the cursor', async () => {
    const { prompt } = await local(`--- a.js\n${line}‸${line}`, { prefix: 100 });
    expect(prompt.prefix.length).toBeGreaterThan(20);
    expect(tokensOf(prompt.prefix)).toBeLessThanOrEqual(130);
    expect(tokensOf(prompt.suffix)).toBeLessThanOrEqual(suffixBound(prompt.suffix, 64));
  });
});

describe('while somebody types', () => {
  const typed = (count: number): string => `--- a.ts\n${imports}${lines('before', 40)}function here() {\n${lines('typed', count)}  ‸\n}\n`;
  test('the window keeps its start until the prefix has doubled, then it is rebased', async () => {
    const { windowStart } = await local(typed(0), { prefix: 100 });
    for (const count of [1, 5, 10]) expect((await local(typed(count), { prefix: 100 }, windowStart)).windowStart).toBe(windowStart);
    const rebased = await local(typed(60), { prefix: 100 }, windowStart);
    expect(rebased.windowStart).toBeGreaterThan(windowStart);
    expect(tokensOf(rebased.prompt.prefix)).toBeLessThanOrEqual(100);
  });
  test('a start that is no longer one is not kept', async () => {
    const fresh = await local(typed(3), { prefix: 100 });
    for (const start of [fresh.windowStart + 1, 1e9, -1]) expect((await local(typed(3), { prefix: 100 }, start)).windowStart).toBe(fresh.windowStart);
  });
  test('the import block does not depend on what is typed', async () => {
    const blocks = new Set<string>();
    for (const count of [0, 3, 8]) blocks.add((await local(typed(count), { prefix: 60 })).prompt.importBlock);
    expect([...blocks]).toEqual([imports]);
  });
});

test('a position beyond the end and a file that may not be read are told in one line', async () => {
  const { root } = layOut(`--- a.ts\nx\n--- .env\nKEY=1\n`);
  const { snapshot } = new Workspace([root]);
  const options = { contextTokensMax: 0, prefixTokensMax: 9, suffixTokensMax: 9, importTokensMax: 9, countTokens };
  await expect(prepare(snapshot, { path: `${root}/a.ts`, offset: 3 }, options)).rejects.toThrow(/a\.ts ends before position 3/);
  await expect(prepare(snapshot, { path: `${root}/.env`, offset: 0 }, options)).rejects.toThrow(/\.env cannot be completed/);
});
