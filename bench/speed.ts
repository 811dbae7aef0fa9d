// What a user waits for: reading text once, the first completion in a document, completions while typing. In this machine's milliseconds.
// Refuses to compare machines: ratios within one run are what counts.
import { digestOf } from '../base/digest.js';
import { segmentsToRead, type ContextPlan, type Segment } from '../base/segment.js';
import type { CompleteRequest, Engine } from '../engine/index.js';

export interface SpeedFigures {
  readonly contextTokens: number;
  readonly readTokensPerSecond: number;
  readonly rows: readonly { readonly policy: string; readonly rows: number; readonly residentMb: number; readonly openedMs: number; readonly firstTokenMs: number; readonly tokenMs: number }[];
  readonly rssMb: number;
}

const SEGMENTS = 9;
const ROUTINES = 24;
/** Routines of two segments and a half, which are 2,048 rows: what a token over the chosen rows is compared with. */
const REFERENCE = [ROUTINES, ROUTINES, 9];
const KEYSTROKES = 12;

/** Segments of our own making, each of so many numbered declarations, so that nothing is read twice. */
function segmentsOf(routines: readonly number[]): Segment[] {
  return routines.map((count, s) => {
    const lines = Array.from({ length: count }, (_, i) => `export function routine${s}n${i}(load: number, limit: number): number {\n  return load * ${s + i} > limit ? ${i} : load - ${s};\n}\n`);
    const text = lines.join('\n');
    const path = `src/part${s}.ts`;
    return { path, text, ranges: [{ start: 0, end: text.length, kind: 'body' }], digest: digestOf(path, text) };
  });
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1];

export async function benchSpeed(engine: Engine): Promise<SpeedFigures> {
  const planOf = async (routines: readonly number[]): Promise<ContextPlan> => {
    const segments = segmentsOf(routines);
    const counts = await engine.countTokens(segments.map(({ text }) => text));
    return { segments: segments.map((segment, i) => ({ segment, source: 'given', reason: 'bench', tokens: counts[i], share: 1 })), tokens: counts.reduce((a, b) => a + b, 0) };
  };
  const [plan, reference] = [await planOf(Array.from({ length: SEGMENTS }, () => ROUTINES)), await planOf(REFERENCE)];
  const read = await engine.read({ client: 'bench', priority: 'reading', segments: segmentsToRead(plan), ofPlan: true });
  const body = Array.from({ length: 40 }, (_, i) => `  const value${i} = routine${i % SEGMENTS}n${i % 24}(value${Math.max(0, i - 1)}, ${i});\n`).join('');
  const typed = '  const total = routine3n7(value39, 12)';
  const request = (document: string, length: number, context: CompleteRequest['context']): CompleteRequest => ({
    client: 'bench',
    document,
    prompt: { path: 'src/main.ts', importBlock: "import { routine3n7 } from './part3.js';\n", prefix: `export function main(): number {\n${body}${typed.slice(0, length)}`, suffix: '\n  return total;\n}\n', following: '\n  return total;\n}\n' },
    context,
    stop: 'line',
    tokensMax: 8,
    decodeMsMax: 0,
    waitMsMax: 0,
    confidenceFloor: 0,
  });
  const contexts: Record<string, CompleteRequest['context']> = {
    none: { form: 'none' },
    'every of 2,048': { form: 'composed', plan: reference, anchors: { policy: 'every-row', residentShare: 1, storedShare: 1, state: 'first' } },
    'two-stage 0.05': { form: 'composed', plan, anchors: { policy: 'two-stage', residentShare: 0.05, storedShare: 0.5, state: 'warm' } },
    'two-stage 0.1': { form: 'composed', plan, anchors: { policy: 'two-stage', residentShare: 0.1, storedShare: 0.5, state: 'warm' } },
    'all-stored': { form: 'composed', plan, anchors: { policy: 'all-stored', residentShare: 1, storedShare: 0.5, state: 'first' } },
  };
  const rows = [];
  for (const [policy, context] of Object.entries(contexts)) {
    const opened = await engine.complete(request(policy, 20, context));
    const firstMs: number[] = [];
    const tokenMs: number[] = [];
    let kv = opened.kv;
    for (let i = 0; i < KEYSTROKES; i++) {
      const { timing, tokensDecoded, kv: held } = await engine.complete(request(policy, 20 + i, context));
      firstMs.push(timing.firstTokenMs);
      if (tokensDecoded > 1) tokenMs.push(timing.tokenMs);
      kv = held;
    }
    rows.push({ policy, rows: Math.round(kv.rowsAttended), residentMb: kv.bytesResident / 1e6, openedMs: opened.timing.firstTokenMs, firstTokenMs: median(firstMs), tokenMs: median(tokenMs) });
    await engine.forget('bench', policy);
  }
  return { contextTokens: plan.tokens, readTokensPerSecond: read.tokensEncoded / read.seconds, rows, rssMb: (await engine.info()).rssBytes / 1e6 };
}

export function speedText(figures: SpeedFigures): string {
  const lines = figures.rows.map(({ policy, rows, residentMb, openedMs, firstTokenMs, tokenMs }) =>
    `${policy.padEnd(16)}${String(rows).padStart(6)} rows  ${residentMb.toFixed(1).padStart(6)} MB resident  first token ${openedMs.toFixed(0).padStart(5)} ms just opened, ${firstTokenMs.toFixed(0).padStart(4)} ms while typing  ${tokenMs.toFixed(1).padStart(6)} ms a token after it`);
  return [`${figures.contextTokens} context tokens read at ${figures.readTokensPerSecond.toFixed(0)} tokens/s`, ...lines, `${figures.rssMb.toFixed(0)} MB resident in the process`].join('\n');
}
