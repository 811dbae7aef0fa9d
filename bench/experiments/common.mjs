// What the experiments share: tuning tasks with their plans, an engine whose insides are at hand, sums by name. Throw-away code: see README.md here.
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sourcesByDefault } from '../../dist/context/index.js';
import { segmentsToRead } from '../../dist/base/segment.js';
import { cacheDir } from '../../dist/base/paths.js';
import { findModel } from '../../dist/engine/index.js';
import { openHere } from '../../dist/engine/open.js';
import { headIndex, retokenise } from '../../dist/engine/head.js';
import { logProb } from '../../dist/engine/sample.js';
import { preparing } from '../../dist/evaluation/index.js';
import { crossfileTasks, localWindow } from '../../dist/bench/tasks.js';

export const options = { root: process.env.ROOT ?? '/tmp/evaltasks/repositories', limit: Number(process.env.LIMIT ?? 12), tokens: Number(process.env.TOKENS ?? 3000), from: Number(process.env.FROM ?? 0), step: Number(process.env.STEP ?? 1) };
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();

export async function openEngine() {
  return openHere({ model: findModel(undefined, process.env), storeDir: join(cacheDir(), 'experiments-store'), storeBytesMax: 24e9, storedShare: 1, threads: Number(process.env.THREADS ?? 1) }, () => {});
}

/** Tasks of the tuning file, prepared as the daemon would: { task, prompt, plan }. */
export async function* tasks(engine, window = localWindow, tokens = options.tokens) {
  const prepare = preparing((texts) => engine.countTokens(texts), window.importTokensMax);
  let i = 0;
  for (const { blanked } of crossfileTasks(new URL('../../evaluation/tasks/tuning.jsonl', import.meta.url).pathname, options.root, options.limit)) {
    if (i++ % options.step !== options.from) continue;
    const prepared = await prepare(blanked, { contextTokensMax: tokens, prefixTokensMax: window.prefixTokensMax, suffixTokensMax: window.suffixTokensMax, sources: sourcesByDefault });
    yield { blanked, task: blanked.task, bytes: Buffer.byteLength(blanked.task.target), ...prepared };
  }
}

export const read = (engine, plan) => engine.read({ client: 'x', priority: 'reading', segments: segmentsToRead(plan), storedShare: 1 });
export const composed = (plan, residentShare, more = {}) => ({ form: 'composed', plan, anchors: { policy: 'two-stage', residentShare, storedShare: 0.5, state: 'warm', ...more } });

export const bitsOf = (engine, logits, id) => -logProb(logits, headIndex(engine.model.headIds, id)) / Math.LN2;
export const targetIds = (engine, target) => retokenise(target, engine.model.tokenizer, engine.model.headIds).ids;

/** Kept a line a task and form in FILE, so that a run goes on where it was ended. */
export class Sums {
  constructor(file) {
    this.file = file;
    this.lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line)) : [];
  }
  has(task, form) {
    return this.lines.some((line) => line.task === task.id && line.form === form);
  }
  add(task, form, bytes, figures) {
    const line = { task: task.id, form, bytes, ...figures, commit };
    this.lines.push(line);
    appendFileSync(this.file, `${JSON.stringify(line)}\n`);
  }
}
