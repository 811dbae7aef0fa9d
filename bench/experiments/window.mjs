// What the local window holds, over 5% of the rows: suffix length, a longer prefix instead of the own file's segments, the passage most like the cursor's lines as text.
import { ChunkIndex, retrieve } from '../../dist/evaluation/bm25.js';
import { sourcesByDefault } from '../../dist/context/index.js';
import { preparing } from '../../dist/evaluation/index.js';
import { crossfileTasks } from '../../dist/bench/tasks.js';
import { composed, openEngine, options, read, Sums } from './common.mjs';

const withoutOwn = sourcesByDefault.filter((name) => name !== 'own-file');
/** Prefix, suffix, sources, tokens of passage. */
const FORMS = {
  'suffix 8': [256, 8, sourcesByDefault, 0],
  'suffix 16': [256, 16, sourcesByDefault, 0],
  'suffix 32 (as it is)': [256, 32, sourcesByDefault, 0],
  'suffix 64': [256, 64, sourcesByDefault, 0],
  'no own file': [256, 32, withoutOwn, 0],
  'no own file, prefix 512': [512, 32, withoutOwn, 0],
  'prefix 512': [512, 32, sourcesByDefault, 0],
  'passage of 128 as text': [256, 32, sourcesByDefault, 128],
  'passage of 256 as text': [256, 32, sourcesByDefault, 256],
};
const engine = await openEngine();
const sums = new Sums(process.argv[2]);
const only = process.argv[3] ? new RegExp(process.argv[3]) : /./;
const countTokens = (texts) => engine.countTokens(texts);
const prepare = preparing(countTokens, 256);
let indexed;
let i = 0;
for (const { blanked } of crossfileTasks(new URL('../../evaluation/tasks/tuning.jsonl', import.meta.url).pathname, options.root, options.limit)) {
  if (i++ % options.step !== options.from) continue;
  const { task } = blanked;
  for (const [form, [prefix, suffix, sources, passage]] of Object.entries(FORMS)) {
    if (!only.test(form) || sums.has(task, form)) continue;
    const { plan, prompt } = await prepare(blanked, { contextTokensMax: options.tokens, prefixTokensMax: prefix, suffixTokensMax: suffix, sources });
    await read(engine, plan);
    let before = '';
    if (passage > 0) {
      if (indexed?.root !== blanked.repositoryRoot) indexed = { root: blanked.repositoryRoot, index: ChunkIndex.ofRepository(blanked.repositoryRoot) };
      before = await retrieve(indexed.index, blanked.text, task.offset, blanked.pathInRepository, passage, countTokens);
    }
    const request = { client: 'x', document: 'd', prompt: { ...prompt, importBlock: before + prompt.importBlock }, context: composed(plan, 0.05) };
    await engine.forget('x', 'd');
    const { bits, tokensPrefilled } = await engine.likelihood({ ...request, target: task.target });
    const { text, timing } = await engine.complete({ ...request, stop: 'line', tokensMax: 64, decodeMsMax: 0, waitMsMax: 0, confidenceFloor: 0 });
    sums.add(task, form, Buffer.byteLength(task.target), { bits, exact: text.trim() === task.target.trim(), text, target: task.target, tokensPrefilled, before: before.length });
  }
  console.error(task.id);
}
await engine.close();
