// The report's figures from given outcomes, its exact shape, and the rule about gains that are not there.
import { describe, expect, it } from 'vitest';
import type { KvFigures } from '../../engine/index.js';
import type { Recipe } from '../../evaluation/measure.js';
import { reportText } from '../../evaluation/report.js';
import type { Outcome } from '../../evaluation/run.js';
import { exactMatchDifference, NO_GAIN, retainedGain, summarise } from '../../evaluation/summary.js';
import { noKv } from './fake-engine.js';

const recipe = (context: Recipe['context'], more: Partial<Recipe> = {}): Recipe => ({ context, policy: null, state: 'warm', model: 'tiny', rows: null, stored: null, sources: ['imports'], tokens: 8000, prefix: 512, suffix: 64, drafts: 'off', ngrams: 'off', ...more });

interface Given {
  readonly repository: string;
  readonly bits: number;
  readonly bytes?: number;
  readonly text?: string;
  readonly kind?: 'crossfile' | 'line';
  readonly inPlan?: boolean;
  readonly copied?: boolean;
  readonly lang?: string;
  readonly machine?: string;
  readonly kv?: Partial<KvFigures>;
}
const outcomesOf = (given: readonly Given[]): Outcome[] =>
  given.map(({ repository, bits, bytes = 10, text, kind = 'crossfile', inPlan, copied = false, lang = 'ts', kv, machine = 'm' }, index) => ({
    repository, copied,
    task: { id: `t${index}`, kind, lang, file: `${repository}/a`, offset: 0, target: 'user.name()' },
    result: { id: `t${index}`, bits, targetBytes: bytes, targetTokens: 3, tokensOutsideHead: 0, kv: { ...noKv, ...kv }, inPlan, completion: text === undefined ? undefined : { text, firstTokenMs: 10 * (index + 1), totalMs: 80, tokenMs: 25 * index, machine } },
  }));
const bits = (...lists: readonly (readonly number[])[]): Outcome[] => outcomesOf(lists.flatMap((list, index) => list.map((value) => ({ repository: `r${index}`, bits: value }))));

describe('the summary', () => {
  const outcomes = outcomesOf([
    { repository: 'a', bits: 10, bytes: 10, text: 'user.name()', inPlan: true, kv: { contextTokens: 100, rowsResident: 20, denseBytesFp16: 1000, byteReduction: 0.9 } },
    { repository: 'a', bits: 5, bytes: 30, text: 'x', inPlan: false, copied: true, kv: { contextTokens: 300, rowsResident: 180, denseBytesFp16: 3000, byteReduction: 0.5 } },
    { repository: 'b', bits: 2, bytes: 20, text: 'user.name()', kind: 'line', lang: 'py' },
  ]);
  const [run] = summarise([{ recipe: recipe('anchors', { policy: 'two-stage', rows: 0.2, stored: 0.5 }), outcomes }], 'm').runs;

  it('has the shape that docs/tasks.md promises, and an interval at every leaf', () => {
    expect(Object.keys(run).sort()).toEqual(
      'byKind byLanguage context drafts exactMatchDifference kv latency model ngrams overall planRecall policy prefix retainedGain rows slices sources state stored suffix tasks tokens'.split(' '),
    );
    const scores = ['bitsPerByte', 'editSimilarity', 'exactMatch', 'identifierF1'];
    const intervals = ['count', 'high', 'low', 'value'];
    for (const group of [run.overall, ...Object.values(run.byKind), ...Object.values(run.byLanguage), ...Object.values(run.slices)]) {
      expect(Object.keys(group).sort()).toEqual(scores);
      for (const leaf of Object.values(group)) expect(Object.keys(leaf as object).sort()).toEqual(intervals);
    }
    expect(Object.keys(run.slices).sort()).toEqual(['copied', 'inPlan', 'notInPlan', 'withoutImporters']);
    expect(Object.keys(run.kv).sort()).toEqual('byteReduction byteReductionStored bytesResident bytesStored contextTokens rowReduction rowsAttended rowsExchanged rowsResident rowsStored'.split(' '));
    for (const leaf of [...Object.values(run.kv), ...Object.values(run.latency), run.planRecall]) expect(Object.keys(leaf).sort()).toEqual(intervals);
    expect(Object.keys(run.latency)).toEqual(['firstTokenMsP50', 'firstTokenMsP95', 'totalMsP50', 'totalMsP95', 'tokenMsP50']);
    for (const leaf of Object.values(run.retainedGain)) expect(Object.keys(leaf)).toEqual(expect.arrayContaining(intervals));
  });

  it('sums and counts what belongs to each figure', () => {
    expect(run).toMatchObject({
      tasks: 3,
      planRecall: { value: 0.5, count: 2 },
      overall: { bitsPerByte: { value: 17 / 60, count: 3 }, exactMatch: { value: 2 / 3, count: 3 } },
      byKind: { crossfile: { bitsPerByte: { value: 15 / 40 } }, line: { exactMatch: { value: 1, count: 1, low: null } } },
      byLanguage: { py: { bitsPerByte: { value: 0.1 } } },
      slices: { inPlan: { bitsPerByte: { value: 1, count: 1 } }, notInPlan: { bitsPerByte: { count: 1 } }, copied: { exactMatch: { value: 0 } }, withoutImporters: { bitsPerByte: { value: 17 / 60 } } },
      kv: { rowReduction: { value: 0.5, count: 2 }, rowsResident: { value: 200 / 3 } },
      // Where there was no second token there is no time from one to the next.
      latency: { firstTokenMsP50: { value: 20, count: 3 }, tokenMsP50: { value: 37.5, count: 2 } },
    });
    expect(run.kv.byteReduction.value).toBeCloseTo((900 + 1500) / 4000, 12);
  });

  it('times what this machine completed, and says of how many', () => {
    const elsewhere = outcomesOf([{ repository: 'c', bits: 1, text: 'x', machine: 'another' }]);
    const [both, other] = summarise([{ recipe: recipe('none'), outcomes: [...outcomes, ...elsewhere] }, { recipe: recipe('joint'), outcomes: elsewhere }], 'm').runs;
    expect(both).toMatchObject({ latency: run.latency, overall: { exactMatch: { count: 4 } } });
    expect(other.latency.firstTokenMsP50).toEqual({ value: null, low: null, high: null, count: 0 });
    expect(reportText({ runs: [both, other] })).toMatch(/^none .* 3 of 4\njoint .* 0 of 1$/m);
  });

  it('is text for a reader too', () => {
    const text = reportText({ runs: [run] });
    expect(text).toContain('two-stage 20% of 50%');
    expect(text).toContain('bits/byte');
    expect(text).not.toMatch(/NaN|undefined|null/);
  });

  it('tells runs of small shares apart', () => {
    const shares = [0.005, 0.01, 0.014, 0.1333].map((rows) => ({ recipe: recipe('anchors', { policy: 'two-stage', rows, stored: 0.5 }), outcomes }));
    expect(reportText(summarise(shares, 'm')).match(/^two-stage \S+(?= of 50%:)/gm)).toEqual(['two-stage 0.5%', 'two-stage 1%', 'two-stage 1.4%', 'two-stage 13.33%']);
  });
});

describe('the difference in exact match', () => {
  const [right, wrong] = ['user.name()', 'x'];
  const completed = (...texts: readonly (string | undefined)[]): Outcome[] => outcomesOf(texts.map((text, index) => ({ repository: `r${index % 2}`, bits: 1, text })));

  it.each<[string, Outcome[], Outcome[], number | null, number]>([
    ['as good task by task', completed(right, wrong), completed(right, wrong), 0, 2],
    ['as good on the whole', completed(right, wrong), completed(wrong, right), 0, 2],
    ['better', completed(right, right, wrong, right), completed(right, wrong, wrong, wrong), 0.5, 4],
    ['over the tasks that both completed', completed(wrong, right, undefined), completed(right, undefined, right), -1, 1],
    ['of likelihoods alone', completed(undefined), completed(right), null, 0],
  ])('%s', (_name, run, reference, value, count) => expect(exactMatchDifference(run, reference, 'joint')).toMatchObject({ value, count }));

  it('needs the reference', () => expect(exactMatchDifference(completed(right), undefined, 'joint').note).toMatch(/needs the context joint/));
});

describe('retained gain', () => {
  const none = bits([10, 20], [30], [20]);
  const joint = bits([8, 16], [24], [16]);
  it.each<[string, Outcome[], number]>([
    ['everything', joint, 1],
    ['nothing', none, 0],
    ['half', bits([9, 18], [27], [18]), 0.5],
    ['more than the reference', bits([7, 14], [21], [14]), 1.5],
    ['less than nothing', bits([11, 22], [33], [22]), -0.5],
  ])('%s', (_name, run, value) => {
    const gain = retainedGain(run, none, joint, 'joint');
    expect(gain.value).toBeCloseTo(value, 12);
    expect(gain.low).toBeCloseTo(value, 12);
    expect(gain.count).toBe(4);
    expect(gain.note).toBeUndefined();
  });

  it('is over the tasks that all three have', () => {
    expect(retainedGain(joint.slice(0, 3), none, joint.slice(1), 'joint').count).toBe(2);
  });

  it.each<[string, Outcome[], Outcome[] | undefined, RegExp]>([
    ['the reference gains too little', none, bits([9.9, 19.9], [29.8], [19.9]), new RegExp(NO_GAIN)],
    ['the reference gains in some repositories and loses in others', none, bits([4, 8], [36], [26]), new RegExp(NO_GAIN)],
    ['the reference was not run', none, undefined, /needs the contexts none and joint/],
    ['there is one repository only', bits([10, 20]), bits([5, 5]), /one repository/],
  ])('has no value where %s', (_name, without, reference, note) => {
    const gain = retainedGain(without, without, reference, 'joint');
    expect(gain).toMatchObject({ value: null, low: null, high: null });
    expect(gain.note).toMatch(note);
  });
});
