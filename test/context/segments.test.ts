// How files become segments: what stands in each piece, that pieces tile the file, and that an edit changes one of them.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { outlineOf, piecesOf, type SegmentForm } from '../../context/index.js';

const pieces = (path: string, text: string, form: SegmentForm = 'declaration') => piecesOf(path, text, outlineOf(path, text), form);

const filler = (name: string, lines: number): string => Array.from({ length: lines }, (_, i) => `    const ${name}${i} = compute(${i}, 'some text of ${name}');\n`).join('');

/** Holds for every text: pieces tile it, ranges tile each piece, and no piece is above its bound, a thousand bytes of an endless line in a passage. */
function checkTiling(path: string, text: string, form: SegmentForm): void {
  let at = 0;
  for (const piece of pieces(path, text, form)) {
    expect(piece.start).toBe(at);
    at = piece.end;
    const { segment } = piece;
    const headerEnd = segment.ranges[0].kind === 'header' ? segment.ranges[0].end : 0;
    expect(segment.text.slice(headerEnd)).toBe(text.slice(piece.start, piece.end));
    expect(segment.path).toBe(path);
    let inside = 0;
    for (const range of segment.ranges) {
      expect(range.start).toBe(inside);
      expect(range.end).toBeGreaterThan(range.start);
      inside = range.end;
    }
    expect(inside).toBe(segment.text.length);
    expect(Buffer.byteLength(text.slice(piece.start, piece.end))).toBeLessThanOrEqual(form === 'passage' ? 1024 : 512 * 3.5);
  }
  expect(at).toBe(text.length);
}

const odd: Record<string, [path: string, text: string]> = {
  empty: ['a.ts', ''],
  blank: ['a.py', '\n \n\n'],
  'one endless line': ['a.js', `var a = [${'123456789,'.repeat(9000)}];`],
  'one endless line of astral characters': ['a.js', `"${'😀'.repeat(20000)}"`],
  'no line end at the end': ['a.ts', 'const a = 1'],
  CRLF: ['a.ts', `import a from 'a';\r\n\r\nclass A {\r\n${filler('x', 60).replaceAll('\n', '\r\n')}}\r\n`],
  BOM: ['a.py', '\ufeffimport a\n\ndef f():\n    pass\n'],
  'syntax errors': ['a.ts', `import { a } from 'a';\nclass {{{ (\n${filler('x', 80)}\nfunction f() {\n`],
  'many statements on one line': ['a.js', 'a();'.repeat(3000)],
  'identical lines': ['a.txt', '\n'.repeat(3) + 'same\n'.repeat(4000)],
  'a language without an outline': ['a.go', `func main() {\n${filler('x', 100)}}\n`],
  'a large class': ['a.ts', `/** Doc. */\n@D()\nexport class A<T> extends B {\n  field = 1;\n${['m', 'n', 'o', 'p'].map((m) => `  /** ${m}. */\n  ${m}(): void {\n${filler(m, 20)}  }\n\n`).join('')}}\n`],
  'a large Python class': ['a.py', `"""Module."""\nimport os\n\n\n@dec\nclass A(B):\n    """Doc."""\n\n    x: int = 1\n\n${['m', 'n', 'o'].map((m) => `    def ${m}(self):\n        """Say ${m}."""\n${Array.from({ length: 30 }, (_, i) => `        self.${m}${i} = call(${i}, "some text")\n`).join('')}\n`).join('')}\nX = 1\n`],
  'this project': ['context/segments.ts', readFileSync(new URL('../../context/segments.ts', import.meta.url), 'utf8')],
};

describe('pieces tile every text', () => {
  for (const [name, [path, text]] of Object.entries(odd)) for (const form of ['declaration', 'passage'] as const) test(`${name}, ${form}`, () => checkTiling(path, text, form));
});

/** Deterministic pseudo-random numbers below 1 (mulberry32). */
function randomFrom(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A file of functions and classes of random sizes; `marks` are offsets inside bodies. */
function randomFile(random: () => number, python: boolean): { text: string; marks: number[] } {
  let text = python ? 'import os\n\n' : "import { a } from './a';\n\n";
  const marks: number[] = [];
  const body = (indent: string): void => {
    for (let i = Math.floor(random() * 12); i >= 0; i--) {
      marks.push(text.length + indent.length + 2);
      text += `${indent}value${i} = call(${Math.floor(random() * 1e6)}, other)${python ? '' : ';'}\n`;
    }
  };
  for (let n = 0; n < 40; n++) {
    if (random() < 0.7) {
      text += python ? `def f${n}():\n` : `function f${n}() {\n`;
      body('    ');
      text += python ? '\n\n' : '}\n\n';
    } else {
      text += python ? `class C${n}:\n` : `class C${n} {\n`;
      for (let m = 0; m < 1 + random() * 8; m++) {
        text += python ? `    def m${m}(self):\n` : `  m${m}() {\n`;
        body('        ');
        text += python ? '\n' : '  }\n';
      }
      text += python ? '\n' : '}\n\n';
    }
  }
  return { text, marks };
}

describe('an edit inside a declaration', () => {
  const seed = Number(process.env.KEDGE_TEST_SEED ?? Date.now() % 1e6);
  for (const path of ['a.ts', 'a.py'])
    test(`${path} changes one piece only (seed ${seed})`, () => {
      const random = randomFrom(seed);
      let renamedPieces = 0;
      for (let round = 0; round < 40; round++) {
        const { text, marks } = randomFile(random, path === 'a.py');
        const mark = marks[Math.floor(random() * marks.length)];
        const before = pieces(path, text);
        const digests = (list: typeof before): Set<string> => new Set(list.map((p) => p.segment.digest));
        const lostBy = (edited: string): typeof before => {
          const after = digests(pieces(path, edited));
          return before.filter((p) => !after.has(p.segment.digest));
        };
        const same = lostBy(`${text.slice(0, mark)}X${text.slice(mark + 1)}`);
        expect(same.length).toBe(1);
        expect(same[0].start <= mark && mark < same[0].end).toBe(true);
        renamedPieces += same.length;
        const grown = lostBy(`${text.slice(0, mark)}${'longer'.repeat(1 + Math.floor(random() * 300))}${text.slice(mark)}`);
        expect(grown.length).toBe(1);
        expect(before.length).toBeGreaterThan(8);
      }
      expect(renamedPieces).toBe(40);
    });
});

interface Shown {
  readonly text: string;
  readonly ranges: string[];
}

const shown = (path: string, text: string, form?: SegmentForm): Shown[] =>
  pieces(path, text, form).map(({ segment }) => ({ text: segment.text, ranges: segment.ranges.map((r) => `${r.kind}: ${segment.text.slice(r.start, r.end).trim().split('\n')[0]}`) }));

test('small declarations stand together, the import block alone, with the kinds of their ranges', () => {
  const source = `import { x } from './x';\n\n/** Adds. */\nexport function add(a: number): number {\n  return a + x;\n}\n\nexport const one = 1;\n`;
  expect(shown('a.ts', source).map((s) => s.ranges)).toEqual([
    ["import: import { x } from './x';", 'body: '],
    ['body: ', 'doc: /** Adds. */', 'body: ', 'signature: export function add(a: number): number {', 'body: return a + x;', 'signature: export const one = 1;', 'body: '],
  ]);
});

test('members of a long class are headed by its signature', () => {
  const [, text] = odd['a large class'];
  const parts = shown('a.ts', text);
  expect(parts.length).toBeGreaterThan(2);
  expect(parts[0].text.startsWith('/** Doc. */\n@D()\nexport class A<T> extends B {\n')).toBe(true);
  for (const part of parts.slice(1)) {
    expect(part.ranges[0]).toBe('header: @D() export class A<T> extends B {');
    expect(part.ranges).toContainEqual(expect.stringMatching(/^signature: [mnop]\(\): void \{/));
  }
});

test('a long Python class: docstrings are docs, methods have the class as header', () => {
  const [, text] = odd['a large Python class'];
  const all = shown('a.py', text);
  expect(all[0].ranges).toEqual(['doc: """Module."""', 'body: ', 'import: import os', 'body: ']);
  expect(all.flatMap((p) => p.ranges)).toContain('doc: """Doc."""');
  expect(all.flatMap((p) => p.ranges)).toContain('doc: """Say m."""');
  expect(all.filter((p) => p.ranges[0] === 'header: @dec class A(B):').length).toBeGreaterThan(1);
});

test('outlines keep signatures and the first line of docs', () => {
  const source = `import { x } from './x';\n/**\n * Adds.\n * At length.\n */\nexport function add(a: number): number {\n  return a;\n}\nexport class A {\n  n = 1;\n  /** M. */\n  m(): void {\n    go();\n  }\n}\nexport type T = { a: 1 };\nconst big = {\n  a: 1,\n};\n`;
  expect(shown('a.ts', source, 'outline').map((s) => s.text)).toEqual([
    `/** Adds. */\nexport function add(a: number): number { ... }\nexport class A {\n  n = 1;\n  /** M. */\n  m(): void { ... }\n}\nexport type T = { a: 1 };\nconst big = {\n  a: 1,\n}\n`,
  ]);
  const python = `class A:\n    """Doc.\n\n    More.\n    """\n\n    def f(self, a):\n        """F."""\n        return 1\n\n    def g(self):\n        return 2\n`;
  expect(shown('a.py', python, 'outline')[0].text).toBe(`class A:\n    """Doc."""\n    def f(self, a):\n        """F."""\n    def g(self): ...\n`);
});

test('the same text under another path is another segment', () => {
  const [a, b] = ['a.ts', 'b.ts'].map((path) => pieces(path, 'const x = 1;\n')[0].segment.digest);
  expect(a).not.toBe(b);
});
