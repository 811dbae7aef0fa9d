// Ranking of rows, one change at a time: bits of the target over rows chosen by the cursor, 5 and 2% of them in memory.
import { experiment, plain } from '../../dist/engine/experiment.js';
import { addMass } from '../../dist/engine/ranker.js';
import { mentionedNow } from '../../dist/engine/contexts.js';
import { bestRanks, placesOf } from '../../dist/engine/choose.js';
import { composed, openEngine, read, Sums, tasks } from './common.mjs';

const CHANGES = {
  'as it is': {},
  '6 queries of the prefix': { prefixQueries: 6 },
  '12 queries of the prefix': { prefixQueries: 12 },
  '48 queries of the prefix': { prefixQueries: 48 },
  'the prefix alone': { middleQuery: false },
  'two looks': { looks: 2 },
  'mean over queries': { mean: true },
  'gaps of 64 positions': { gap: 64 },
  'int4 keys': { keySteps: 7 },
  'int4 values': { valueSteps: 7 },
  'signatures twofold': { signatureFactor: 2 },
  'signatures eightfold': { signatureFactor: 8 },
  'names fourfold': { nameFactor: 4 },
  'imports fourfold': { importFactor: 4 },
  'imports a quarter': { importFactor: 0.25 },
  'doc comments fourfold': { docFactor: 4 },
  'doc comments a quarter': { docFactor: 0.25 },
  'a quarter for the mentioned': { mentionedRoom: 0.25 },
  'half for the mentioned': { mentionedRoom: 0.5 },
  'mentioned fourfold': { mentionedFactor: 4 },
  'scores by 1.1': { keyFactor: 1.1 },
  'scores by 1.2': { keyFactor: 1.2 },
  'scores by 0.9': { keyFactor: 0.9 },
  'bias -0.5': { contextBias: -0.5 },
  'bias +0.5': { contextBias: 0.5 },
  'bias -0.25': { contextBias: -0.25 },
  'bias -1': { contextBias: -1 },
  'bias -1.5': { contextBias: -1.5 },
  'scores by 0.95': { keyFactor: 0.95 },
  'scores by 1.15, bias -0.5': { keyFactor: 1.15, contextBias: -0.5 },
  'more for the first layers': { partBudgets: [1.6, 1.5, 1.2, 1, 0.8, 0.7, 0.6, 0.6] },
  'more for the last layers': { partBudgets: [0.6, 0.6, 0.7, 0.8, 1, 1.2, 1.5, 1.6] },
  'heads of a layer share': { sharing: 'layer' },
  'all heads share': { sharing: 'all' },
  'all heads share, half for each': { sharing: 'all', headFloor: 0.5 },
  'more for the middle layers': { partBudgets: [0.6, 0.8, 1.2, 1.4, 1.4, 1.2, 0.8, 0.6] },
};
const SHARES = (process.env.SHARES ?? '0.05,0.02').split(',').map(Number);
const engine = await openEngine();
const sums = new Sums(process.argv[2]);
const only = process.argv[3]?.split(/,(?! )/);
const likelihood = async ({ task, prompt, plan }, context) => {
  await engine.forget('x', 'd');
  const { bits, kv } = await engine.likelihood({ client: 'x', document: 'd', prompt, context, target: task.target });
  if (!process.env.EXACT) return { bits, rows: Math.round(kv.rowsAttended) };
  const { text } = await engine.complete({ client: 'x', document: 'd', prompt, context, stop: 'line', tokensMax: 64, decodeMsMax: 0, waitMsMax: 0, confidenceFloor: 0 });
  return { bits, rows: Math.round(kv.rowsAttended), exact: text.trim() === task.target.trim(), text };
};
const HEADS_AT_ONCE = 12;
/** KVzip (arXiv 2505.23416, section 3): rows by the largest share of attention that any query pays while the model repeats the segment. By candidate's key: [head][rank]. */
async function repeated(candidate) {
  const { model, ranker, contexts } = engine;
  const window = contexts.sink.copy();
  const asked = [...model.tokenizer.encode('\n\nRepeat the previous context:\n'), ...candidate.tokens];
  const all = [...candidate.tokens, ...asked];
  const weights = Array.from({ length: ranker.heads }, () => new Float32Array(candidate.ranksMax));
  for (let done = 0; done < all.length; ) {
    const isAsking = done >= candidate.tokens.length;
    const chunk = all.slice(done, Math.min(done + 64, isAsking ? all.length : candidate.tokens.length));
    const positions = chunk.map((_, i) => contexts.sink.length + done + i);
    const result = await model.forward({ tokens: chunk, positions, context: model.noContext, window, queries: isAsking ? chunk.map((_, i) => i) : [] });
    window.append(result.rows, positions);
    done += chunk.length;
    if (!isAsking) continue;
    const queries = ranker.prepare(result.queries, positions);
    const blocks = [...contexts.load(candidate, candidate.ranksMax)];
    const eachHeads = async (use) => {
      for (let head = 0; head < ranker.heads; head += HEADS_AT_ONCE) {
        const heads = { first: head, count: Math.min(HEADS_AT_ONCE, ranker.heads - head) };
        let first = 0;
        for (const block of blocks) {
          await use(block, heads, first, contexts.composer.dequantiseKeys(block, heads.first, heads.count));
          first += block.ranks;
        }
      }
    };
    const mass = ranker.massOfWindow(contexts.sink, queries);
    await eachHeads(async (block, heads, first, keys) => {
      const scores = await ranker.score(queries, heads, keys, placesOf(block, heads, contexts.sink.length), undefined, 0);
      for (let b = 0; b < heads.count; b++) addMass(mass[heads.first + b], scores.mass.subarray(b * queries.count, (b + 1) * queries.count));
    });
    await eachHeads(async (block, heads, first, keys) => {
      const { weight } = await ranker.score(queries, heads, keys, placesOf(block, heads, contexts.sink.length), mass, 0);
      for (let b = 0; b < heads.count; b++) for (let r = 0; r < block.ranks; r++) weights[heads.first + b][first + r] = Math.max(weights[heads.first + b][first + r], weight[b * block.ranks + r]);
    });
  }
  return weights;
}
const chooseAsItIs = engine.contexts.choose.bind(engine.contexts);
const zipped = new Map();
const chooseZipped = async (candidates, policy, budget) => {
  const weights = [];
  for (const candidate of candidates) {
    if (!zipped.has(candidate.key)) zipped.set(candidate.key, await repeated(candidate));
    weights.push(zipped.get(candidate.key));
  }
  return bestRanks(weights, engine.ranker.heads, budget);
};

for await (const given of tasks(engine)) {
  const { task, plan, bytes } = given;
  await read(engine, plan);
  mentionedNow.clear();
  for (const { segment, reason } of plan.segments) if (/near the cursor|at the cursor/.test(reason)) mentionedNow.add(segment.digest);
  const add = async (form, run) => { if (!sums.has(task, form)) sums.add(task, form, bytes, await run()); };
  await add('none', () => likelihood(given, { form: 'none' }));
  await add('all stored', () => likelihood(given, composed(plan, 1, { policy: 'all-stored' })));
  for (const [name, change] of Object.entries(CHANGES)) {
    if (!/bias|scores/.test(name) || (only && !only.includes(name))) continue;
    Object.assign(experiment, plain, change);
    await add(`${name}, every row`, () => likelihood(given, composed(plan, 1, { policy: 'every-row', storedShare: 1 })));
    Object.assign(experiment, plain);
  }
  await add('every row', () => likelihood(given, composed(plan, 1, { policy: 'every-row', storedShare: 1 })));
  for (const [name, change] of Object.entries(CHANGES)) {
    if (only && !only.includes(name)) continue;
    Object.assign(experiment, plain, change);
    for (const share of SHARES) await add(`${name} @${share}`, () => likelihood(given, composed(plan, share)));
    Object.assign(experiment, plain);
  }
  if (!only || only.includes('KVzip')) {
    zipped.clear();
    engine.contexts.choose = chooseZipped;
    for (const share of [0.05, 0.02]) await add(`KVzip @${share}`, () => likelihood(given, composed(plan, share, { storedShare: 1, state: 'first' })));
    engine.contexts.choose = chooseAsItIs;
    for (const [name, policy] of [['KeyDiff', 'key-difference'], ['every k-th', 'every-kth'], ['signatures', 'signatures'], ['newlines', 'newlines']]) {
      for (const share of [0.05, 0.02]) await add(`${name} @${share}`, () => likelihood(given, composed(plan, share, { policy, storedShare: 1, state: 'first' })));
    }
  }
  console.error(task.id, mentionedNow.size, plan.segments.length);
}
await engine.close();
