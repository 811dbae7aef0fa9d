// The window is read once, over the stored order; rows are then chosen without reading it again.
import { bitsOf, composed, openEngine, read, Sums, targetIds, tasks } from './common.mjs';

const engine = await openEngine();
const { model, contexts, prompter } = engine;
const sums = new Sums(process.argv[2]);
let rowsWanted = 0;
contexts.rowsWithin = () => rowsWanted;
const turn = (run) => run(64);
const QUERIES = 24;

for await (const { task, prompt, plan, bytes } of tasks(engine)) {
  await read(engine, plan);
  const ids = targetIds(engine, task.target);
  const context = composed(plan, 1);
  const bits = async (state, { logits, next }) => {
    let sum = bitsOf(engine, logits, ids[0]);
    const tokens = ids.slice(0, -1);
    if (tokens.length === 0) return sum;
    const positions = tokens.map((_, i) => next + i);
    const result = await model.forward({ tokens, positions, context: prompter.rowsOf(state), window: state.window, logits: tokens.map((_, i) => i) });
    const { headTokens } = model.manifest;
    tokens.forEach((_, i) => (sum += bitsOf(engine, result.logits.subarray(i * headTokens, (i + 1) * headTokens), ids[i + 1])));
    return sum;
  };
  if (sums.has(task, 'opened, chosen twice')) continue;
  await engine.forget('x', 'd');
  rowsWanted = Math.round(plan.tokens * 0.17);
  const opened = composed(plan, 1, { state: 'first' });
  const { state, keptRows, ...prompted } = await prompter.prompt({ client: 'x', document: 'd', prompt, context: opened }, 'whole', turn);
  sums.add(task, 'opened', bytes, { bits: await bits(state, prompted) });
  state.window.truncate(keptRows);
  for (const form of ['opened, chosen once', 'opened, chosen twice']) {
    const { queries } = await prompter.run(state, [], prompt, 'whole', QUERIES, turn);
    const { candidates, key } = state.context;
    state.context = await contexts.compose(key, candidates, candidates, false, context.anchors, queries);
    const ran = await prompter.run(state, [], prompt, 'whole', 0, turn);
    sums.add(task, form, bytes, { bits: await bits(state, ran) });
    state.window.truncate(ran.keptRows);
  }
  console.error(task.id);
}
await engine.close();
