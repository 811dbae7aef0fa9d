// `kedge eval TASKS.jsonl --root DIR`: measures the model on completion tasks, with and without context; `kedge eval generate` makes tasks.
// Refuses flags whose capability does not exist yet.
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../../base/errors.js';
import { packageRoot, packageVersion } from '../../base/package.js';
import { cacheDir, type Env } from '../../base/paths.js';
import { sourcesByDefault, sourcesKnown } from '../../context/index.js';
import { openEngine } from '../../engine/index.js';
import { CONTEXTS, evaluate, generate, IGNORES_ROWS, isPolicy, machine, measuredCommit, NEEDS_EVERY_ROW, POLICIES, preparing, readTasks, recipeByDefault, reportText, ResultStore, spread, summarise, taskKinds, windowByDefault, type ContextName, type Recipe } from '../../evaluation/index.js';
import { installedModel, noModelError } from '../installed.js';
import { engineFlags, wholeFlag, type EngineFlags } from './engine.js';
import { withProgress, type AddCommand, type CommandIo } from './io.js';

/** As cac hands them over: it makes numbers of what looks like one. */
type Given = string | number;

interface Flags extends EngineFlags {
  readonly root?: Given;
  readonly context?: string;
  readonly policy?: string;
  readonly rows?: Given;
  readonly stored?: Given;
  readonly tokens?: Given;
  readonly sources?: string;
  readonly prefix?: Given;
  readonly suffix?: Given;
  readonly state?: string;
  readonly drafts?: string;
  readonly ngrams?: string;
  readonly bitsOnly?: boolean;
  readonly kind?: string;
  readonly limit?: Given;
  readonly json?: boolean;
  readonly out?: Given;
  readonly seed?: Given;
}

/** Rows of every segment, not half of them, for as many repositories as tasks come from. */
const EVAL_STORE_BYTES_MAX = 24e9;
const GENERATE_LIMIT = 8;

export const addEvalCommand: AddCommand = (cli, io) => {
  engineFlags(cli.command('eval [tasks] [sources]', 'Measure on completion tasks (docs/tasks.md), or make them: eval generate SOURCES.json --out DIR'))
    .option('--root <dir>', 'Folder whose direct sub-folders are the repositories')
    .option('--context <names>', `One run each, of ${CONTEXTS.join(', ')}`, { default: CONTEXTS.join(',') })
    .option('--policy <name>', 'How anchors are chosen; "help" lists the policies', { default: recipeByDefault.policy })
    .option('--rows <shares>', 'Shares of context rows resident, one run each', { default: String(recipeByDefault.rows) })
    .option('--stored <share>', 'Share of rows stored', { default: recipeByDefault.stored })
    .option('--tokens <n>', 'Context tokens at most', { default: recipeByDefault.tokens })
    .option('--sources <names>', `Where the plan's context comes from, of ${sourcesKnown.join(', ')}`, { default: sourcesByDefault.join(',') })
    .option('--prefix <n>', 'Prefix tokens at most', { default: recipeByDefault.prefix })
    .option('--suffix <n>', 'Suffix tokens at most', { default: recipeByDefault.suffix })
    .option('--state <name>', 'first: the document was just opened; warm: the cursor rested there', { default: recipeByDefault.state })
    .option('--drafts <on|off>', 'Drafts from text at hand', { default: recipeByDefault.drafts })
    .option('--ngrams <on|off>', 'The repository\'s n-gram cache', { default: recipeByDefault.ngrams })
    .option('--bits-only', 'Likelihoods only, no completions')
    .option('--kind <name>', `Only tasks of this kind, of ${taskKinds.join(', ')}`)
    .option('--limit <n>', 'Tasks at most, spread evenly; with generate: of each kind for a repository')
    .option('--out <dir>', 'With generate: where sources and tasks go')
    .option('--seed <n>', 'With generate: which tasks are chosen', { default: 1 })
    .option('--json', 'One JSON object on stdout')
    .action((tasks: string | undefined, sources: string | undefined, flags: Flags) => {
      if (flags.policy === 'help') return listPolicies(io);
      return tasks === 'generate' ? generateTasks(sources, flags, io) : runTasks(tasks, sources, flags, io);
    });
};

function listPolicies(io: CommandIo): void {
  for (const [name, text] of Object.entries(POLICIES)) io.out(`${name.padEnd(16)}${text}`);
}

async function generateTasks(sources: string | undefined, flags: Flags, io: CommandIo): Promise<void> {
  if (sources === undefined || flags.out === undefined) throw new UserError('kedge eval generate needs SOURCES.json and --out DIR', 2);
  const options = { sourcesPath: sources, outDir: String(flags.out), limit: wholeFlag('limit', flags.limit ?? GENERATE_LIMIT), seed: wholeFlag('seed', flags.seed!, 0), packageRoot, signal: io.signal };
  const report = await withProgress(io, flags.json === true, (onProgress) => generate({ ...options, onProgress }));
  const lines = report.files.map(({ path, crossfile, line, repositories }) => `${path}: ${crossfile} crossfile and ${line} line tasks from ${repositories} repositories`);
  io.out(flags.json ? JSON.stringify(report) : [...lines, `sources: ${report.root}`].join('\n'));
}

async function runTasks(path: string | undefined, more: string | undefined, flags: Flags, io: CommandIo): Promise<void> {
  if (path === undefined || flags.root === undefined) throw new UserError('kedge eval needs TASKS.jsonl and --root DIR', 2);
  if (more !== undefined) throw new UserError(`"${more}" was not expected after ${path}`, 2);
  const recipes = recipesOf(flags);
  const limit = flags.limit === undefined ? Infinity : wholeFlag('limit', flags.limit);
  const kind = flags.kind === undefined ? undefined : choice('kind', flags.kind, taskKinds);
  let refused = 0;
  const onRefused = (line: string): void => {
    refused++;
    io.err(`kedge: ${line}`);
  };
  const ofKind = readTasks(path, onRefused).filter((task) => kind === undefined || task.kind === kind);
  if (ofKind.length === 0) throw new UserError(`${path} holds no ${kind} task`);
  const tasks = spread(ofKind, limit);
  const root = resolve(String(flags.root));
  if (!existsSync(root) || !statSync(root).isDirectory()) throw new UserError(`--root ${root} is not a folder`);
  const model = installedModel(flags.model === undefined ? undefined : String(flags.model), io.env);
  if (!model) throw noModelError();
  const threads = flags.threads === undefined ? undefined : wholeFlag('threads', flags.threads);
  const isQuiet = flags.json === true;
  const storeDir = join(cacheDir(io.env), 'eval-store');
  const engine = await withProgress(io, isQuiet, (onProgress) => openEngine({ model, storeDir, storeBytesMax: EVAL_STORE_BYTES_MAX, threads, storedShare: 1, onProgress }));
  const options = {
    tasks, root, engine, onRefused,
    recipes: recipes.map((recipe) => ({ ...recipe, model: model.name })),
    bitsOnly: flags.bitsOnly === true,
    commit: measuredCommit(packageRoot, packageVersion()),
    modelSha256: model.sha256,
    machine: machine(),
    prepare: preparing((texts) => engine.countTokens(texts), windowByDefault.importTokensMax),
    results: ResultStore.open(resultsDir(io.env)),
    signal: io.signal,
  };
  const runs = await withProgress(io, isQuiet, (onProgress) => evaluate({ ...options, onProgress })).finally(() => engine.close());
  const summary = summarise(runs, options.machine);
  io.out(flags.json ? JSON.stringify(summary) : reportText(summary));
  if (refused > 0) process.exitCode = 1;
}

/** In a checkout, where they are committed; an installed copy keeps them in the user's cache. */
const resultsDir = (env: Env): string => (existsSync(join(packageRoot, '.git')) ? join(packageRoot, 'evaluation/results') : join(cacheDir(env), 'eval-results'));

/** Every recipe but the model's name. UserErrors with exit code 2. */
export function recipesOf(flags: Flags): Omit<Recipe, 'model'>[] {
  const contexts = String(flags.context).split(',');
  for (const name of contexts) if (!(CONTEXTS as readonly string[]).includes(name)) throw new UserError(`--context ${name} is not one of ${CONTEXTS.join(', ')}`, 2);
  const policy = String(flags.policy);
  if (!isPolicy(policy)) throw new UserError(`--policy ${policy} does not exist: kedge eval --policy help lists the policies`, 2);
  const state = choice('state', flags.state, ['first', 'warm'] as const);
  const drafts = choice('drafts', flags.drafts, ['on', 'off'] as const);
  const ngrams = choice('ngrams', flags.ngrams, ['on', 'off'] as const);
  if (drafts === 'on') throw new UserError('--drafts on: Kedge makes no drafts yet', 2);
  if (ngrams === 'on') throw new UserError('--ngrams on: Kedge has no n-gram cache yet', 2);
  const shares = String(flags.rows).split(',').map((text) => share('rows', text));
  const stored = share('stored', flags.stored!);
  const sizes = { tokens: wholeFlag('tokens', flags.tokens!), prefix: wholeFlag('prefix', flags.prefix!), suffix: wholeFlag('suffix', flags.suffix!, 0) };
  const sources = [...new Set(String(flags.sources).split(','))].map((name) => choice('sources', name, sourcesKnown)).sort();
  const common = { sources, ...sizes, drafts, ngrams };
  return [...new Set(contexts as ContextName[])].flatMap((context): Omit<Recipe, 'model'>[] => {
    // Only what chooses rows knows states: the references of a run are the same in all.
    if (context === 'dense') return [{ context, policy: 'every-row', rows: 1, stored: 1, state: 'warm', ...common }];
    if (context !== 'anchors') return [{ context, policy: null, rows: null, stored: null, state: 'warm', ...common }];
    const kept = NEEDS_EVERY_ROW.has(policy) ? 1 : stored;
    const rows = IGNORES_ROWS.has(policy) ? [kept] : [...new Set(shares)];
    return rows.map((resident) => ({ context, policy, rows: resident, stored: kept, state, ...common }));
  });
}

function choice<T extends string>(name: string, given: unknown, allowed: readonly T[]): T {
  if (!allowed.includes(given as T)) throw new UserError(`--${name} ${String(given)} is not one of ${allowed.join(', ')}`, 2);
  return given as T;
}

function share(name: string, given: Given): number {
  const value = Number(given);
  if (!(value > 0 && value <= 1) || String(given).trim() === '') throw new UserError(`--${name} ${given} is not a share above 0 and up to 1`, 2);
  return value;
}
