// What is told of installed packages: the imported names' declarations with their comments, without bodies. Each case is data.
import { test } from 'vitest';
import { check, type Wanted } from './check.js';

const site = '.venv/lib/python3.11/site-packages';
const venv = `--- .venv/pyvenv.cfg\nhome = here\n`;

const cases: Record<string, [fixture: string, wanted: Wanted]> = {
  'a declaration file, through what it passes on, with its comment': [
    `--- a.ts\nimport { parse } from 'lib';\nparse(‸)\n--- node_modules/lib/package.json\n{ "name": "lib", "types": "./dist/index.d.ts" }\n--- node_modules/lib/dist/index.d.ts\nexport * from './parse';\nexport declare const other: number;\n--- node_modules/lib/dist/parse.d.ts\n/** Reads a text. */\nexport declare function parse(text: string): number;\nexport declare function parse(text: string, radix: number): number;\nexport declare function format(n: number): string;\n`,
    { plan: ['dist/parse.d.ts 0.5 parse of lib, imported here'], holds: ['/** Reads a text. */', 'radix: number'], lacks: ['format', 'other'] },
  ],
  'types that are published apart': [
    `--- a.js\nconst { pick } = require('plain');\npick(‸)\n--- node_modules/plain/package.json\n{ "name": "plain", "main": "index.js" }\n--- node_modules/plain/index.js\nexports.pick = () => 1;\n--- node_modules/@types/plain/package.json\n{ "name": "@types/plain", "types": "index.d.ts" }\n--- node_modules/@types/plain/index.d.ts\nexport function pick(list: string[]): string;\n`,
    { plan: ['index.d.ts 0.5 pick of plain, imported here'], holds: ['list: string[]'] },
  ],
  'names taken of a whole module, the nearest last': [
    `--- a.ts\nimport * as lib from 'lib';\nlib.far();\nlib.near(‸)\n--- node_modules/lib/package.json\n{ "types": "index.d.ts" }\n--- node_modules/lib/index.d.ts\nexport declare function far(): 1;\nexport declare function near(): 2;\nexport declare function never(): 3;\n`,
    { plan: ['index.d.ts 0.5 far of lib, imported here', 'index.d.ts 0.5 near of lib, imported here'], lacks: ['never'] },
  ],
  'a module that is declared by its name, as that of VS Code is': [
    `--- a.ts\nimport * as lib from 'lib';\nlib.open(‸)\n--- node_modules/@types/lib/index.d.ts\ndeclare module 'lib' {\n  /** Opens a text. */\n  export function open(text: string): Doc;\n  export namespace inner { function never(): 1; }\n}\n`,
    { plan: ['index.d.ts 0.5 open of lib, imported here'], holds: ['/** Opens a text. */', 'text: string'], lacks: ['never'] },
  ],
  'Python: a function with its docstring, without its body': [
    `${venv}--- a.py\nfrom shop import total\n\ntotal(‸\n--- ${site}/shop/__init__.py\nfrom .core import total\n--- ${site}/shop/core.py\nimport os\n\n\ndef total(prices: list[int], tax: float = 0.2) -> float:\n    """Sums up.\n\n    With tax.\n    """\n    hidden = os.getpid()\n    return hidden\n`,
    { plan: ['shop/core.py 0.5 total of shop, imported here'], holds: ['tax: float = 0.2', 'With tax.'], lacks: ['hidden'] },
  ],
  'Python: a class with its members, by its stub where there is one': [
    `${venv}--- a.py\nfrom shop import Cart\n\nx = 1\n‸\n--- ${site}/shop/__init__.py\nclass Cart:\n    pass\n--- ${site}/shop-stubs/__init__.pyi\nclass Cart:\n    """Holds."""\n    def add(self, item: str) -> None: ...\n`,
    { plan: ['shop-stubs/__init__.pyi 0.25 Cart of shop, imported here'], holds: ['def add(self, item: str) -> None'] },
  ],
  'what the workspace itself declares is no dependency': [`--- a.ts\nimport { b } from './b';\nb(‸)\n--- b.ts\nexport const b = 1;\n`, { plan: [] }],
};

for (const [name, [fixture, wanted]] of Object.entries(cases)) test(name, () => check('apidocs', fixture, wanted));
