// `kedge demo`: pulls the default model once, reads the sample repository and completes at its marked cursors, with and without context.
// Refuses to judge by its exit code: a wrong completion is printed as wrong.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../base/clock.js';
import { stderrLog } from '../../base/log.js';
import { listFiles, LocalRepository, Workspace } from '../../context/index.js';
import { pullModel, type CompleteResult, type Engine, type ReadReport } from '../../engine/index.js';
import { complete } from '../complete.js';
import { defaultConfig, type Config } from '../config.js';
import { contextOf, storedShare } from '../context-form.js';
import { segmentsOfFile } from '../files.js';
import { planned } from '../planning.js';
import { duration, megabytes } from '../quantities.js';
import { packageRoot } from '../../base/package.js';
import { withEngine } from './engine.js';
import { withProgress, type AddCommand, type CommandIo } from './io.js';

/** One entry of cursors.json: on disk `text` stands at the place; the demo takes it away and asks for it. */
export interface DemoCursor {
  /** Relative to the sample repository. */
  readonly file: string;
  /** From 1; the column in UTF-16 units. */
  readonly line: number;
  readonly column: number;
  /** The rest of the line. */
  readonly text: string;
  /** What `text` starts with and what stands, apart from here, only in `definedIn`. */
  readonly identifier: string;
  readonly definedIn: string;
}

/** What came out at one cursor, once with context and once without. */
interface Attempt {
  readonly text: string;
  /** It starts with the identifier that stands in the other file. */
  readonly right: boolean;
  /** Negative log2 likelihood of the true text. */
  readonly bits: number;
  readonly firstTokenMs: number;
  readonly totalMs: number;
}

interface Shown {
  readonly cursor: DemoCursor;
  /** The line as far as the cursor. */
  readonly before: string;
  readonly context: CompleteResult['context'];
  readonly contextTokens: number;
  readonly rowsResident: number;
  readonly bytesResident: number;
  readonly withContext: Attempt;
  readonly without: Attempt;
}

export const addDemoCommand: AddCommand = (cli, io) => {
  cli
    .command('demo', 'Pull the default model and complete in a small sample repository, with and without context')
    .option('--json', 'One JSON object on stdout')
    .action((flags: { readonly json?: boolean }) => run(io, flags.json === true));
};

async function run(io: CommandIo, json: boolean): Promise<void> {
  const { model, alreadyThere } = await withProgress(io, json, (on) => pullModel(undefined, { env: io.env, onProgress: on, log: stderrLog, signal: io.signal }));
  if (!json) io.out(`model: ${model.name}, ${alreadyThere ? 'here already' : 'pulled'}, SHA-256 ${model.sha256}`);
  await demonstrate(io, model.name, json);
}

/** `model`: an installed one's name, whatever the user's settings name. */
export async function demonstrate(io: CommandIo, model: string, json: boolean): Promise<void> {
  const root = join(packageRoot, 'examples', 'harbour');
  const cursors = JSON.parse(readFileSync(join(root, 'cursors.json'), 'utf8')) as readonly DemoCursor[];
  const print = json ? (): void => {} : io.out;
  await withEngine(io, { model }, async (engine) => {
    const index = await readRepository(engine, root, io, json);
    print(indexText(root, index));
    const shown: Shown[] = [];
    for (const [number, cursor] of cursors.entries()) {
      shown.push(await completeAt(engine, root, cursor, io.signal));
      print(shownText(number + 1, shown[number]));
    }
    const summary = summaryOf(shown);
    io.out(json ? JSON.stringify({ model, index, cursors: shown, summary }) : summaryText(summary));
  });
}

async function readRepository(engine: Engine, root: string, io: CommandIo, quiet: boolean): Promise<ReadReport & { readonly files: number }> {
  const { snapshot } = new Workspace([root]);
  const { files } = listFiles(root);
  const segments = files.flatMap((path) => segmentsOfFile(snapshot, path) ?? []).map((segment) => [segment]);
  const report = await withProgress(io, quiet, (on) =>
    engine.read({ client: 'demo', priority: 'background', segments, storedShare }, io.signal, (done, total) => on({ label: 'reading the sample repository', done, total, unit: 'tokens' })),
  );
  return { ...report, files: files.length };
}

/** The file is opened without the text that is asked for, as if just opened in an editor; the one on disk stays as it is. */
async function completeAt(engine: Engine, root: string, cursor: DemoCursor, signal: AbortSignal): Promise<Shown> {
  const repository = new LocalRepository({ roots: [root] });
  const path = join(root, cursor.file);
  const { before, offset, blanked } = blank(readFileSync(path, 'utf8'), cursor);
  void repository.apply([{ kind: 'open', path, text: blanked }]);
  const attempt = async (config: Config, document: string): Promise<{ attempt: Attempt; result: CompleteResult }> => {
    const request = { client: 'demo', document, repository, cursor: { path, offset }, decodeMsMax: 0, waitMsMax: 0 };
    const { prompt, held } = await planned(engine, request, config);
    const { result } = await complete(engine, { ...request, held }, config, systemClock, signal);
    const { bits } = await engine.likelihood({ client: 'demo', document, prompt, context: contextOf(held.plan, config), target: cursor.text }, signal);
    await engine.forget('demo', document);
    const { firstTokenMs, totalMs } = result.timing;
    return { attempt: { text: result.text, right: startsWithIdentifier(result.text, cursor.identifier), bits, firstTokenMs, totalMs }, result };
  };
  const config = { ...defaultConfig(), confidenceFloor: 0, multiline: false };
  const place = `${cursor.file}:${cursor.line}`;
  const without = await attempt({ ...config, contextTokensMax: 0 }, `${place}, without context`);
  const { attempt: withContext, result } = await attempt(config, place);
  const { contextTokens, rowsResident, bytesResident } = result.kv;
  return { cursor, before, context: result.context, contextTokens, rowsResident, bytesResident, withContext, without: without.attempt };
}

/** The text without what is asked for: `before` is its line as far as the cursor, `offset` is in UTF-16 units. */
export function blank(text: string, cursor: DemoCursor): { before: string; offset: number; blanked: string } {
  const lines = text.split('\n');
  const line = lines[cursor.line - 1];
  const before = line.slice(0, cursor.column - 1);
  const offset = lines.slice(0, cursor.line - 1).reduce((sum, { length }) => sum + length + 1, 0) + before.length;
  return { before, offset, blanked: text.slice(0, offset) + text.slice(offset + cursor.text.length) };
}

const startsWithIdentifier = (text: string, identifier: string): boolean => /^\s*([\p{L}\p{N}_$]+)/u.exec(text)?.[1] === identifier;

interface Summary {
  readonly cursors: number;
  readonly rightWith: number;
  readonly rightWithout: number;
  readonly bitsWith: number;
  readonly bitsWithout: number;
  readonly contextTokens: number;
  readonly rowsResident: number;
  readonly firstTokenMsMedian: number;
  readonly totalMsMedian: number;
}

function summaryOf(shown: readonly Shown[]): Summary {
  const sum = (of: (each: Shown) => number): number => shown.reduce((total, each) => total + of(each), 0);
  const median = (of: (each: Shown) => number): number => shown.map(of).sort((a, b) => a - b)[shown.length >> 1];
  return {
    cursors: shown.length,
    rightWith: sum((each) => Number(each.withContext.right)),
    rightWithout: sum((each) => Number(each.without.right)),
    bitsWith: sum((each) => each.withContext.bits),
    bitsWithout: sum((each) => each.without.bits),
    contextTokens: sum((each) => each.contextTokens),
    rowsResident: sum((each) => each.rowsResident),
    firstTokenMsMedian: median((each) => each.withContext.firstTokenMs),
    totalMsMedian: median((each) => each.withContext.totalMs),
  };
}

function indexText(root: string, index: ReadReport & { readonly files: number }): string {
  const { files, segments, segmentsReused, tokens, storeBytes, seconds } = index;
  const reused = segmentsReused > 0 ? `, ${segmentsReused} of them known already` : '';
  return `${root}: ${files} files, ${segments} segments${reused}, ${tokens} tokens, ${megabytes(storeBytes)} stored, ${duration(seconds)}`;
}

function shownText(number: number, { cursor, before, context, contextTokens, rowsResident, bytesResident, withContext, without }: Shown): string {
  const outcome = ({ text, right, bits }: Attempt): string => `${right ? 'right' : 'wrong'}, ${bits.toFixed(1).padStart(5)} bits  ${text.split('\n')[0]}`;
  const served = context.map(({ path, tokens, rows }) => `                   ${path}: ${tokens} tokens, ${Math.round(rows)} rows attended`);
  return [
    '',
    `${number}. ${cursor.file}:${cursor.line}:${cursor.column}, where ${cursor.identifier} stands in ${cursor.definedIn} only`,
    `   at the cursor   ${before.trimStart()}|`,
    `   true text                          ${cursor.text}`,
    `   without context ${outcome(without)}`,
    `   with context    ${outcome(withContext)}`,
    `   served          ${contextTokens} tokens, ${Math.round(rowsResident)} rows resident (${megabytes(bytesResident)})`,
    ...served,
    `   took            first token ${Math.round(withContext.firstTokenMs)} ms, ${Math.round(withContext.totalMs)} ms in all; without context ${Math.round(without.firstTokenMs)} and ${Math.round(without.totalMs)} ms`,
  ].join('\n');
}

function summaryText(summary: Summary): string {
  const { cursors, rightWith, rightWithout, bitsWith, bitsWithout, contextTokens, rowsResident, firstTokenMsMedian, totalMsMedian } = summary;
  const share = contextTokens > 0 ? Math.round((100 * rowsResident) / contextTokens) : 0;
  return [
    '',
    `right with context: ${rightWith} of ${cursors}; without: ${rightWithout} of ${cursors}`,
    `bits of the true text: ${bitsWith.toFixed(0)} with context, ${bitsWithout.toFixed(0)} without; the fewer, the better foreseen`,
    `${share}% of the context's tokens were resident as rows; in a document just opened the first token came after ${Math.round(firstTokenMsMedian)} ms, all of them after ${Math.round(totalMsMedian)} ms (medians)`,
    '',
    'Next: set up your editor (examples/README.md has a setup for each; any editor starts `kedge --stdio`),',
    'read a project of your own ahead of time with `kedge index DIR`, or try `kedge complete FILE:LINE:COLUMN`.',
  ].join('\n');
}
