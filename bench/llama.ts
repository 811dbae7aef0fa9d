// Kedge beside llama.cpp's server: the same GGUF, threads, places and plan in one run, task by task in turns; the plan as rows here, as text there.
// Refuses to judge; what each was given to read beforehand is in the table.
import { segmentsToRead, type ContextPlan, type LocalPrompt } from '../base/segment.js';
import { prepare } from '../context/index.js';
import type { CompleteRequest, Engine } from '../engine/index.js';
import { exactMatch, recipeByDefault, windowByDefault } from '../evaluation/index.js';
import { quantile } from './editor.js';
import { LlamaServer, type Infill, type Infilled } from './llama-server.js';
import { crossfileTasks } from './tasks.js';
import type { WindowOptions } from './window.js';

export interface LlamaOptions extends WindowOptions {
  /** The server's program. */
  readonly server: string;
  readonly gguf: string;
  readonly threads: number;
}

/** What one way of asking gave, over all tasks. */
interface Figures {
  readonly jumpMs: number[];
  readonly typingMs: number[];
  readonly tokenMs: number[];
  right: number;
}

const CLIENT = 'bench';
const TOKENS_MAX = 64;
const KEYSTROKES = 8;
/** What the server sets apart for its batch and for what it decodes. */
const SERVER_ROOM = 4096;

const { rows, stored } = recipeByDefault;
const median = (values: readonly number[]): number => quantile(values, 0.5);

export async function benchLlama(engine: Engine, options: LlamaOptions): Promise<string> {
  const server = await LlamaServer.start(options.server, options.gguf, { threads: options.threads, contextTokens: options.contextTokensMax + SERVER_ROOM });
  try {
    return await compared(engine, server, options);
  } finally {
    server.stop();
  }
}

async function compared(engine: Engine, server: LlamaServer, options: LlamaOptions): Promise<string> {
  const ways = new Map<string, Figures>();
  const readTokensPerSecond: number[] = [];
  const contextTokens: number[] = [];
  for (const { blanked, snapshot } of crossfileTasks(options.tasksPath, options.root, options.limit)) {
    const { task } = blanked;
    const { prompt, plan } = await prepare(snapshot, { path: blanked.path, offset: task.offset }, { ...windowByDefault, contextTokensMax: options.contextTokensMax, countTokens: (texts) => engine.countTokens(texts) });
    contextTokens.push(plan.tokens);
    const read = await engine.read({ client: CLIENT, priority: 'reading', segments: segmentsToRead(plan), ofPlan: true });
    if (read.seconds > 0 && read.tokensEncoded > 0) readTokensPerSecond.push(read.tokensEncoded / read.seconds);
    const asking = { 'Kedge, no context': kedge(engine, undefined), 'llama.cpp, no context': llama(server, undefined), 'Kedge, rows of the plan': kedge(engine, plan), 'llama.cpp, the plan as text': llama(server, plan) };
    for (const [name, way] of Object.entries(asking)) {
      const figures = ways.get(name) ?? { jumpMs: [], typingMs: [], tokenMs: [], right: 0 };
      ways.set(name, figures);
      figures.jumpMs.push((await way.jump(prompt)).firstTokenMs);
      await way.rest(prompt);
      for (let typed = 0; typed < Math.min(KEYSTROKES, task.target.length); typed++) {
        const { text, firstTokenMs, tokenMs } = await way.type({ ...prompt, prefix: prompt.prefix + task.target.slice(0, typed) });
        if (typed === 0) figures.right += exactMatch(text, task.target);
        else figures.typingMs.push(firstTokenMs);
        if (tokenMs > 0) figures.tokenMs.push(tokenMs);
      }
      await engine.forget(CLIENT, CLIENT);
    }
    options.onTask(task.id);
  }
  const rssMb = { Kedge: (await engine.info()).rssBytes / 1e6, 'llama.cpp': server.rssMb() };
  return [
    `${contextTokens.length} tasks, plans of ${median(contextTokens)} tokens, ${options.threads} threads each; medians, ms`,
    `Kedge reads a plan beforehand, while the user rests, at ${median(readTokensPerSecond).toFixed(0)} tokens/s; the server reads it at the jump`,
    ...[...ways].map(([name, figures]) => lineOf(name, figures, contextTokens.length)),
    ...Object.entries(rssMb).map(([name, mb]) => `${name}: ${mb?.toFixed(0) ?? '-'} MB resident in the process`),
  ].join('\n');
}

/** A document that is jumped into, rests and is typed in. */
interface Way {
  jump(prompt: LocalPrompt): Promise<Infilled>;
  rest(prompt: LocalPrompt): Promise<void>;
  type(prompt: LocalPrompt): Promise<Infilled>;
}

/** As the daemon asks where nothing is set. */
function kedge(engine: Engine, plan: ContextPlan | undefined): Way {
  const contextOf = (state: 'first' | 'warm'): CompleteRequest['context'] => (plan ? { form: 'composed', plan, anchors: { policy: 'two-stage', residentShare: rows, storedShare: stored, state }, storedOnly: true } : { form: 'none' });
  const ask = async (prompt: LocalPrompt, state: 'first' | 'warm'): Promise<Infilled> => {
    const { text, timing } = await engine.complete({ client: CLIENT, document: CLIENT, prompt, context: contextOf(state), stop: 'line', tokensMax: TOKENS_MAX, decodeMsMax: 0, waitMsMax: 0, confidenceFloor: 0 });
    return { text, ...timing };
  };
  return {
    jump: (prompt) => ask(prompt, 'first'),
    rest: (prompt) => engine.settle({ client: CLIENT, document: CLIENT, prompt, context: contextOf('warm') }),
    type: (prompt) => ask(prompt, 'warm'),
  };
}

/** What its editors send: chunks of other files, and the same window; at a rest nothing. */
function llama(server: LlamaServer, plan: ContextPlan | undefined): Way {
  const input_extra: Infill['input_extra'] = (plan?.segments ?? []).map(({ segment: { path, text } }) => ({ filename: path, text }));
  const ask = ({ importBlock, prefix, suffix }: LocalPrompt): Promise<Infilled> => server.infill({ input_extra, input_prefix: importBlock + prefix, input_suffix: suffix, n_predict: TOKENS_MAX });
  return { jump: ask, rest: async () => {}, type: ask };
}

const lineOf = (name: string, { jumpMs, typingMs, tokenMs, right }: Figures, tasks: number): string =>
  `${name.padEnd(28)}first token ${median(jumpMs).toFixed(0).padStart(6)} at a jump, ${median(typingMs).toFixed(0).padStart(5)} while typing  ${median(tokenMs).toFixed(1).padStart(6)} a token after it  right ${right} of ${tasks}`;
