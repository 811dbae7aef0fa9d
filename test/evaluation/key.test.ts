// What a result is kept under: dear reads are found by the keys they always had, and whatever a result depends on changes its key.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../base/package.js';
import type { ContextPlan, LocalPrompt, PlannedSegment } from '../../base/segment.js';
import type { ContextForm } from '../../engine/index.js';
import { keyOf, type Measuring } from '../../evaluation/key.js';
import type { Recipe } from '../../evaluation/measure.js';

const target = 'b(22222);';
const prompt: LocalPrompt = { path: 'src/a.ts', importBlock: "import { b } from './b';\n", prefix: 'const a = ', suffix: '\n}\n', following: '\n}\n\nexport {};\n' };
const planned = (more: Partial<PlannedSegment> = {}, digest = 'd1'): PlannedSegment => ({ segment: { path: 'src/b.ts', text: '', ranges: [], digest }, source: 'imports', reason: '', tokens: 7, share: 1, ...more });
const planOf = (...segments: PlannedSegment[]): ContextPlan => ({ segments, tokens: 7 });
const recipe: Recipe = { context: 'dense', policy: 'every-row', state: 'warm', model: 'qwen2.5-coder-0.5b', rows: 1, stored: 1, sources: ['imports'], tokens: 8000, prefix: 256, suffix: 8, drafts: 'off', ngrams: 'off' };
const measuring: Measuring = { commit: 'c1', modelSha256: '1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32', info: { headTokens: 47126, numericClass: 'u8s8' } };

interface Given {
  readonly target: string;
  readonly prompt: LocalPrompt;
  readonly plan: ContextPlan;
  readonly causal: ContextForm | undefined;
  readonly recipe: Recipe;
  readonly measuring: Measuring;
}
const usual: Given = { target, prompt, plan: planOf(planned()), causal: undefined, recipe, measuring };
const keyFrom = (more: Partial<Given>): string => {
  const given = { ...usual, ...more };
  return JSON.stringify(keyOf(given, given, given.causal, given.recipe, given.measuring));
};

describe('text read in one run', () => {
  const joint: ContextForm = { form: 'joint', files: [{ path: 'src/b.ts', text: 'export const b = 1;\n' }] };
  // As they were before a model's digest could be in them.
  it.each<[ContextForm, string]>([
    [{ form: 'none' }, 'fbdec2d0d130e3c4431de3a8'],
    [{ form: 'text', text: '// b\n' }, '46ee07a5d4e6d63821afb288'],
    [joint, '0f89257f9e81903d77c18c21'],
  ])('of the form $form keeps its key', (causal, task) => {
    expect(JSON.parse(keyFrom({ causal }))).toMatchObject({ task, recipe: 'f980ccb140025a25', commit: 'any' });
  });

  it('is what the committed results of the default model are kept under', () => {
    const dir = join(packageRoot, 'evaluation/results');
    const lines = readdirSync(dir).filter((name) => name.startsWith('qwen2.5-coder-0.5b.joint.') && /\.any(-\d+)?\.jsonl$/.test(name)).flatMap((name) => readFileSync(join(dir, name), 'utf8').split('\n').filter(Boolean));
    expect(lines.map((line) => (JSON.parse(line) as { recipe: string }).recipe)).toContain('f980ccb140025a25');
  });

  it.each<[string, Partial<Given>, boolean]>([
    ['another commit', { measuring: { ...measuring, commit: 'c2' } }, true],
    ['another plan that reads the same', { plan: planOf() }, true],
    ['other text that a completion has to fit', { prompt: { ...prompt, following: '' } }, false],
    ['another text', { causal: { ...joint, files: [] } }, false],
    ['other bytes of the model', { measuring: { ...measuring, modelSha256: 'f'.repeat(64) } }, false],
    ['another output head', { measuring: { ...measuring, info: { headTokens: 3, numericClass: 'u8s8' } } }, false],
    ['another processor', { measuring: { ...measuring, info: { headTokens: 47126, numericClass: 'u7s8' } } }, false],
  ])('under %s', (_name, more, same) => expect(keyFrom({ causal: joint, ...more }) === keyFrom({ causal: joint })).toBe(same));
});

describe('rows composed', () => {
  it.each<[string, Partial<Given>]>([
    ['target', { target: 'b(33333);' }],
    ['prompt', { prompt: { ...prompt, prefix: 'let a = ' } }],
    ['text that a completion has to fit', { prompt: { ...prompt, following: '' } }],
    ['text of a segment', { plan: planOf(planned({}, 'd2')) }],
    ['share of a segment', { plan: planOf(planned({ share: 0.5 })) }],
    ['group of a segment', { plan: planOf(planned({ group: 'g' })) }],
    ['recipe', { recipe: { ...recipe, tokens: 3000 } }],
    ['commit', { measuring: { ...measuring, commit: 'c2' } }],
    ['model of the same name', { measuring: { ...measuring, modelSha256: 'f'.repeat(64) } }],
    ['kind of processor', { measuring: { ...measuring, info: { headTokens: 47126, numericClass: 'u7s8' } } }],
  ])('are kept apart under another %s', (_name, more) => expect(keyFrom(more)).not.toBe(keyFrom({})));
});
