// What parsing yields for each language: imports with their names, declarations with signatures, docs and members.
import { expect, test } from 'vitest';
import { outlineOf, piecesOf, type Declaration } from '../../context/index.js';
import { OpenOutlines } from '../../context/parse.js';

/** One line a declaration: kind, names, signature; members indented. `doc` where there is one. */
function listing(text: string, declarations: readonly Declaration[], indent = ''): string[] {
  return declarations.flatMap((d) => [
    `${indent}${d.kind} ${d.names.join(',')}: ${text.slice(d.signature.start, d.signature.end).split('\n').join('⏎')}${d.doc ? ` // ${text.slice(d.doc.start, d.doc.end).split('\n')[0]}` : ''}`,
    ...listing(text, d.children, `${indent}  `),
  ]);
}

function checkDeclarations(path: string, text: string, expected: readonly string[]): void {
  expect(listing(text, outlineOf(path, text)!.declarations)).toEqual(expected);
}

const declarations: Record<string, [path: string, text: string, expected: string[]]> = {
  'TypeScript declarations': [
    'a.ts',
    `/** Doc. */\n@D({ a: 1 })\nexport abstract class A<T> extends B implements C {\n  private x = 1;\n  /** M. */\n  @E() async m(a: string): Promise<void> {}\n  abstract n(): void;\n  f = (a) => { go(); };\n}\nexport interface I { a: string; b(): void }\ntype T = { a: 1 };\nenum E { A, B }\nexport default function () {}\nexport const f = async (a) => a, g = 2;\nconst { p, q: [r] } = obj;\ndeclare function over(a: string): void;\nnamespace N { export function z() {} }\nconst o = { m() { return 1; }, k: 2 };\nrun();\n`,
    [
      'class A: @D({ a: 1 })⏎export abstract class A<T> extends B implements C { // /** Doc. */',
      '  variable x: private x = 1;',
      '  function m: @E() async m(a: string): Promise<void> { // /** M. */',
      '  function n: abstract n(): void;',
      '  function f: f = (a) => {',
      'interface I: export interface I {',
      '  variable a: a: string;',
      '  function b: b(): void',
      'type T: type T = { a: 1 };',
      'enum E: enum E {',
      'function default: export default function () {',
      'function f,g: export const f = async (a) =>',
      'variable p,r: const { p, q: [r] } = obj;',
      'function over: declare function over(a: string): void;',
      'namespace N: namespace N {',
      '  function z: export function z() {',
      'variable o: const o = {',
      '  function m: m() {',
      '  variable k: k: 2',
      'statement : run();',
    ],
  ],
  'JavaScript exports by assignment': [
    'a.js',
    `exports.a = function () {};\nmodule.exports.b = 1;\nA.prototype.c = () => { x; };\nmodule.exports = { d };\n`,
    ['function a: exports.a = function () {', 'variable b: module.exports.b = 1;', 'function c: A.prototype.c = () => {', 'variable default: module.exports = {', '  variable d: d'],
  ],
  'Python declarations': [
    'a.py',
    `"""Module."""\n# About A.\n@dec\nclass A(B):\n    """Doc."""\n    x: int = 1\n    @property\n    def f(self) -> int:  # why\n        """F."""\n        return 1\nasync def g(a,\n            b): pass\nX, Y = 1, 2\nV = W = Z = 3\nif cond:\n    def h(): pass\nelse:\n    h = None\ntype L = list\n`,
    [
      'statement : """Module.""" // """Module."""',
      'class A: @dec⏎class A(B): // """Doc."""',
      '  statement : """Doc.""" // """Doc."""',
      '  variable x: x: int = 1',
      '  function f: @property⏎    def f(self) -> int: // """F."""',
      'function g: async def g(a,⏎            b):',
      'variable X,Y: X, Y = 1, 2',
      'variable V,W,Z: V = W = Z = 3',
      'statement h: if cond:⏎    def h(): pass⏎else:⏎    h = None',
      'type L: type L = list',
    ],
  ],
};
for (const [name, [path, text, expected]] of Object.entries(declarations)) test(name, () => checkDeclarations(path, text, expected));

const imports: Record<string, [path: string, text: string, expected: string[]]> = {
  'TypeScript imports': [
    'a.ts',
    `import D, { a, type b as c } from './one';\nimport type { T } from "two";\nimport * as ns from 'three';\nimport './effects';\nimport eq = require('eq');\nexport { x, default as y } from './four';\nexport * from './five';\nexport * as six from './six';\nconst { p, q: r } = require('seven');\nif (a) { const e = await import('./eight'); }\nconst no = "require('nine')"; // import('ten')\n`,
    [
      './one: default=D a b=c',
      'two: T',
      'three: *=ns',
      './effects: ',
      'eq: *=eq',
      './four: x default=y (passed on)',
      './five: * (passed on)',
      './six: *=six (passed on)',
      'seven: p q=r',
      './eight: *=e (inside)',
    ],
  ],
  'CommonJS exports of what is required': [
    'a.js',
    `module.exports = { One: require('./one'), ...require('./two'), Three: require('./three').Three, four() { require('./four'); } };\nexports.Five = require('./five').V;\nif (a) module.exports = require('./six');\nconst seven = require('./seven').VII;\nconst eight = (module.exports = { Eight: require('./eight') });\nvar nine = module.exports = require('./nine').IX;\n`,
    ['./one: default=One *=One (passed on)', './two: * (passed on)', './three: Three (passed on)', './four:  (inside)', './five: V=Five (passed on)', './six: * default default=module.exports *=module.exports (passed on)', './seven: VII=seven', './eight: default=Eight *=Eight (passed on)', './nine: IX=default IX=module.exports (passed on)'],
  ],
  'Python imports': [
    'a.py',
    `import a.b as c, d.e\nfrom . import x\nfrom ..p.q import (\n    y as z,\n    w,\n)\nfrom s import *\nfrom __future__ import annotations\nif T:\n    from t import U\ntext = """\n    import no\n"""\n`,
    ['a.b: *=c', 'd.e: *=d.e', '.: x', '..p.q: y=z w', 's: *', 't: U (inside)'],
  ],
};
for (const [name, [path, text, expected]] of Object.entries(imports))
  test(name, () => {
    const found = outlineOf(path, text)!.imports.map((i) => `${i.specifier}: ${i.names.map((n) => (n.imported === n.local ? n.local : `${n.imported}=${n.local}`)).join(' ')}${i.reexport ? ' (passed on)' : i.topLevel ? '' : ' (inside)'}`);
    expect(found).toEqual(expected);
  });

const broken: Record<string, [path: string, text: string, names: string[], imports: string[]]> = {
  'a class that is being typed': ['a.ts', "import { b } from './b';\nexport function before() {}\nexport class A {\n  m() { return this.\n", ['before', 'A'], ['./b']],
  'a call that is being typed': ['a.ts', "import { b } from './b';\nconst x = b(\nexport function after() {}\n", ['x', 'after'], ['./b']],
  'an import that is being typed': ['a.ts', "import { b } from './b';\nimport { c\nexport const d = 1;\n", ['d'], ['./b']],
  'JSX without its end': ['a.tsx', "import { B } from './b';\nexport const A = () => <B>\nexport function after() {}\n", ['A'], ['./b']],
  'conflict marks': ['a.js', "import b from './b';\n<<<<<<< ours\nexport const one = 1;\n=======\nexport const one = 2;\n>>>>>>> theirs\nexport const two = 2;\n", ['two'], ['./b']],
  'Python: a call that is being typed': ['a.py', 'from b import c\ndef before():\n    return c(\n\ndef after():\n    pass\n', ['before'], ['b']],
  'Python: a class without a body': ['a.py', 'import b\nclass A(b.B):\n\ndef after():\n    pass\n', ['A', 'after'], ['b']],
  'Python: an open string': ['a.py', 'import b\nx = 1\ndef f():\n    return """open\n', ['x'], ['b']],
};
for (const [name, [path, text, names, specifiers]] of Object.entries(broken))
  test(`a broken file still yields what it can: ${name}`, () => {
    const outline = outlineOf(path, text)!;
    const found = outline.declarations.flatMap((d) => d.names);
    expect(names.filter((one) => !found.includes(one))).toEqual([]);
    expect(outline.imports.map((i) => i.specifier)).toEqual(expect.arrayContaining(specifiers));
  });

test('an edited file has the outline of its text once that is sound again, however it came about', () => {
  const seed = Date.now() % 1_000_000;
  let state = seed;
  const random = (below: number): number => (state = (state * 1103515245 + 12345) % 2147483648) % below;
  const breaking = ['x', '\n', '{', '}', '(', '"', "'", '/*', '*/', '😀', '`', '\r\n', '    ', 'class ', 'def '];
  const soundScript = ["import { a } from './a';\n", 'export class A {\n  f() {\n    return 1; // é\n  }\n}\n', 'const b = `${1}`;\n', 'function c() {}\r\n'];
  const soundPython = ['import a\n', 'class A:\n    def f(self):\n        return 1  # é\n', 'def g():\n    """said"""\n'];
  for (const path of ['a.ts', 'b.py', 'c.tsx', 'd.js']) {
    const open = new OpenOutlines();
    const pieces: string[] = [];
    for (let step = 0; step < 20; step++) {
      const sound = path.endsWith('.py') ? soundPython : soundScript;
      pieces.splice(random(pieces.length + 1), random(3) === 0 ? 1 : 0, sound[random(sound.length)]);
      const texts = [pieces.join('')];
      for (let edits = random(4); edits > 0; edits--) {
        const at = random(texts[0].length + 1);
        texts.unshift(texts[0].slice(0, at) + breaking[random(breaking.length)] + texts[0].slice(at + random(3)));
      }
      // From the sound text to a broken one and back, an edit at a time.
      for (const text of [...[...texts].reverse(), ...texts]) open.of(path, text);
      expect(open.of(path, texts.at(-1)!), `seed ${seed}, ${path}, step ${step}: ${JSON.stringify(texts)}`).toEqual(outlineOf(path, texts.at(-1)!));
    }
  }
});

test('what stands before and after an error is found', () => {
  const names = outlineOf('a.ts', `export function good() {}\nclass {{{ (;\nexport function later() {}\n`)!.declarations.flatMap((d) => d.names);
  expect(names).toEqual(['good', 'later']);
});

test('comments before a declaration belong to it, as far as somebody may have written them', () => {
  for (const [comments, belong] of [[499, 499], [501, 500]]) {
    const text = `a = 1\n\n${'# line\n'.repeat(comments)}b = 2\n`;
    expect(text.slice(outlineOf('a.py', text)!.declarations[1].start)).toBe(`${'# line\n'.repeat(belong)}b = 2\n`);
  }
});

test('a comment behind something on its line is none of what follows', () => {
  for (const [path, text, docs] of [
    ['a.ts', 'const a = 1; // A.\nconst b = 2;\n', [undefined, undefined]],
    ['a.ts', 'f(); // F.\n// B.\nconst b = 2;\n', [undefined, '// B.']],
    ['a.ts', 'const a = 1; /* B. */ const b = 2;\n', [undefined, '/* B. */']],
    ['a.ts', '/* eslint-disable */ /** A. */\nconst a = 1;\n', ['/* eslint-disable */ /** A. */']],
    ['a.py', 'a = 1  # A.\nb = 2\n', [undefined, undefined]],
    ['a.py', 'a = [  # A.\n]  # Of a.\n# B.\nb = 2\n', [undefined, '# B.']],
  ] as const) {
    const { declarations } = outlineOf(path, text)!;
    expect(declarations.map(({ doc }) => doc && text.slice(doc.start, doc.end))).toEqual(docs);
  }
  const text = 'class A {\n  a = 1; // A.\n  b = 2;\n}\n';
  expect(piecesOf('a.ts', text, outlineOf('a.ts', text), 'outline')[0].segment.text).toBe('class A {\n  a = 1;\n  b = 2;\n}\n');
});

test('a comment between a decorator and what it decorates stands inside', () => {
  for (const doc of ['', '/** Doc. */\n  ']) {
    const whole = `${doc}@Get() // Why.\n  name() {}`;
    const text = `class A {\n  ${whole}\n}\n`;
    const [member] = outlineOf('a.ts', text)!.declarations[0].children;
    expect([text.slice(member.start, member.end), member.doc && text.slice(member.doc.start, member.doc.end)]).toEqual([whole, doc === '' ? undefined : doc.trim()]);
  }
});

test('exports under other names', () => {
  expect(outlineOf('a.ts', 'const a = 1;\nexport { a as b };\nexport default a;\n')!.exports).toEqual([
    { exported: 'b', local: 'a' },
    { exported: 'default', local: 'a' },
  ]);
  expect(outlineOf('a.d.ts', 'declare function a(): void;\nexport = a;\n')!.exports.map(({ exported, local }) => `${exported}=${local}`)).toEqual(['default=a', 'module.exports=a']);
  expect(outlineOf('a.js', 'exports.b = a;\nmodule.exports = { b: a, c, d: 1 };\nmodule.exports = a;\n')!.exports.map(({ exported, local }) => `${exported}=${local}`)).toEqual(['b=a', 'b=a', 'c=c', 'default=a', 'module.exports=a']);
});

test('positions are UTF-16 code units', () => {
  const text = `// é 😀\nexport const after = '😀';\n`;
  const [declared] = outlineOf('a.ts', text)!.declarations;
  expect(text.slice(declared.signature.start, declared.end)).toBe("export const after = '😀';");
});

test('what nobody wrote by hand has no outline', () => {
  expect(outlineOf('a.js', `var a = [${'1,'.repeat(50_000)}];`)).toBeUndefined();
  expect(outlineOf('a.go', 'func main() {}')).toBeUndefined();
});
