// What imports bring: whole declarations first, signatures for the rest of a file, and by name what stands behind an import. Each case is data.
import { test } from 'vitest';
import { check, type Given, type Wanted } from './check.js';

const body = (name: string, lines: number): string => Array.from({ length: lines }, (_, i) => `  run('${name}', ${i});\n`).join('');
const functions = (names: readonly string[]): string => names.map((name) => `export function ${name}(value: number) {\n${body(name, 80)}}\n\n`).join('');

const cases: Record<string, [fixture: string, wanted: Wanted, given?: Given]> = {
  'a type that an imported one mentions, and no other of its file': [
    `--- a.ts\nimport { Order } from './order';\nfunction f(order: Order) { order.‸ }\n--- order.ts\nimport type { Customer } from './customer';\nimport { unused } from './unused';\nexport interface Order {\n  customer: Customer;\n}\n--- customer.ts\nexport interface Customer {\n  email: string;\n}\nexport function far() {\n${body('far', 110)}}\n--- unused.ts\nexport const unused = 1;\n`,
    { plan: ['customer.ts 0.75 declares Customer, which Order mentions', 'order.ts 0.1 imported, Order mentioned near the cursor', 'order.ts 1 order is a Order, asked for a member at the cursor'], holds: ['email: string'], lacks: ['unused = 1', "'far'"] },
  ],
  'a class that an imported one inherits, passed on by a barrel': [
    `--- a.py\nfrom shop import Order\n\norder = Order()\norder.‸\n--- shop/__init__.py\nfrom .order import Order\n--- shop/order.py\nfrom .base import Record\n\n\nclass Order(Record):\n    total = 1\n--- shop/base.py\nclass Record:\n    def save(self):\n        pass\n`,
    { plan: ['shop/base.py 0.75 declares Record, which Order mentions', 'shop/__init__.py 0.1 imported, Order mentioned near the cursor', 'shop/order.py 0.1 imported, Order mentioned near the cursor', 'shop/order.py 1 order is a Order, asked for a member at the cursor'], holds: ['def save(self)'] },
  ],
  'files that import each other, and the current one': [
    `--- a.ts\nimport { B } from './b';\nexport type A = { b: B };\nconst b: B = ‸\n--- b.ts\nimport type { A } from './a';\nimport type { C } from './c';\nexport type B = { a: A; c: C };\n--- c.ts\nimport type { B } from './b';\nexport type C = { b: B };\n`,
    { plan: ['c.ts 0.75 declares C, which B mentions', 'b.ts 0.1 imported, B mentioned near the cursor', 'b.ts 1 declares B, imported here'] },
  ],
  'of a file without room: what is asked for whole, then its signatures': [
    `--- a.ts\nimport { f1 } from './f';\nf1(‸);\n--- f.ts\n${functions(['f0', 'f1', 'f2', 'f3', 'f4', 'f5'])}`,
    { plan: ['f.ts 0.5 signatures of a file that is imported, f1 mentioned near the cursor', 'f.ts 1 declares f1, imported here'], holds: ["'f1', 79", 'function f5(value: number) { ... }'], lacks: ["'f5'"] },
    { tokensMax: 500 },
  ],
  'a file with room stands whole, without signatures': [
    `--- a.ts\nimport { f1 } from './f';\nf1(‸);\n--- f.ts\n${functions(['f0', 'f1'])}`,
    { plan: ['f.ts 0.5 imported, f1 mentioned near the cursor', 'f.ts 1 declares f1, imported here'], lacks: ['{ ... }'] },
  ],
  'the members of what the text says the receiver is come first': [
    `--- a.ts\nimport { Shop } from './shop';\nimport { f0, f1, f2, f3 } from './f';\nf0(f1, f2, f3);\nclass Till {\n  private shop?: Shop;\n  open() {\n    this.shop.‸\n  }\n}\n--- shop.ts\nexport class Shop {\n${['sell', 'buy', 'stock'].map((m) => `  ${m}() {\n${body(m, 80)}  }\n\n`).join('')}}\n--- f.ts\n${functions(['f0', 'f1', 'f2', 'f3'])}`,
    { plan: Array(3).fill('shop.ts 1 this.shop is a Shop, asked for a member at the cursor'), holds: ["'stock', 79"] },
    { tokensMax: 1190 },
  ],
};

for (const [name, [fixture, wanted, given]] of Object.entries(cases)) test(name, () => check('imports', fixture, wanted, given));
