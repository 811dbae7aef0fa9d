// `npm run bench -- NAME`: the measurements behind the README's figures and the decision records. Medians and ratios within one run.
// Refuses to judge: it prints what it saw, and the machine.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { UserError } from '../base/errors.js';
import { packageFile, packageRoot } from '../base/package.js';
import { cacheDir, modelsDir, storeDir } from '../base/paths.js';
import { findModel, openEngine, threadsDefault, type Engine, type InstalledModel } from '../engine/index.js';
import { machine, recipeByDefault, ResultStore } from '../evaluation/index.js';
import { benchAnchors, stages, type Stage } from './anchors.js';
import { anchorsPlots, anchorsReport } from './anchors-report.js';
import { benchKeystrokes } from './keystrokes.js';
import { benchLlama } from './llama.js';
import { benchPlan } from './plan.js';
import { benchRepositories } from './repositories.js';
import { benchSources } from './sources.js';
import { benchSpeed, speedText } from './speed.js';
import { benchStore } from './store.js';
import { benchWindow, type WindowOptions } from './window.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tasks: { type: 'string', default: packageFile('evaluation', 'tasks', 'tuning.jsonl') },
    root: { type: 'string' },
    limit: { type: 'string' },
    tokens: { type: 'string' },
    threads: { type: 'string' },
    stages: { type: 'string', default: stages.join(',') },
    others: { type: 'string', default: packageFile('evaluation', 'tasks', 'held-out.jsonl') },
    'limit-others': { type: 'string', default: '150' },
    'limit-long': { type: 'string', default: '30' },
    out: { type: 'string', default: 'anchors.html' },
    plots: { type: 'string' },
    server: { type: 'string' },
  },
});

const TASK_FLAGS = '--root DIR/repositories (of kedge eval generate --out DIR) [--tasks F] [--limit N] [--tokens N]';
const TASKS_DEFAULT = { limit: 24, tokens: 3000 };
const LLAMA_DEFAULT = { limit: 12, tokens: recipeByDefault.tokens };
const ANCHORS_DEFAULT = { limit: 40, tokens: 8000 };

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const print = (text: string): void => void process.stdout.write(`${text}\n`);

function installedModel(): InstalledModel {
  const model = findModel(undefined, process.env);
  if (!model) throw new UserError("no model is installed yet: run 'kedge model pull'");
  return model;
}

/** Where results are kept, and whose they are. */
const kept = (): { model: InstalledModel; results: ResultStore } => ({ model: installedModel(), results: ResultStore.open(join(packageRoot, 'evaluation', 'results')) });

async function withEngine<T>(storeDir: string, storedShare: number | undefined, use: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await openEngine({ model: installedModel(), storeDir, storeBytesMax: 24e9, storedShare, threads: flags.threads === undefined ? undefined : Number(flags.threads) });
  return use(engine).finally(() => engine.close());
}

const BENCHES: Readonly<Record<string, { readonly about: string; run(): Promise<void> }>> = {
  store: { about: 'segments to and from disk', run: async () => print(JSON.stringify(benchStore(), null, 2)) },
  speed: { about: 'reading, composing, first token, decoding', run: async () => print(speedText(await withEngine(join(tmpdir(), `kedge-bench-${process.pid}`), undefined, benchSpeed))) },
  window: {
    about: `prefix, suffix and import block, with and without context: ${TASK_FLAGS}`,
    run: () => overTasks(benchWindow),
  },
  plan: { about: `planRecall by source, alone and left out: ${TASK_FLAGS}`, run: () => overTasks(benchPlan) },
  sources: {
    about: `planRecall, bits, exact match and edit similarity by source, alone and left out: ${TASK_FLAGS}`,
    run: () => overTasks((engine, options) => benchSources(engine, { ...options, ...kept() })),
  },
  anchors: {
    about: `ways of choosing rows, as a page of plots: ${TASK_FLAGS} [--others F] [--limit-others N] [--limit-long N] [--stages ${stages.join(',')}] [--out FILE] [--plots DIR]`,
    run: () => overTasks(async (engine, options) => {
      const wanted = flags.stages.split(',').map(stageOf);
      const figures = await benchAnchors(engine, { ...options, ...kept(), othersPath: flags.others, limitOthers: Number(flags['limit-others']), limitLong: Number(flags['limit-long']), stages: wanted });
      writeFileSync(flags.out, anchorsReport(`Choosing anchors: ${installedModel().name}`, figures));
      const { plots } = flags;
      if (plots === undefined) return `${flags.out} written`;
      mkdirSync(plots, { recursive: true });
      for (const { name, svg } of anchorsPlots(figures)) writeFileSync(join(plots, `${name}.svg`), svg);
      return `${flags.out} and ${plots} written`;
    }, ANCHORS_DEFAULT),
  },
  llama: {
    about: `beside llama.cpp's server on the same GGUF: --server PROGRAM ${TASK_FLAGS}`,
    run: async () => {
      const { server } = flags;
      if (server === undefined) throw new UserError("--server PROGRAM is needed: llama.cpp's llama-server", 2);
      const peer = { server, gguf: installedModel().ggufPath, threads: Number(flags.threads ?? threadsDefault()) };
      const options = tasksWanted(LLAMA_DEFAULT);
      print(await withEmptyCache((env) => withEngine(storeDir(env), undefined, (engine) => benchLlama(engine, { ...options, ...peer }))));
    },
  },
  keystrokes: { about: 'typing while 20,000 files are outlined, plans are read and a branch is switched', run: async () => print(await withEmptyCache((env) => benchKeystrokes(env, say))) },
  repositories: { about: 'six public packages: index, 50 completions each, memory, a planted secret', run: async () => print(await benchRepositories(process.env, say)) },
};

/** The installed models with nothing stored. */
async function withEmptyCache<T>(use: (env: NodeJS.ProcessEnv) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'kedge-bench-cache-'));
  symlinkSync(modelsDir(process.env), join(dir, 'models'), 'junction');
  return use({ ...process.env, KEDGE_CACHE_DIR: dir }).finally(() => rmSync(dir, { recursive: true, force: true }));
}

function stageOf(name: string): Stage {
  const stage = stages.find((known) => known === name);
  if (!stage) throw new UserError(`--stages ${name} is not one of ${stages.join(', ')}`, 2);
  return stage;
}

function tasksWanted({ limit, tokens } = TASKS_DEFAULT): WindowOptions {
  const { root } = flags;
  if (root === undefined) throw new UserError('--root DIR/repositories is needed, as kedge eval generate --out DIR lays it out', 2);
  return { tasksPath: flags.tasks, root, limit: Number(flags.limit ?? limit), contextTokensMax: Number(flags.tokens ?? tokens), onTask: say };
}

async function overTasks(bench: (engine: Engine, options: WindowOptions) => Promise<string>, defaults = TASKS_DEFAULT): Promise<void> {
  const options = tasksWanted(defaults);
  print(await withEngine(join(cacheDir(), 'eval-store'), 1, (engine) => bench(engine, options)));
}

const bench = BENCHES[positionals[0] ?? ''];
if (!bench) {
  print(Object.entries(BENCHES).map(([name, { about }]) => `${name.padEnd(14)}${about}`).join('\n'));
  process.exitCode = 2;
} else {
  print(`${machine()}, Node ${process.version}`);
  await bench.run().catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`kedge bench: ${error.message}\n`);
    process.exitCode = error.exitCode;
  });
}
