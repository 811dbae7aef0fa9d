// Crossfile candidates of both languages: an identifier that an imported file declares and that stands nowhere else.
import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Candidate } from '../../../evaluation/generate/choose.js';
import { pythonCandidates } from '../../../evaluation/generate/python.js';
import { typescriptCandidates } from '../../../evaluation/generate/typescript.js';
import { sourceFiles } from '../../../evaluation/copied.js';
import { packageRoot } from '../../../base/package.js';
import { describeIf } from '../../harness/require.js';
import { folderWith } from '../folders.js';

/** `name declaring-file: declaring line` of each candidate in `file`. */
const found = (candidates: readonly Candidate[], file: string): string[] => candidates.filter((one) => one.file === file).map(({ name, declaredIn, declaration }) => `${name} ${declaredIn}: ${declaration}`);

const scripts = {
  'src/user.ts': 'export interface User {\n  fullName: string;\n  rename(to: string): void;\n}\nexport function parseUser(body: string): User {\n  return JSON.parse(body);\n}\nexport const twice = 1;\nexport const inComment = 2;\nexport { deep } from "./deep";\n',
  'src/deep.ts': 'export const deep = 1;\n',
  'src/other.ts': 'export const unimported = 1;\nexport class Base { greet() {} }\n',
};
const python = {
  'shop/__init__.py': '',
  'shop/user.py': 'class User:\n    kind: str = ""\n\n    def rename(self, to):\n        self.renamed = to\n\n\ndef parse_user(body):\n    return User()\n\n\nLIMIT_TOTAL = 3\nif LIMIT_TOTAL:\n    def conditional():\n        pass\n',
  'shop/deep.py': 'def deep_one():\n    pass\n',
  'src_like/__init__.py': '',
};

const scriptCases: readonly [string, string, string[]][] = [
  ['a function by name', "import { parseUser } from './user';\nparseUser('x');\n", ['parseUser src/user.ts: export function parseUser(body: string): User {']],
  ['through the extension of the output', "import { parseUser } from './user.js';\nparseUser('x');\n", ['parseUser src/user.ts: export function parseUser(body: string): User {']],
  ['a member through inference', "import { parseUser } from './user';\nconst u = parseUser('x');\nparseUser('y');\nu.rename('z');\n", ['rename src/user.ts: rename(to: string): void;']],
  ['a name of a namespace import', "import * as users from './user';\nusers.parseUser('x');\n", ['parseUser src/user.ts: export function parseUser(body: string): User {']],
  ['not twice in the file', "import { twice } from './user';\nconst a = twice;\nconst b = twice;\n", []],
  ['not when a comment names it too', "import { inComment } from './user';\n// inComment\nconst a = inComment;\n", []],
  ['not under another name', "import { parseUser as parse } from './user';\nparse('x');\n", []],
  ['not what is declared beyond the imported file', "import { deep } from './user';\nconst a = deep;\n", []],
  ['not a property that is given a value', "import type { User } from './user';\nexport const u: User = { fullName: '', rename() {} };\nexport type V = User;\n", []],
  ['not its own declaration', "import { Base } from './other';\nclass Mine extends Base { greet() {} }\nnew Base();\n", []],
  ['not in a re-export', "export { parseUser } from './user';\n", []],
  ['not short names', "import { Abc } from './missing';\nAbc();\n", []],
];
// One program for all cases: the compiler takes a second to start.
const scriptRoot = folderWith({ ...scripts, ...Object.fromEntries(scriptCases.map(([, text], index) => [`src/case${index}.ts`, text])) });
let scriptCandidates: Candidate[];

describe('TypeScript', () => {
  beforeAll(() => {
    scriptCandidates = typescriptCandidates(scriptRoot, sourceFiles(scriptRoot));
  });

  it.each(scriptCases.map(([name, , wanted], index) => ({ name, wanted, file: `src/case${index}.ts` })))('$name', ({ wanted, file }) => {
    expect(found(scriptCandidates, file)).toEqual(wanted);
  });

  it('are the same under a root with backslashes, as on Windows', () => {
    expect(typescriptCandidates(scriptRoot.replaceAll('/', '\\'), sourceFiles(scriptRoot))).toEqual(scriptCandidates);
  });

  it('offsets are those of the text as it stands, whatever precedes them', () => {
    const text = "\ufeff// 🦊\r\nimport { parseUser } from './user';\r\nconst fox = '🦊'; parseUser(fox);\r\n";
    const root = folderWith({ ...scripts, 'src/a.ts': text });
    const [candidate] = typescriptCandidates(root, sourceFiles(root)).filter(({ file }) => file === 'src/a.ts');
    expect(text.slice(candidate.offset, candidate.offset + 15)).toBe('parseUser(fox);');
  });
});

describeIf(spawnSync('python3', ['--version']).status === 0, 'python3 for the generator', () => {
  const candidatesOf = async (text: string): Promise<Candidate[]> => {
    const root = folderWith({ ...python, 'shop/a.py': text });
    return (await pythonCandidates(root, sourceFiles(root), packageRoot)).filter(({ file }) => file === 'shop/a.py');
  };
  const PARSE = 'parse_user shop/user.py: def parse_user(body):';

  const cases: readonly [string, string, string[]][] = [
    ['a function by name', 'from shop.user import parse_user\nparse_user("x")\n', [PARSE]],
    ['a relative import', 'from .user import parse_user\nparse_user("x")\n', [PARSE]],
    ['through a module', 'from shop import user\nuser.parse_user("x")\n', [PARSE]],
    ['through a module under another name', 'import shop.user as users\nusers.LIMIT_TOTAL\n', ['LIMIT_TOTAL shop/user.py: LIMIT_TOTAL = 3']],
    ['declared under a condition', 'from .user import conditional\nconditional()\n', ['conditional shop/user.py: def conditional():']],
    ['a method of an annotated parameter', 'from .user import User\ndef f(u: User | None):\n    u.rename(1)\nUser()\n', ['rename shop/user.py: def rename(self, to):']],
    ['a field of what was built', 'from .user import User\nu = User()\nUser()\nprint(u.renamed)\n', ['renamed shop/user.py: self.renamed = to']],
    ['a method of the base class', 'from .user import User\nclass Mine(User):\n    def go(self):\n        self.rename(2)\nUser()\n', ['rename shop/user.py: def rename(self, to):']],
    ['not one that the class has itself', 'from .user import User\nclass Mine(User):\n    kind = 1\n    def go(self):\n        return 1\nUser()\n', []],
    ['not of something unknown', 'from .user import User\ndef f(u):\n    u.rename(1)\nUser()\nUser()\n', []],
    ['not twice in the file', 'from .user import parse_user\nparse_user(1)\nparse_user(2)\n', []],
    ['not when a string names it too', 'from .user import parse_user\n"""parse_user"""\nparse_user(2)\n', []],
    ['not under another name', 'from .user import parse_user as p\np(1)\n', []],
  ];
  const root = folderWith({ ...python, ...Object.fromEntries(cases.map(([, text], index) => [`shop/case${index}.py`, text])) });
  let candidates: Candidate[];
  beforeAll(async () => {
    candidates = await pythonCandidates(root, sourceFiles(root), packageRoot);
  });

  it.each(cases.map(([name, , wanted], index) => ({ name, wanted, file: `shop/case${index}.py` })))('$name', ({ wanted, file }) => {
    expect(found(candidates, file)).toEqual(wanted);
  });

  it('offsets count UTF-16 units, over CRLF', async () => {
    const text = '# 🦊\r\nfrom .user import parse_user\r\nfox = "🦊"; parse_user(fox)\r\n';
    const [candidate] = await candidatesOf(text);
    expect(text.slice(candidate.offset).trimEnd()).toBe('parse_user(fox)');
  });

  it('a file that does not parse is left out, the others are not', async () => {
    const root = folderWith({ ...python, 'shop/broken.py': 'def (:\n', 'shop/a.py': 'from .user import parse_user\nparse_user("x")\n' });
    expect(found(await pythonCandidates(root, sourceFiles(root), packageRoot), 'shop/a.py')).toEqual([PARSE]);
  });
});
