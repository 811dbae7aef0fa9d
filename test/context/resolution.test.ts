// Which files the imports of the marked file lead to, nearest mention first. Each case is data.
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { prepare, Workspace } from '../../context/index.js';
import { layOut } from '../harness/fixture.js';

const countTokens = (texts: readonly string[]): Promise<number[]> => Promise.resolve(texts.map((t) => Math.ceil(t.length / 4)));

/** `expected`: files of the plan, the most relevant first, own file left out. */
async function check(source: string, expected: readonly string[], roots: readonly string[] = ['.'], exclude: readonly string[] = []): Promise<void> {
  const { root, cursor } = layOut(source);
  const workspace = new Workspace(roots.map((r) => (r === '.' ? root : `${root}/${r}`)), { exclude });
  const { plan } = await prepare(workspace.snapshot, cursor, { contextTokensMax: 8000, prefixTokensMax: 256, suffixTokensMax: 32, importTokensMax: 256, countTokens, sources: ['imports'] });
  const paths = plan.segments.filter((s) => s.source === 'imports').map((s) => s.segment.path);
  expect([...new Set(paths)].reverse()).toEqual(expected);
}

const cases: Record<string, [source: string, expected: string[], roots?: string[], exclude?: string[]]> = {
  'relative, without extension, in the order of mention': [
    `--- src/a.ts\nimport { first } from './first';\nimport { second } from './second';\nfirst();\nsecond();\n‸\n--- src/first.ts\nexport const first = 1;\n--- src/second.ts\nexport const second = 2;\n`,
    ['src/second.ts', 'src/first.ts'],
  ],
  'what is not mentioned follows in file order': [
    `--- a.ts\nimport { x } from './x';\nimport { y } from './y';\nimport { z } from './z';\nz;‸\n--- x.ts\nexport const x = 1;\n--- y.ts\nexport const y = 1;\n--- z.ts\nexport const z = 1;\n`,
    ['z.ts', 'x.ts', 'y.ts'],
  ],
  'what is mentioned after the cursor comes after what is mentioned before it': [
    `--- a.ts\nimport { x } from './x';\nimport { y } from './y';\ny;\n‸\nx;\n--- x.ts\nexport const x = 1;\n--- y.ts\nexport const y = 1;\n`,
    ['y.ts', 'x.ts'],
  ],
  '.js that means .ts, and a type-only import': [`--- a.ts\nimport type { T } from './t.js';\nlet t: T‸\n--- t.ts\nexport interface T { a: 1 }\n`, ['t.ts']],
  '.mjs that means .mts': [`--- a.mts\nimport { t } from './t.mjs';\nt‸\n--- t.mts\nexport const t = 1;\n`, ['t.mts']],
  'an index file': [`--- a.tsx\nimport { T } from './t';\n<T/>‸\n--- t/index.tsx\nexport const T = () => <b/>;\n`, ['t/index.tsx']],
  'JavaScript: require, taken apart and whole, and a dynamic import': [
    `--- a.js\nconst { b } = require('./b');\nconst c = require('./c.cjs');\nasync function f() { const { d } = await import('./d.mjs'); }\nb; ‸\n--- b.js\nexports.b = () => 1;\n--- c.cjs\nmodule.exports = { c: 1 };\n--- d.mjs\nexport const d = 1;\n`,
    ['b.js', 'c.cjs', 'd.mjs'],
  ],
  'JSX': [`--- a.jsx\nimport B from './B';\nexport const A = () => <B‸ />;\n--- B.jsx\nexport default function B() { return <i/>; }\n`, ['B.jsx']],
  'export from counts': [`--- a.ts\nexport { b } from './b';\nexport * from './c';\n‸\n--- b.ts\nexport const b = 1;\n--- c.ts\nexport const c = 1;\n`, ['b.ts', 'c.ts']],
  'tsconfig paths and baseUrl, through extends': [
    `--- tsconfig.base.json\n{ "compilerOptions": { "baseUrl": ".", "paths": { "@/*": ["src/*"] } } }\n--- tsconfig.json\n{ // a comment\n "extends": "./tsconfig.base.json" }\n--- src/deep/a.ts\nimport { b } from '@/b';\nb‸\n--- src/b.ts\nexport const b = 1;\n`,
    ['src/b.ts'],
  ],
  'a broken tsconfig does not hinder relative imports': [`--- tsconfig.json\n{ oops\n--- a.ts\nimport { b } from './b';\nb‸\n--- b.ts\nexport const b = 1;\n`, ['b.ts']],
  'a workspace package through node_modules, to its source': [
    `--- package.json\n{ "workspaces": ["packages/*"] }\n--- packages/app/package.json\n{ "name": "app" }\n--- packages/app/a.ts\nimport { b } from '@x/lib';\nimport { c } from '@x/lib/c';\nb; c‸\n--- packages/lib/package.json\n{ "name": "@x/lib", "exports": { ".": "./dist/index.js", "./c": "./dist/c.js" } }\n--- packages/lib/src/index.ts\nexport const b = 1;\n--- packages/lib/src/c.ts\nexport const c = 1;\n--- node_modules/@x/lib -> ../../packages/lib\n`,
    ['packages/lib/src/c.ts', 'packages/lib/src/index.ts'],
  ],
  'sources in folders that others build into': [
    `--- package.json\n{}\n--- src/a.ts\nimport { T } from '../types';\nimport { auth } from '../lib/auth';\nlet t: T; auth‸\n--- src/index.ts\nexport const no = 1;\n--- types/index.ts\nexport interface T { a: 1 }\n--- lib/auth.ts\nexport const auth = 1;\n--- auth.ts\nexport const no = 2;\n`,
    ['lib/auth.ts', 'types/index.ts'],
  ],
  'a built workspace package still means its source': [
    `--- package.json\n{}\n--- packages/app/a.ts\nimport { b } from 'lib';\nb‸\n--- packages/lib/package.json\n{ "name": "lib", "types": "./dist/index.d.ts" }\n--- packages/lib/dist/index.d.ts\nexport declare const b = 1;\n--- packages/lib/src/index.ts\nexport const b = 1;\n--- node_modules/lib -> ../packages/lib\n`,
    ['packages/lib/src/index.ts'],
  ],
  'a workspace package built into folders in folders, ignored and installed': [
    `--- package.json\n{}\n--- .gitignore\ndist/\npackages/old/lib/\n--- packages/app/a.ts\nimport { b } from 'lib';\nimport { c } from 'lib/c';\nimport { t } from 'lib/types';\nimport { u } from 'old';\nb; c; t; u‸\n--- packages/lib/package.json\n{ "name": "lib", "types": "./dist/types/index.d.ts", "exports": { ".": { "types": "./dist/types/index.d.ts", "import": "./dist/esm/index.js" }, "./c": "./dist/esm/c.js", "./types": "./dist/esm/types/index.js" } }\n--- packages/lib/dist/esm/package.json\n{ "type": "module" }\n--- packages/lib/dist/types/index.d.ts\nexport declare const b = 1;\n--- packages/lib/dist/esm/index.js\n--- packages/lib/dist/esm/c.js\n--- packages/lib/dist/esm/types/index.js\n--- packages/lib/src/index.ts\nexport const b = 1;\n--- packages/lib/src/c.ts\nexport const c = 1;\n--- packages/lib/src/types/index.ts\nexport const t = 1;\n--- packages/old/package.json\n{ "main": "lib/cjs/main.js" }\n--- packages/old/lib/cjs/main.js\n--- packages/old/src/main.ts\nexport const u = 1;\n--- node_modules/lib -> ../packages/lib\n--- node_modules/old -> ../packages/old\n`,
    ['packages/old/src/main.ts', 'packages/lib/src/types/index.ts', 'packages/lib/src/c.ts', 'packages/lib/src/index.ts'],
  ],
  'a built workspace package in JavaScript, and one whose output has a name of its own': [
    `--- package.json\n{}\n--- .gitignore\ndist/\n--- a.js\nimport { b } from 'lib';\nimport { c } from 'bundled';\nb; c‸\n--- packages/lib/package.json\n{ "main": "dist/index.js" }\n--- packages/lib/dist/index.js\n--- packages/lib/src/index.js\nexport const b = 1;\n--- packages/bundled/package.json\n{ "main": "dist/bundled.min.js" }\n--- packages/bundled/dist/bundled.min.js\n--- packages/bundled/src/index.jsx\nexport const c = 1;\n--- node_modules/lib -> ../packages/lib\n--- node_modules/bundled -> ../packages/bundled\n`,
    ['packages/bundled/src/index.jsx', 'packages/lib/src/index.js'],
  ],
  'JavaScript written by hand beside src is a source itself': [
    `--- package.json\n{}\n--- index.js\nimport { b } from './lib/b.js';\nb‸\n--- lib/b.js\nexport const b = 1;\n--- src/b.js\nexport const no = 1;\n--- b.js\nexport const no = 1;\n`,
    ['lib/b.js'],
  ],
  'JavaScript that is excluded is no output': [`--- package.json\n{}\n--- a.js\nimport { b } from './lib/vendor.js';\nb‸\n--- lib/vendor.js\nexport const b = 1;\n--- src/vendor.js\nexport const no = 1;\n`, [], ['.'], ['lib/vendor.js']],
  'JavaScript beside an output, which passes it on, is not what it is built from': [
    `--- package.json\n{}\n--- .gitignore\ndist/\n--- a.js\nimport { b } from 'lib';\nb‸\n--- packages/lib/package.json\n{ "main": "dist/index.js" }\n--- packages/lib/dist/index.js\n--- packages/lib/src/main.ts\nexport const b = 1;\n--- packages/lib/index.js\nmodule.exports = require('./dist');\n--- node_modules/lib -> ../packages/lib\n`,
    [],
  ],
  'a workspace package that was never installed, by its exports or its name': [
    `--- package.json\n{ "workspaces": ["packages/*", "!packages/no"] }\n--- packages/app/a.ts\nimport { b } from '@x/lib';\nimport { c } from '@x/lib/c';\nb; c‸\n--- packages/lib/package.json\n{ "name": "@x/lib", "exports": { ".": "./dist/index.js", "./c": "./src/deep/c.ts" } }\n--- packages/lib/src/index.ts\nexport const b = 1;\n--- packages/lib/src/deep/c.ts\nexport const c = 1;\n`,
    ['packages/lib/src/deep/c.ts', 'packages/lib/src/index.ts'],
  ],
  'a workspace package in JavaScript that was never installed, by its main, its place and its output': [
    `--- package.json\n{ "workspaces": ["packages/*"] }\n--- a.js\nimport { b } from 'b';\nimport { c } from 'c';\nimport { d } from 'd';\nimport { e } from 'd/e';\nb; c; d; e‸\n--- packages/b/package.json\n{ "name": "b", "main": "./src/entry.js" }\n--- packages/b/src/entry.js\nexport const b = 1;\n--- packages/c/package.json\n{ "name": "c" }\n--- packages/c/index.js\nexport const c = 1;\n--- packages/d/package.json\n{ "name": "d", "main": "dist/main.js" }\n--- packages/d/src/main.js\nexport const d = 1;\n--- packages/d/e/index.js\nexport const e = 1;\n`,
    ['packages/d/e/index.js', 'packages/d/src/main.js', 'packages/c/index.js', 'packages/b/src/entry.js'],
  ],
  "a workspace package that pnpm's file names": [
    `--- package.json\n{}\n--- pnpm-workspace.yaml\npackages:\n  # all\n  - 'libs/**'\n--- a.ts\nimport { b } from 'lib';\nb‸\n--- libs/deep/lib/package.json\n{ "name": "lib" }\n--- libs/deep/lib/index.ts\nexport const b = 1;\n`,
    ['libs/deep/lib/index.ts'],
  ],
  "a workspace package that pnpm's file names, of many, with a carriage return a line": [
    `--- package.json\n{}\n--- pnpm-workspace.yaml\npackages:\r\n  - 'apps/*'\r\n\r\n  - libs/* # the others\r\n--- a.ts\nimport { b } from 'lib';\nb‸\n--- libs/lib/package.json\n{ "name": "lib" }\n--- libs/lib/index.ts\nexport const b = 1;\n`,
    ['libs/lib/index.ts'],
  ],
  'tsconfig project references': [
    `--- tsconfig.json\n{ "files": [], "references": [{ "path": "./tsconfig.app.json" }] }\n--- tsconfig.app.json\n{ "compilerOptions": { "composite": true, "paths": { "@/*": ["./app/*"] } }, "include": ["src"] }\n--- src/a.ts\nimport { b } from '@/b';\nb‸\n--- app/b.ts\nexport const b = 1;\n`,
    ['app/b.ts'],
  ],
  'baseUrl without paths': [`--- tsconfig.json\n{ "compilerOptions": { "baseUrl": "src" } }\n--- src/deep/a.ts\nimport { b } from 'lib/b';\nb‸\n--- src/lib/b.ts\nexport const b = 1;\n`, ['src/lib/b.ts']],
  'tsconfig paths of a file that the project leaves out: a test': [
    `--- tsconfig.json\n{ "compilerOptions": { "paths": { "@/*": ["./src/*"] } }, "exclude": ["**/*.test.ts"] }\n--- src/a.test.ts\nimport { b } from '@/b';\nb‸\n--- src/b.ts\nexport const b = 1;\n`,
    ['src/b.ts'],
  ],
  'tsconfig paths of a file that no project named includes, in JavaScript': [
    `--- tsconfig.json\n{ "files": [], "references": [{ "path": "./tsconfig.app.json" }] }\n--- tsconfig.app.json\n{ "compilerOptions": { "composite": true, "paths": { "@/*": ["./src/*"] } }, "include": ["src"] }\n--- tests/a.js\nimport { b } from '@/b';\nb‸\n--- src/b.ts\nexport const b = 1;\n`,
    ['src/b.ts'],
  ],
  'jsconfig.json for JavaScript': [`--- jsconfig.json\n{ "compilerOptions": { "paths": { "~/*": ["./lib/*"] } } }\n--- a.js\nimport { b } from '~/b';\nb‸\n--- lib/b.js\nexport const b = 1;\n`, ['lib/b.js']],
  '.jsx that means .tsx, .cjs that means .cts, and a declaration file alone': [
    `--- a.ts\nimport { t } from './t.jsx';\nimport { c } from './c.cjs';\nimport { d } from './d.js';\nt; c; d‸\n--- t.tsx\nexport const t = 1;\n--- c.cts\nexport const c = 1;\n--- d.d.ts\nexport declare const d: 1;\n`,
    ['d.d.ts', 'c.cts', 't.tsx'],
  ],
  'a package asks for itself by name': [`--- package.json\n{ "name": "own", "exports": { "./b": "./src/b.ts" } }\n--- src/a.ts\nimport { b } from 'own/b';\nb‸\n--- src/b.ts\nexport const b = 1;\n`, ['src/b.ts']],
  'package.json imports': [`--- package.json\n{ "imports": { "#b": "./src/b.ts" } }\n--- src/a.ts\nimport { b } from '#b';\nb‸\n--- src/b.ts\nexport const b = 1;\n`, ['src/b.ts']],
  'what a package asks of itself, by imports and by name, into an output that was never built': [
    `--- package.json\n{ "name": "own", "imports": { "#d/*": "./dist/*.js", "#d/*.json": "./no/*.json" }, "exports": { "./c": { "types": "./dist/types/c.d.ts", "default": "./dist/c.js" } } }\n--- src/a.ts\nimport { b } from '#d/b';\nimport { c } from 'own/c';\nb; c‸\n--- src/b.ts\nexport const b = 1;\n--- src/c.ts\nexport const c = 1;\n`,
    ['src/c.ts', 'src/b.ts'],
  ],
  'an installed workspace package that was never built, by what its exports say': [
    `--- a.ts\nimport { b } from 'lib';\nimport { c } from 'lib/server';\nimport { d } from 'lib/parts/d';\nimport { e } from 'lib/parts/own/e.js';\nimport { f } from 'lib/unlisted';\nb; c; d; e; f‸\n--- package.json\n{}\n--- lib/package.json\n{ "exports": { ".": ["./dist/main.js"], "./server": { "worker": "./dist/no.js", "node": { "import": "./dist/server/entry.js" } }, "./parts/*": "./dist/parts/*.js", "./parts/own/*.js": "./dist/own/*.js", "./parts/none/*": null } }\n--- lib/src/main.ts\nexport const b = 1;\n--- lib/src/index.ts\nexport const no = 1;\n--- lib/src/no.ts\nexport const no = 1;\n--- lib/src/server/entry.ts\nexport const c = 1;\n--- lib/src/parts/d.ts\nexport const d = 1;\n--- lib/src/own/e.ts\nexport const e = 1;\n--- lib/src/unlisted.ts\nexport const f = 1;\n--- node_modules/lib -> ../lib\n`,
    ['lib/src/unlisted.ts', 'lib/src/own/e.ts', 'lib/src/parts/d.ts', 'lib/src/server/entry.ts', 'lib/src/main.ts'],
  ],
  'a file for each platform, by path and by alias, where there is none for all': [
    `--- tsconfig.json\n{ "compilerOptions": { "paths": { "@/*": ["./ui/*"] } } }\n--- a.tsx\nimport { Button } from './Button';\nimport { Card } from '@/Card';\nimport { List } from './List';\n<Button/>; <Card/>; <List/>‸\n--- Button.android.tsx\nexport const Button = 1;\n--- Button.ios.tsx\nexport const Button = 1;\n--- ui/Card/index.native.js\nexport const Card = 1;\n--- List.web.tsx\nexport const List = 1;\n--- List/index.ts\nexport const List = 1;\n`,
    ['List/index.ts', 'ui/Card/index.native.js', 'Button.ios.tsx'],
  ],
  'installed packages are not followed': [`--- a.ts\nimport { b } from 'b';\nb‸\n--- node_modules/b/index.ts\nexport const b = 1;\n`, []],
  'a barrel leads to where the name is declared': [
    `--- a.ts\nimport { Deep } from './barrel';\nDeep‸\n--- barrel/index.ts\nexport * from './one';\nexport { Two } from './two';\n--- barrel/one.ts\nexport * from './deep';\n--- barrel/two.ts\nexport class Two {}\n--- barrel/deep.ts\nexport class Deep {}\n`,
    ['barrel/deep.ts', 'barrel/index.ts'],
  ],
  'CommonJS: a module that is another one, for names, for members and as a whole': [
    `--- a.js\nconst { One } = require('./one');\nconst two = require('./two');\nconst Three = require('./three');\nOne; two.make(); new Three()‸\n--- one.js\nmodule.exports = require('./lib/one');\n--- lib/one.js\nmodule.exports = { ...require('./more') };\n--- lib/more.js\nexports.One = class {};\n--- two.js\nexports = module.exports = require('./lib/two');\n--- lib/two.js\nexports.make = () => 1;\n--- three.js\nmodule.exports = require('./lib');\n--- lib/index.js\nmodule.exports = require('./three');\n--- lib/three.js\nmodule.exports = class {};\n`,
    ['lib/three.js', 'three.js', 'lib/two.js', 'two.js', 'lib/more.js', 'one.js'],
  ],
  'CommonJS: a barrel of modules and of names': [
    `--- a.js\nconst { User, Role, Group, Team } = require('./models');\nconst Item = require('./item').Item;\nUser; Role; Group; Team; Item‸\n--- models/index.js\nconst Team = require('./team').Team;\nexports.Group = require('./group').Group;\nmodule.exports = { User: require('./user'), Role: require('./role').Role, Team };\n--- models/user.js\nclass User {}\nmodule.exports = User;\n--- models/role.js\nexports.Role = class {};\n--- models/group.js\nexports.Group = class {};\n--- models/team.js\nexports.Team = class {};\n--- item.js\nexports.Item = class {};\n`,
    ['item.js', 'models/team.js', 'models/index.js', 'models/group.js', 'models/role.js', 'models/user.js'],
  ],
  'a barrel passes on what it exports, not what it only imports': [
    `--- a.ts\nimport { on } from './barrel';\nimport { scroll } from './deep';\non; scroll‸\n--- barrel.ts\nimport { on } from './own';\nexport * from './core';\non;\n--- own.ts\nexport const on = 1;\n--- core.ts\nexport const on = 2;\n--- deep.ts\nexport * from './deep1';\n--- deep1.ts\nexport * from './deep2';\n--- deep2.ts\nexport * from './deep3';\n--- deep3.ts\nimport { scroll } from './deep4';\nexport { scroll };\n--- deep4.ts\nexport { scroll } from './deep5';\n--- deep5.ts\nexport const scroll = 1;\n`,
    ['deep5.ts', 'deep.ts', 'core.ts', 'barrel.ts'],
  ],
  'CommonJS: what is imported and exported by its own name, and what is not': [
    `--- a.js\nconst { one, two } = require('./barrel');\none; two‸\n--- barrel.js\nconst { one } = require('./one');\nconst { two } = require('./no');\nmodule.exports = { one, ...require('./two') };\n--- one.js\nexports.one = 1;\n--- no.js\nexports.two = 1;\n--- two.js\nexports.two = 2;\n`,
    ['two.js', 'barrel.js', 'one.js'],
  ],
  'what JavaScript does not declare, the declaration file beside it does': [
    `--- a.ts\nimport { One, type Two } from './lib';\nOne; let t: Two‸\n--- lib.js\nexports.One = class {};\n--- lib.d.ts\nexport declare class One {}\nexport { Two } from './two';\n--- two.d.ts\nexport interface Two { a: 1 }\n`,
    ['lib.js', 'two.d.ts'],
  ],
  'a namespace import leads to the names taken from it': [
    `--- a.ts\nimport * as ns from './barrel';\nns.two‸\n--- barrel.ts\nexport { one } from './one';\nexport { two } from './two';\n--- one.ts\nexport const one = 1;\n--- two.ts\nexport const two = 1;\n`,
    ['two.ts', 'barrel.ts'],
  ],
  'a cycle is harmless': [`--- a.ts\nimport { b } from './b';\nb‸\n--- b.ts\nexport * from './c';\n--- c.ts\nexport * from './b';\nexport * from './a';\n`, ['b.ts']],
  'a broken file still yields its imports': [`--- a.ts\nimport { b } from './b';\nclass { function ( ‸\n--- b.ts\nexport const b = 1;\n`, ['b.ts']],

  'Python: absolute from the root, a package and a module': [
    `--- app/__init__.py\n--- app/main.py\nfrom app.models import User\nimport app.util\nUser()\napp.util.go‸\n--- app/models/__init__.py\nclass User: pass\n--- app/util.py\ndef go(): pass\n`,
    ['app/util.py', 'app/models/__init__.py'],
  ],
  'Python: relative, with names that are modules': [
    `--- app/__init__.py\n--- app/sub/__init__.py\n--- app/sub/main.py\nfrom . import near\nfrom ..other import thing\nnear.x\nthing‸\n--- app/sub/near.py\nx = 1\n--- app/other.py\nthing = 1\n`,
    ['app/other.py', 'app/sub/near.py'],
  ],
  'Python: src layout, the root without __init__': [`--- pyproject.toml\n--- src/pkg/__init__.py\n--- src/pkg/b.py\ndef f(): pass\n--- tests/test_b.py\nfrom pkg.b import f\nf‸\n`, ['src/pkg/b.py']],
  'Python: src layout without __init__ anywhere': [`--- src/pkg/a.py\nfrom pkg.b import f\nf‸\n--- src/pkg/b.py\ndef f(): pass\n`, ['src/pkg/b.py']],
  'Python: a namespace package': [`--- ns/one/a.py\nfrom ns.two import b\nb.f‸\n--- ns/two/b.py\ndef f(): pass\n`, ['ns/two/b.py']],
  'Python: a script beside its module': [`--- tools/run.py\nimport helper\nhelper.go‸\n--- tools/helper.py\ndef go(): pass\n`, ['tools/helper.py']],
  'Python: a package does not shadow the standard library from inside': [`--- app/__init__.py\n--- app/a.py\nimport logging\nlogging.x‸\n--- app/logging.py\nx = 1\n`, []],
  'Python: __init__ passes a name on': [
    `--- app/__init__.py\nfrom .core import Core\nfrom .star import *\n--- app/core.py\nclass Core: pass\n--- app/star.py\nclass Star: pass\n--- main.py\nfrom app import Core, Star\nCore()\nStar‸\n`,
    ['app/star.py', 'app/__init__.py', 'app/core.py'],
  ],
  'Python: everything of a package leads to where what is mentioned is declared': [
    `--- app/__init__.py\n--- app/models/__init__.py\nfrom .user import User\nfrom .role import *\nfrom .group import Group\n--- app/models/user.py\nclass User: pass\n--- app/models/role.py\nclass Role: pass\n--- app/models/group.py\nclass Group: pass\n--- main.py\nfrom app.models import *\nRole()\nUser(‸)\n`,
    ['app/models/user.py', 'app/models/role.py', 'app/models/__init__.py'],
  ],
  'export * takes nothing of what is mentioned': [`--- a.ts\nimport { c } from './c';\nexport * from './barrel';\nb; c‸\n--- barrel.ts\nexport { b } from './b';\n--- b.ts\nexport const b = 1;\n--- c.ts\nexport const c = 1;\n`, ['c.ts', 'barrel.ts']],
  'Python: inside functions and TYPE_CHECKING': [
    `--- a.py\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from b import B\ndef f(x: "B"):\n    from c import (\n        C,\n    )\n    C‸\n--- b.py\nclass B: pass\n--- c.py\nclass C: pass\n`,
    ['c.py', 'b.py'],
  ],
  'Python: what a package loads lazily, as its stub says it': [
    `--- main.py\nfrom pkg import Core, near\nCore()\nnear‸\n--- pkg/__init__.py\nimport lazy_loader\n__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)\n--- pkg/__init__.pyi\nfrom . import near\nfrom .core import Core\n--- pkg/core.py\nclass Core: pass\n--- pkg/near.py\nx = 1\n`,
    ['pkg/__init__.py', 'pkg/near.py', 'pkg/core.py'],
  ],
  'Python: opened inside the package': [`--- pkg/__init__.py\n--- pkg/a.py\nfrom pkg.b import f\nf‸\n--- pkg/b.py\ndef f(): pass\n`, ['b.py'], ['pkg']],
  'Python: stubs where there is no module': [`--- a.py\nfrom b import f\nf‸\n--- b.pyi\ndef f() -> int: ...\n`, ['b.pyi']],

  'Python: stubs in a folder for them, and a package of stubs': [
    `--- app/a.py\nimport one\nfrom two.sub import f\none.x\nf‸\n--- typings/one.pyi\nx: int\n--- stubs/two-stubs/sub.pyi\ndef f() -> int: ...\n`,
    ['stubs/two-stubs/sub.pyi', 'typings/one.pyi'],
  ],
  'Python: beside manage.py, which is no package': [`--- site/manage.py\n--- site/shop/__init__.py\n--- site/shop/models.py\nclass Item: pass\n--- site/shop/views/list.py\nfrom shop.models import Item\nItem‸\n`, ['site/shop/models.py']],
  'Python: a namespace package over src layouts': [
    `--- one/src/ns/a.py\nfrom ns.two import b\nb.f‸\n--- two/src/ns/two/b.py\ndef f(): pass\n--- one/src/ns/two/b.py\ndef f(): pass\n`,
    ['one/src/ns/two/b.py'],
  ],
  'Python: another project of the workspace, its package whole and a module of it': [
    `--- pyproject.toml\n[tool.uv.workspace]\nmembers = ["packages/*"]\n--- packages/app/pyproject.toml\n--- packages/app/src/app/main.py\nfrom core import Base\nfrom core.db import Session\nBase\nSession‸\n--- packages/core/pyproject.toml\n--- packages/core/src/core/__init__.py\nclass Base: pass\n--- packages/core/src/core/db.py\nclass Session: pass\n`,
    ['packages/core/src/core/db.py', 'packages/core/src/core/__init__.py'],
  ],
  'Python: another project without __init__ and without src': [
    `--- .git/HEAD\n--- libs/app/setup.py\n--- libs/app/app/main.py\nfrom core import db\ndb.x‸\n--- libs/core/setup.py\n--- libs/core/core/db.py\nx = 1\n`,
    ['libs/core/core/db.py'],
  ],
  'Python: tests beside a project': [`--- .git/HEAD\n--- tests/test_models.py\nfrom app.models import User\nUser‸\n--- backend/pyproject.toml\n--- backend/app/models.py\nclass User: pass\n`, ['backend/app/models.py']],
  'Python: where manifests say that packages lie': [
    `--- .git/HEAD\n--- a.py\nimport one, two, three, four\none.x\ntwo.x\nthree.x\nfour.x‸\n--- p/pyproject.toml\n[tool.setuptools.packages.find]\nwhere = ["code"]\n--- p/code/one.py\nx = 1\n--- q/setup.cfg\n[options]\npackage_dir =\n    = py\n--- q/py/two.py\nx = 1\n--- r/setup.py\nsetup(package_dir={'': 'lib/py'})\n--- r/lib/py/three.py\nx = 1\n--- s/pyproject.toml\n[tool.poetry]\npackages = [{ include = "four", from = "in" }]\n--- s/in/four.py\nx = 1\n`,
    ['s/in/four.py', 'r/lib/py/three.py', 'q/py/two.py', 'p/code/one.py'],
  ],
  'Python: where Hatch and PDM say that packages lie': [
    `--- .git/HEAD\n--- a.py\nimport one, two, three\none.x\ntwo.x\nthree.x‸\n--- p/pyproject.toml\n[tool.hatch.build.targets.wheel]\npackages = [\n  "code/one",\n  "more/two",\n]\n--- p/code/one/__init__.py\nx = 1\n--- p/more/two/__init__.py\nx = 1\n--- q/pyproject.toml\n[tool.pdm.build]\npackage-dir = "py"\n--- q/py/three.py\nx = 1\n`,
    ['q/py/three.py', 'p/more/two/__init__.py', 'p/code/one/__init__.py'],
  ],
  'Python: manifests of a megabyte, in which a list or a blank never ends': [
    `--- .git/HEAD\n--- a.py\nimport one, two\none.x\ntwo.x‸\n--- p/pyproject.toml\npackages = [${'"x",'.repeat(260_000)}"code/one"\n--- p/code/one/__init__.py\nx = 1\n--- q/setup.cfg\nwhere = py\npackage_dir =${' '.repeat(1_000_000)}\n--- q/py/two.py\nx = 1\n`,
    ['q/py/two.py', 'p/code/one/__init__.py'],
  ],
  'Python: what is near counts before other projects': [`--- a.py\nfrom core import x\nx‸\n--- core.py\nx = 1\n--- p/pyproject.toml\n--- p/core.py\nx = 1\n`, ['core.py']],
  'Python: ignored projects are none, nor is what lies outside': [
    `--- .git/HEAD\n--- ws/.gitignore\ngen/\n--- ws/a.py\nimport one, two\none.x\ntwo.x‸\n--- ws/gen/setup.py\n--- ws/gen/one.py\nx = 1\n--- ws/p/pyproject.toml\nwhere = ["../../out"]\n--- out/two.py\nx = 1\n`,
    [],
    ['ws'],
  ],

  'several roots': [`--- one/a.ts\nimport { b } from '../two/b';\nb‸\n--- two/b.ts\nexport const b = 1;\n`, ['b.ts'], ['one', 'two']],
  'outside the roots': [`--- one/a.ts\nimport { b } from '../two/b';\nb‸\n--- two/b.ts\nexport const b = 1;\n`, [], ['one']],
  'by a link that leads out': [`--- one/a.ts\nimport { b } from './b';\nimport { c } from './dir/c';\nb; c‸\n--- two/b.ts\nexport const b = 1;\n--- two/c.ts\nexport const c = 1;\n--- one/b.ts -> ../two/b.ts\n--- one/dir -> ../two\n`, [], ['one']],
  'Python: a package and a module by links inside the workspace': [
    `--- svc/a/main.py\nfrom common import Base\nfrom common.db import Session\nimport one\nBase\nSession\none.x‸\n--- common/__init__.py\nclass Base: pass\n--- common/db.py\nclass Session: pass\n--- shared/one.py\nx = 1\n--- svc/a/common -> ../../common\n--- svc/a/one.py -> ../../shared/one.py\n`,
    ['shared/one.py', 'common/db.py', 'common/__init__.py'],
  ],
  'Python: by a link that leads out': [`--- ws/a.py\nimport one\nfrom two import three\none.x\nthree.x‸\n--- out/one.py\nx = 1\n--- out/two/three.py\nx = 1\n--- ws/one.py -> ../out/one.py\n--- ws/two -> ../out/two\n`, [], ['ws']],
  'ignored by git': [`--- .gitignore\ngen/\n--- a.ts\nimport { b } from './gen/b';\nb‸\n--- gen/b.ts\nexport const b = 1;\n`, []],
  'secrets, whatever imports ask for': [`--- a.ts\nimport x from './.env.ts';\nimport y from './.aws/y';\nx; y‸\n--- .env.ts\nexport default 'SECRET';\n--- .aws/y.ts\nexport default 'SECRET';\n`, []],
};

for (const [name, [source, expected, roots, exclude]] of Object.entries(cases)) test(name, () => check(source, expected, roots, exclude));

test('Python: folders that a project has installed to be edited, inside the roots', () => {
  const { root } = layOut(`--- ws/p/setup.py\n--- ws/p/.venv/pyvenv.cfg\n--- ws/p/.venv/lib/python3.12/site-packages/links.pth\n--- ws/a.py\n--- ws/far/from/any/project/one.py\n--- out/two.py\n`);
  writeFileSync(`${root}/ws/p/.venv/lib/python3.12/site-packages/links.pth`, `import no\n${root}/ws/far/from/any/project\n${root}/out\n`);
  const { snapshot } = new Workspace([`${root}/ws`]);
  expect(['one', 'two', 'no'].map((name) => snapshot.resolveModule(`${root}/ws/a.py`, name))).toEqual([{ file: `${root}/ws/far/from/any/project/one.py` }, undefined, undefined]);
});

test('who imports a file that is for one platform', () => {
  const { root } = layOut(`--- a.tsx\nimport { Button } from './Button';\n--- b.tsx\nimport { Button } from './Button.ios';\n--- c.tsx\nimport { Button } from './Button.android';\n--- Button.ios.tsx\n--- Button.android.tsx\n`);
  const { snapshot } = new Workspace([root]);
  for (const name of ['a', 'b', 'c']) snapshot.outline(`${root}/${name}.tsx`);
  expect([...snapshot.importersOf(`${root}/Button.ios.tsx`)].sort()).toEqual([`${root}/a.tsx`, `${root}/b.tsx`]);
});
