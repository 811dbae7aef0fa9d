// Renewing the choice of rows while a line is decoded: bits of the target, token by token, under each form. Needs KEDGE_PAGE_ROWS unset (or 16 for `quest`), as the model is converted for it.
import { top } from '../../dist/engine/model.js';
import { bitsOf, composed, openEngine, options, read, Sums, targetIds, tasks } from './common.mjs';

const pages = Number(process.env.KEDGE_PAGE_ROWS ?? 1);
const SHARES = [0.02, 0.05, 0.17];
const engine = await openEngine();
const { model, contexts, prompter, ranker } = engine;
const sums = new Sums(process.argv[2]);
let rowsWanted = 0;
contexts.rowsWithin = () => rowsWanted;
/** Every choice that is laid passes here: as [head]["candidate:rank"]. */
let lastChosen;
const compose = contexts.composer.compose.bind(contexts.composer);
contexts.composer.compose = (candidates, choice, load) => {
  lastChosen = Array.from({ length: contexts.composer.heads }, (_, head) => new Set(choice.flatMap((taken, c) => Array.from(typeof taken === 'number' ? Array.from({ length: taken }, (__, r) => r) : taken[head], (rank) => `${c}:${rank}`))));
  return compose(candidates, choice, load);
};
/** Rows of a head that were not there before, in the mean. */
const exchangedSince = (before) => lastChosen.reduce((sum, own, head) => sum + [...own].filter((rank) => !before[head].has(rank)).length, 0) / lastChosen.length;

/** The document with its window run over rows that the cursor chose; then the target, one token at a time. `renew(step)` says after how many tokens and with which queries rows are chosen anew. */
async function walk({ task, plan, prompt }, rows, { every = 0, recent = 1, twice = false, policy = 'two-stage' }) {
  rowsWanted = rows;
  const request = { client: 'x', document: 'd', prompt, context: composed(plan, 1, { policy }) };
  await engine.forget('x', 'd');
  const { state, logits: first, next } = await prompter.prompt(request, 'whole', (run) => run(64));
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
    const before = lastChosen;
    const fresh = await contexts.compose(key, candidates, candidates, false, request.context.anchors, ranker.prepare(together, queries.map(({ position }) => position)));
    state.context.rows.close();
    state.context = fresh;
    chooseMs += performance.now() - started;
    exchanged += exchangedSince(before);
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
  const { rows: laid, rowsHeldMax } = state.context;
  const held = { attended: laid.rows, resident: Math.round(rowsHeldMax), heldBytes: Math.round((laid.bytes / laid.rows) * rowsHeldMax), contextTokens: plan.tokens };
  await engine.forget('x', 'd');
  return { bits, tokens: ids.length, chosen, chooseMs: chosen === 0 ? 0 : Math.round(chooseMs / chosen), exchanged: chosen === 0 ? 0 : Math.round(exchanged / chosen), ...held };
}

const fixedForms = { fixed: {}, 'every token, last query': { every: 1 }, 'every token, last 8 queries': { every: 1, recent: 8 }, 'every 4 tokens, last 8 queries': { every: 4, recent: 8 }, 'token run twice': { twice: true } };
for await (const given of tasks(engine)) {
  const { task, plan, bytes } = given;
  await read(engine, plan);
  const add = async (form, run) => { if (!sums.has(task, form)) sums.add(task, form, bytes, await run()); };
  if (pages === 1) {
    await add('all stored', () => walk(given, Infinity, { policy: 'all-stored' }));
    await add('none', async () => ({ bits: (await engine.likelihood({ client: 'x', document: 'd', prompt: given.prompt, context: { form: 'none' }, target: task.target })).bits }));
    for (const share of SHARES) for (const [form, how] of Object.entries(fixedForms)) await add(`${form} @${share}`, () => walk(given, Math.max(8, Math.round(plan.tokens * share)), how));
  }
  if (!process.env.HELD_ONLY) for (const share of SHARES) {
    await add(`${pages === 1 ? 'each token its own, in the graph' : `pages of ${pages} by bounds`} @${share}`, async () => {
      top.rows = Math.max(16, Math.round(plan.tokens * share));
      const result = await walk(given, Infinity, { policy: 'all-stored' });
      top.rows = 1_000_000;
      return result;
    });
  }
  console.error(task.id);
}
await engine.close();
