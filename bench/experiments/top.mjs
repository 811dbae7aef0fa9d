// Each token of the line attends to the few composed rows that weigh most for it.
import { top } from '../../dist/engine/model.js';
import { bitsOf, composed, openEngine, options, read, Sums, targetIds, tasks } from './common.mjs';

const engine = await openEngine();
const { model, contexts, prompter, ranker } = engine;
const sums = new Sums(process.argv[2]);
let rowsWanted = 0;
contexts.rowsWithin = () => rowsWanted;

/** The document with its window run over rows that the cursor chose; then the target, one token at a time. `renew(step)` says after how many tokens and with which queries rows are chosen anew. */
async function walk({ task, plan, prompt }, rows, { every = 0, recent = 1, twice = false, policy = 'two-stage', decodeTop }) {
  rowsWanted = rows;
  const request = { client: 'x', document: 'd', prompt, context: composed(plan, 1, { policy }) };
  await engine.forget('x', 'd');
  const { state, logits: first, next } = await prompter.prompt(request, 'whole', (run) => run(64));
  if (decodeTop) top.rows = decodeTop;
  const ids = targetIds(engine, task.target);
  const { candidates, key } = state.context;
  const seen = [];
  let [logits, bits, exchanged, chooseMs, chosen] = [first, 0, 0, 0, 0];
  const { layers, heads, headDim } = model.manifest.shape;
  const width = heads * headDim;
  const renew = async (queries) => {
    const started = performance.now();
    const count = queries.length;
    const together = new Float32Array(layers * count * width);
    queries.forEach(({ values }, n) => { for (let l = 0; l < layers; l++) together.set(values.subarray(l * width, (l + 1) * width), (l * count + n) * width); });
    const fresh = await contexts.compose(key, candidates, candidates, false, request.context.anchors, ranker.prepare(together, queries.map(({ position }) => position)));
    state.context.rows.close();
    state.context = fresh;
    chooseMs += performance.now() - started;
    chosen++;
  };
  for (const [i, id] of ids.entries()) {
    bits += bitsOf(engine, logits, id);
    if (i === ids.length - 1) break;
    const position = next + i;
    const forward = () => model.forward({ tokens: [id], positions: [position], context: prompter.rowsOf(state), window: state.window, logits: [0], queries: [0] });
    let result = await forward();
    if (twice) {
      await renew([{ values: result.queries, position }]);
      result = await forward();
    }
    state.window.append(result.rows, [position]);
    logits = result.logits;
    seen.push({ values: result.queries, position });
    if (every > 0 && (i + 1) % every === 0) await renew(seen.slice(-recent));
  }
  await engine.forget('x', 'd');
  return { bits, tokens: ids.length, chooseMs: chosen === 0 ? 0 : Math.round(chooseMs / chosen), exchanged };
}

for await (const given of tasks(engine)) {
  const { task, plan, bytes } = given;
  await read(engine, plan);
  const add = async (form, run) => { if (!sums.has(task, form)) sums.add(task, form, bytes, await run()); };
  const share = (part) => Math.max(16, Math.round(plan.tokens * part));
  const topped = (form, rows, how, window, decode) => add(form, async () => {
    top.rows = window;
    const result = await walk(given, rows, { ...how, decodeTop: decode });
    top.rows = 1_000_000;
    return result;
  });
  const all = 1_000_000;
  const stored = { policy: 'all-stored' };
  await topped('none', 0, {}, all, all).catch(() => {});
  await topped('all stored', Infinity, stored, all, all);
  await topped('chosen 0.17', share(0.17), {}, all, all);
  for (const part of [0.005, 0.01, 0.02, 0.05]) {
    await topped(`chosen 0.17, each token ${part} of it`, share(0.17), {}, all, share(part));
    await topped(`all stored, each token ${part} of it`, Infinity, stored, all, share(part));
  }
  await topped('chosen 0.17, each token 0.02 of it, the window too', share(0.17), {}, share(0.02), share(0.02));
  console.error(task.id);
}
await engine.close();
