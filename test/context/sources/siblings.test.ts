// Which files beside the current one are drawn on, for what, and how much of each. Each case is data.
import { test } from 'vitest';
import { check, type Given, type Wanted } from './check.js';

const cases: Record<string, [fixture: string, wanted: Wanted, given?: Given]> = {
  'naming family before the rest of the folder': [
    `--- users/user.service.ts\nexport class UserService {\n  ‸\n}\n--- users/user.controller.ts\nexport class UserController {\n  get() {\n    return 1;\n  }\n}\n--- users/order.ts\nexport const order = 1;\n--- other/user.ts\nexport const far = 1;\n`,
    { plan: ['users/order.ts 0.05 in the same folder', 'users/user.controller.ts 0.2 of the same family, user'], holds: ['get() { ... }'], lacks: ['far'] },
  ],
  'a test beside its subject': [
    `--- src/price.ts\nexport function total() {\n  return ‸;\n}\n--- src/price.test.ts\nimport { total } from './price';\nexpect(total()).toBe(3);\n`,
    { plan: ['src/price.test.ts 0.25 tests this file'], holds: ['toBe(3)'] },
  ],
  'a test in a folder that mirrors the sources, and its subject': [
    `--- src/shop/price.py\ndef total():\n    return ‸\n--- tests/shop/test_price.py\nfrom shop.price import total\n\n\ndef test_total():\n    assert total() == 3\n`,
    { plan: ['tests/shop/test_price.py 0.25 tests this file'], holds: ['total() == 3'] },
  ],
  'the subject of a test': [
    `--- tests/test_price.py\ndef test_total():\n    ‸\n--- shop/other.py\nx = 1\n--- price.py\ndef total():\n    return 3\n`,
    { plan: ['price.py 0.25 is what this file tests'], holds: ['def total(): ...'] },
  ],
  'importers, once they are known, where they use this file': [
    `--- lib/a.ts\nexport function send() {\n  ‸\n}\n--- app/main.ts\nimport { send } from '../lib/a';\n\nexport function unrelated() {\n${'  nothing();\n'.repeat(130)}}\n\nexport function start() {\n  send();\n${'  nothing();\n'.repeat(130)}}\n`,
    { plan: ['app/main.ts 0.25 imports this file'], holds: ['send();'], lacks: ['unrelated'] },
    { outlined: ['app/main.ts'] },
  ],
  'a mentioned name that is declared beside it comes whole and last, unless it means something here': [
    `--- a.ts\nimport { taken } from 'elsewhere';\nfunction own() {}\nuse(taken, own, offered‸\n--- b.ts\nexport function taken() {\n  one();\n}\nexport function own() {\n  two();\n}\n--- c.ts\nexport function offered() {\n  three();\n}\n`,
    { plan: ['b.ts 0.05 in the same folder', 'c.ts 1 declares offered, mentioned near the cursor'], holds: ['three();'], lacks: ['one();', 'two();'] },
  ],
  'what is open and what was edited, wherever it lies': [
    `--- a.ts\nconst a = ‸\n--- far/b.ts\nexport const b = 'old';\n--- far/c.ts\nexport const c = 'c';\n`,
    { plan: ['far/b.ts 0.15 open in the editor'], holds: ["'new'"] },
    { changes: [{ kind: 'open', path: 'far/b.ts', text: "export const b = 'new';\n" }] },
  ],
  'another language: pieces between blank lines, those that declare what is mentioned whole': [
    `--- store/find.go\npackage store\n\nfunc Find(id int) *User {\n\treturn NewUser(‸\n}\n--- store/user.go\npackage store\n\n${Array.from({ length: 60 }, (_, i) => `func helper${i}() {\n\twork(${i})\n\twork(${i})\n}\n\n`).join('')}// NewUser makes one.\nfunc NewUser(id int) *User {\n\treturn &User{}\n}\n`,
    { plan: ['store/user.go 0.05 in the same folder', 'store/user.go 1 declares NewUser, mentioned near the cursor'], holds: ['return &User{}'] },
  ],
};

for (const [name, [fixture, wanted, given]] of Object.entries(cases)) test(name, () => check('siblings', fixture, wanted, given));
