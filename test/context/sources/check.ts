// One source at a marked cursor: what of the fixture it brings, in the plan's order. Refuses to count like a model: four units are a token.
import { expect } from 'vitest';
import type { ContextPlan, SourceName } from '../../../base/segment.js';
import { prepare, Workspace, type FileChange } from '../../../context/index.js';
import { layOut } from '../../harness/fixture.js';

export interface Wanted {
  /** `path share reason` of each segment, the most relevant last. */
  readonly plan: readonly string[];
  /** Substrings of the segments' texts. */
  readonly holds?: readonly string[];
  readonly lacks?: readonly string[];
}

export interface Given {
  readonly tokensMax?: number;
  /** Paths inside the fixture. */
  readonly changes?: readonly FileChange[];
  /** Files that were parsed before. */
  readonly outlined?: readonly string[];
  readonly knownOnly?: boolean;
}

export const countTokens = (texts: readonly string[]): Promise<number[]> => Promise.resolve(texts.map((text) => Math.ceil(text.length / 4)));

export async function check(source: SourceName, fixture: string, wanted: Wanted, { tokensMax = 8000, changes = [], outlined = [], knownOnly }: Given = {}): Promise<void> {
  const { root, cursor } = layOut(fixture);
  const workspace = new Workspace([root]);
  workspace.apply(changes.map((change) => ('path' in change ? { ...change, path: `${root}/${change.path}` } : change)));
  for (const path of outlined) workspace.snapshot.outline(`${root}/${path}`);
  const { plan } = await prepare(workspace.snapshot, cursor, { contextTokensMax: tokensMax, prefixTokensMax: 64, suffixTokensMax: 16, importTokensMax: 64, countTokens, sources: [source], knownOnly });
  expect(shown(plan)).toEqual(wanted.plan);
  expect(plan.tokens).toBeLessThanOrEqual(tokensMax);
  const text = plan.segments.map(({ segment }) => segment.text).join('');
  for (const part of wanted.holds ?? []) expect(text).toContain(part);
  for (const part of wanted.lacks ?? []) expect(text).not.toContain(part);
}

export const shown = (plan: ContextPlan): string[] => plan.segments.map(({ segment, share, reason }) => `${segment.path} ${share} ${reason}`);
