// Kept results: found again by all of their key, whole after a crash, in files small enough to commit.
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ResultStore, type TaskResult } from '../../evaluation/results.js';
import { folderWith } from './folders.js';
import { noKv } from './fake-engine.js';

const key = { task: 't', recipe: 'r', commit: 'c' };
const result = (bits: number, more: Partial<TaskResult> = {}): TaskResult => ({ id: 'a', bits, targetBytes: 8, targetTokens: 2, tokensOutsideHead: 0, kv: noKv, ...more });
const completion = { text: 'x', firstTokenMs: 1, totalMs: 2, machine: 'm' };

describe('kept results', () => {
  it('are found again in another process by the whole key', () => {
    const dir = join(folderWith({}), 'results');
    ResultStore.open(dir).put('label', key, result(3, { inPlan: true }));
    const again = ResultStore.open(dir);
    expect(again.get(key)).toMatchObject(result(3, { inPlan: true }));
    for (const part of ['task', 'recipe', 'commit'] as const) expect(again.get({ ...key, [part]: 'other' })).toBeUndefined();
  });

  it('survive a line cut short, and the next one starts anew', () => {
    const dir = folderWith({});
    ResultStore.open(dir).put('label', key, result(3));
    appendFileSync(join(dir, 'label.jsonl'), '{"task":"t2","recipe":"r","comm');
    ResultStore.open(dir).put('label', { ...key, task: 't3' }, result(5));
    const again = ResultStore.open(dir);
    expect(again.get(key)?.bits).toBe(3);
    expect(again.get({ ...key, task: 't2' })).toBeUndefined();
    expect(again.get({ ...key, task: 't3' })?.bits).toBe(5);
  });

  it('keep a completion when bits are measured again without one', () => {
    const dir = folderWith({});
    const store = ResultStore.open(dir);
    store.put('label', key, result(3, { completion }));
    store.put('label', key, result(4));
    expect(ResultStore.open(dir).get(key)).toMatchObject({ bits: 4, completion });
  });

  it('are served without a completion that had to fit other text, but for older ones, which do not say', () => {
    const dir = folderWith({});
    const found = (following?: string): unknown => ResultStore.open(dir).get({ ...key, following })?.completion;
    const store = ResultStore.open(dir);
    store.put('label', key, result(3, { completion }));
    expect(found('f')).toEqual(completion);
    store.put('label', { ...key, following: 'f' }, result(3, { completion }));
    store.put('label', { ...key, following: 'g' }, result(3));
    expect([found('f'), found('g'), store.get({ ...key, following: 'g' })?.bits]).toEqual([completion, undefined, 3]);
  });

  it('stay under 2 MB a file', () => {
    const dir = folderWith({});
    writeFileSync(join(dir, 'label.jsonl'), `${' '.repeat(1_899_900)}\n`);
    const store = ResultStore.open(dir);
    store.put('label', key, result(3));
    store.put('label', { ...key, task: 't2' }, result(4));
    expect(readdirSync(dir).sort()).toEqual(['label-2.jsonl', 'label.jsonl']);
    expect(readFileSync(join(dir, 'label-2.jsonl'), 'utf8').trim().split('\n')).toHaveLength(2);
    for (const file of readdirSync(dir)) expect(statSync(join(dir, file)).size).toBeLessThan(2_000_000);
  });
});
