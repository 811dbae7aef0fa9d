// Which passages are read together at a marked cursor, and what of an earlier plan's groups outlives the cursor's moves. Each case is data.
import { expect, test } from 'vitest';
import type { ContextPlan } from '../../base/segment.js';
import { prepare, Workspace, type FileChange } from '../../context/index.js';
import { layOut } from '../harness/fixture.js';

/** Files of one passage each; those of one kind share words that others lack. */
const passages = (kind: string, count: number, tokens = 80): string => Array.from({ length: count }, (_, i) => `--- ${kind}${i}.ts\n${`${kind}.post(${i}, ${'x'.repeat(12)});\n`.repeat(Math.ceil((4 * tokens) / (kind.length + 24)))}`).join('');
const countTokens = (texts: readonly string[]): Promise<number[]> => Promise.resolve(texts.map((text) => Math.ceil(text.length / 4)));

interface Case {
  readonly fixture: string;
  /** What the buffer at the cursor is then, `‸` at the cursor, and what changes besides. */
  readonly then?: { readonly text: string; readonly changes?: readonly FileChange[] };
  readonly tokensMax?: number;
  /** Files of each group, in order; `·` leads what came with the others. */
  readonly groups: readonly string[];
}

const cases: Record<string, Case> = {
  'passages stand together up to a thousand tokens, in groups of equal size': {
    fixture: `--- a.ts\nledger.post(‸\n${passages('ledger', 14)}`,
    groups: ['ledger9 ledger8 ledger7 ledger6 ledger5 ledger4 ledger3 ledger2', 'ledger13 ledger12 ledger11 ledger10 ledger1 ledger0'],
  },
  'one passage is no group': { fixture: `--- a.ts\nledger.post(‸\n${passages('ledger', 1)}`, groups: [] },
  'a group stays while half of it is wanted': {
    fixture: `--- a.ts\nledger.post();\nstock.post(‸\n${passages('ledger', 2)}${passages('stock', 3)}`,
    then: { text: `${'\n'.repeat(12)}stock.find(‸` },
    groups: ['stock2 stock1 stock0 ·ledger1 ·ledger0'],
  },
  'and not when less is': {
    fixture: `--- a.ts\nledger.post();\nstock.post(‸\n${passages('ledger', 4)}${passages('stock', 2)}`,
    then: { text: `${'\n'.repeat(12)}stock.find(‸` },
    groups: ['stock1 stock0'],
  },
  'what is new stands in a group of its own': {
    fixture: `--- a.ts\nledger.post(‸\n${passages('ledger', 4)}${passages('stock', 2)}`,
    then: { text: 'stock.post(ledger.post(‸' },
    groups: ['ledger3 ledger2 ledger1 ledger0', 'stock1 stock0'],
  },
  'a group goes with a passage that was edited': {
    fixture: `--- a.ts\nledger.post(‸\n${passages('ledger', 4)}`,
    then: { text: 'ledger.post(‸', changes: [{ kind: 'open', path: 'ledger2.ts', text: 'nothing();\n' }] },
    groups: ['ledger3 ledger1 ledger0'],
  },
  'nor does it stay where the budget has no room for what is not wanted': {
    fixture: `--- a.ts\nledger.post();\nstock.post(‸\n${passages('ledger', 2)}${passages('stock', 3)}`,
    then: { text: `${'\n'.repeat(12)}stock.find(‸` },
    tokensMax: 300,
    groups: ['stock2 stock1 stock0'],
  },
};

test.each(Object.entries(cases))('%s', async (_, { fixture, then, tokensMax = 8000, groups }) => {
  const { root, cursor } = layOut(fixture);
  const workspace = new Workspace([root]);
  const options = { contextTokensMax: 8000, prefixTokensMax: 64, suffixTokensMax: 16, importTokensMax: 64, countTokens, sources: ['alike'] as const };
  let { plan } = await prepare(workspace.snapshot, cursor, options);
  if (then) {
    const at = then.text.indexOf('‸');
    workspace.apply([...(then.changes ?? []).map((change) => ('path' in change ? { ...change, path: `${root}/${change.path}` } : change)), { kind: 'open', path: cursor.path, text: then.text.replace('‸', '') }]);
    ({ plan } = await prepare(workspace.snapshot, { path: cursor.path, offset: at }, { ...options, contextTokensMax: tokensMax, readBefore: plan }));
  }
  expect(shown(plan)).toEqual(groups);
  expect(plan.tokens).toBeLessThanOrEqual(tokensMax);
});

function shown({ segments }: ContextPlan): string[] {
  const groups = new Map<string, string[]>();
  for (const { segment, group, reason } of segments) {
    if (group !== undefined) groups.set(group, [...(groups.get(group) ?? []), `${reason.startsWith('read together') ? '·' : ''}${segment.path.replace('.ts', '')}`]);
  }
  return [...groups.values()].map((members) => members.join(' '));
}
