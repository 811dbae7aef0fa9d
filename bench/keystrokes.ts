// Typing while the daemon is busiest: a repository of many files being outlined, plans being read, and a branch switch in the middle.
// Refuses to run the model in this process: everything goes through the protocol.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile, ScriptedEditor, type Answer } from './editor.js';

const FILES = 20_000;
const FILES_PER_FOLDER = 100;
const FILES_SWITCHED = 500;
const KEYSTROKES = 200;
const KEYSTROKE_MS = 150;
/** As people rest after a word or two: what is asked before a rest is not superseded by the next keystroke. */
const REST_EVERY = 10;
const REST_MS = 1000;
/** The switch comes with this keystroke. */
const SWITCH_AT = 100;
/** What the daemon has to read when nothing disturbs it. */
const SETTLE_MS = 60_000;

interface Phase {
  readonly answers: readonly Answer[];
  /** Of these, those that were asked before a rest. */
  readonly rested: readonly Answer[];
  readonly trivialMs: readonly number[];
}

const fileAt = (root: string, i: number): string => join(root, `area${Math.floor(i / FILES_PER_FOLDER)}`, `unit${i % FILES_PER_FOLDER}.ts`);

/** One small module, importing two of its neighbours; `branch` changes its bodies. */
function moduleText(i: number, branch: string): string {
  const neighbour = (step: number): number => (i % FILES_PER_FOLDER + step) % FILES_PER_FOLDER;
  return `import { balance${neighbour(1)} } from './unit${neighbour(1)}.js';
import { balance${neighbour(7)} } from './unit${neighbour(7)}.js';

export interface Ledger${i} {
  readonly owner: string;
  readonly entries: readonly number[];
}

/** What is left of ledger ${i} on branch ${branch}. */
export function balance${i % FILES_PER_FOLDER}(ledger: { entries: readonly number[] }): number {
  return ledger.entries.reduce((sum, entry) => sum + entry, ${i});
}

export const pair${i} = (ledger: Ledger${i}): number => balance${neighbour(1)}(ledger) + balance${neighbour(7)}(ledger);
`;
}

function lay(root: string, count: number, branch: string): void {
  for (let i = 0; i < count; i++) {
    const path = fileAt(root, i);
    if (i % FILES_PER_FOLDER === 0) mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, moduleText(i, branch));
  }
}

/** Types lines into `path`, asking after each keystroke as editors do under an open popup, and beside it for what needs no model. */
async function typing(editor: ScriptedEditor, path: string, offset: number, onKey: (key: number) => void): Promise<Phase> {
  const line = '\nexport const total = (ledger: Ledger3): number => balance4(ledger) + pair3(ledger);';
  const answers: Promise<Answer>[] = [];
  const rested: Promise<Answer>[] = [];
  const trivial: Promise<number>[] = [];
  for (let key = 0; key < KEYSTROKES; key++) {
    onKey(key);
    await editor.type(path, offset + key, line[key % line.length]);
    answers.push(editor.complete(path, offset + key + 1));
    trivial.push(editor.trivialMs());
    const rests = key % REST_EVERY === REST_EVERY - 1;
    if (rests) rested.push(answers[key]);
    await sleep(rests ? REST_MS : KEYSTROKE_MS);
  }
  return { answers: await Promise.all(answers), rested: await Promise.all(rested), trivialMs: await Promise.all(trivial) };
}

const msOf = (answers: readonly Answer[]): number[] => answers.map(({ ms }) => ms);

function phaseText(name: string, { answers, rested, trivialMs }: Phase): string {
  const offered = answers.filter(({ text }) => text !== '');
  const figures = (values: readonly number[]): string => [0.5, 0.95, 0.99].map((q) => `${quantile(values, q).toFixed(0)}`).join(' / ');
  return `${name.padEnd(6)} ${answers.length} asked, ${answers.length} answered, ${offered.length} with an offer; ms at 50 / 95 / 99%: all ${figures(msOf(answers))}, before a rest ${figures(msOf(rested))}, with an offer ${figures(msOf(offered))}, trivial ${figures(trivialMs)}`;
}

/** `env`: where the daemon's cache lies, the model in it and nothing stored. */
export async function benchKeystrokes(env: NodeJS.ProcessEnv, onStep: (line: string) => void): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'kedge-bench-keystrokes-'));
  try {
    lay(root, FILES, 'main');
    onStep(`${FILES} files laid out`);
    const editor = await ScriptedEditor.start(root, env);
    const [first, second] = [fileAt(root, 3), fileAt(root, 250)];
    await editor.open(second, moduleText(250, 'main'));
    await editor.open(first, moduleText(3, 'main'));
    const busy = await typing(editor, first, moduleText(3, 'main').length, (key) => {
      if (key === SWITCH_AT) lay(root, FILES_SWITCHED, 'feature');
    });
    onStep(phaseText('busy', busy));
    await editor.close(first);
    await sleep(SETTLE_MS);
    await editor.open(first, moduleText(3, 'feature'));
    await sleep(SETTLE_MS / 4);
    const quiet = await typing(editor, first, moduleText(3, 'feature').length, () => {});
    const memory = editor.rssPeakMb();
    const code = await editor.stop();
    const ratio = quantile(msOf(busy.rested), 0.5) / quantile(msOf(quiet.rested), 0.5);
    return [phaseText('busy', busy), phaseText('quiet', quiet), `busy over quiet, median before a rest: ${ratio.toFixed(2)}; memory at most ${memory?.toFixed(0) ?? 'unknown'} MB; exit code ${code}`].join('\n');
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
