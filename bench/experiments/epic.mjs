// EPIC (arXiv 2410.15332, section 4): each unit's first tokens are read again over all that stands before it; their rows replace the stored ones. Every row composed, so that choosing plays no part.
import { ranksAt } from '../../dist/engine/choose.js';
import { bitsOf, openEngine, read, Sums, targetIds, tasks } from './common.mjs';

const engine = await openEngine();
const sums = new Sums(process.argv[2]);
const { model, contexts, prompter } = engine;
const anchors = { policy: 'every-row', residentShare: 1, storedShare: 1, state: 'first' };

/** All rows of the units but those of their first `again[c]` tokens. */
function composed(units, again) {
  if (units.length === 0) return { rows: model.noContext };
  const choice = units.map((unit, c) => {
    if (again[c] === 0) return unit.tokens.length;
    const kept = new Set(Array.from({ length: unit.tokens.length - again[c] }, (_, t) => t + again[c]));
    return ranksAt(contexts.load(unit, unit.tokens.length), contexts.composer.heads, kept);
  });
  const counted = choice.some((taken) => typeof taken === 'number' ? taken > 0 : taken[0].length > 0);
  return counted ? contexts.composer.compose(units, choice, contexts.load) : { rows: model.noContext };
}

async function bits({ task, prompt, plan }, n) {
  const units = contexts.candidates(plan, anchors);
  const window = contexts.sink.copy();
  const again = units.map(({ tokens }) => Math.min(n, tokens.length));
  let tokensAgain = 0;
  if (n > 0) {
    for (const [c, unit] of units.entries()) {
      if (c === 0) { again[0] = 0; continue; }
      const { rows: context } = composed(units.slice(0, c), again);
      const tokens = unit.tokens.slice(0, again[c]);
      const positions = tokens.map((_, i) => unit.place + i);
      const { rows } = await model.forward({ tokens, positions, context, window });
      window.append(rows, positions);
      tokensAgain += tokens.length;
      if (context !== model.noContext) context.close();
    }
  }
  const { rows: context } = composed(units, again);
  const last = units[units.length - 1];
  let next = last ? last.place + last.tokens.length : contexts.sink.length;
  const run = async (tokens, more) => {
    const positions = tokens.map((_, i) => next + i);
    const result = await model.forward({ tokens, positions, context, window, ...more });
    window.append(result.rows, positions);
    next += tokens.length;
    return result;
  };
  const form = prompter.form;
  const before = [...form.beforePrefix(prompt), ...model.tokenizer.encode(prompt.prefix)];
  for (let i = 0; i < before.length; i += 64) await run(before.slice(i, i + 64), {});
  const after = form.afterPrefix(prompt);
  const { logits } = await run(after, { logits: [after.length - 1] });
  const ids = targetIds(engine, task.target);
  let sum = bitsOf(engine, logits, ids[0]);
  const tokens = ids.slice(0, -1);
  if (tokens.length > 0) {
    const size = model.manifest.headTokens;
    const result = await run(tokens, { logits: tokens.map((_, i) => i) });
    tokens.forEach((_, i) => (sum += bitsOf(engine, result.logits.subarray(i * size, (i + 1) * size), ids[i + 1])));
  }
  if (context !== model.noContext) context.close();
  return { bits: sum, units: units.length, tokensAgain };
}

for await (const given of tasks(engine)) {
  await read(engine, given.plan);
  for (const n of [0, 8, 16, 32]) {
    const form = n === 0 ? 'every row' : `first ${n} read again`;
    if (!sums.has(given.task, form)) sums.add(given.task, form, given.bytes, await bits(given, n));
  }
  console.error(given.task.id);
}
await engine.close();
