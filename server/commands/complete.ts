// `kedge complete FILE:LINE:COLUMN [--with FILE...]`: one completion at a place in a file, with what served it and what it cost.
// Refuses to change any file.
import { resolve } from 'node:path';
import { systemClock } from '../../base/clock.js';
import { UserError } from '../../base/errors.js';
import { segmentsToRead, type ContextPlan, type PlannedSegment, type Segment } from '../../base/segment.js';
import { Workspace, type Snapshot } from '../../context/index.js';
import type { CompleteResult, Engine } from '../../engine/index.js';
import { complete } from '../complete.js';
import { storedShare } from '../context-form.js';
import { projectOf, segmentsOfFile } from '../files.js';
import { planned } from '../planning.js';
import { megabytes } from '../quantities.js';
import { engineFlags, withEngine, type EngineFlags } from './engine.js';
import { withProgress, type AddCommand, type CommandIo } from './io.js';
import { openPlace, textOf } from './place.js';

interface Flags extends EngineFlags {
  readonly with?: string | readonly string[];
  readonly json?: boolean;
}

export const addCompleteCommand: AddCommand = (cli, io) => {
  engineFlags(cli.command('complete <place> [...files]', 'Complete at FILE:LINE:COLUMN (from 1; the column in UTF-16 units)'))
    .option('--with <file>', 'A file to use as context beside the imported ones; more of them may follow')
    .option('--json', 'One JSON object on stdout')
    .example('  $ kedge complete src/order.ts:12:7 --with src/user.ts src/price.ts')
    .action((place: string, files: readonly string[], flags: Flags) => run(String(place), files.map(String), flags, io));
};

async function run(place: string, more: readonly string[], flags: Flags, io: CommandIo): Promise<void> {
  const named = flags.with === undefined ? [] : [flags.with].flat().map(String);
  if (more.length > 0 && named.length === 0) throw new UserError(`"${more[0]}" stands alone: files to use as context follow --with`, 2);
  const { config, repository, cursor } = openPlace(place, io);
  const given = [...new Map([...named, ...more].map((file) => [resolve(file), file])).values()].flatMap((file) => segmentsIn(repository.workspace.snapshot, file));
  await withEngine(io, flags, async (engine) => {
    const request = { client: 'complete', document: cursor.path, repository, cursor, given: await plannedOf(engine, given), decodeMsMax: 0, waitMsMax: 0 };
    await readFirst(engine, (await planned(engine, request, config)).held.plan, io, flags.json === true);
    const { result, planMs } = await complete(engine, request, config, systemClock, io.signal);
    io.out(flags.json ? JSON.stringify(jsonOf(result, planMs)) : textFor(result, planMs));
  }, { config });
}

/** What the plan names is read before the clock runs, so that the figures are those of a store that knows it. */
async function readFirst(engine: Engine, plan: ContextPlan, io: CommandIo, quiet: boolean): Promise<void> {
  const request = { client: 'complete', priority: 'reading', segments: segmentsToRead(plan), ofPlan: true, storedShare } as const;
  await withProgress(io, quiet, (on) => engine.read(request, io.signal, (done, total) => on({ label: 'reading context', done, total, unit: 'tokens' })));
}

/** Each named file may belong to a project of its own. */
function segmentsIn(snapshot: Snapshot, file: string): Segment[] {
  const path = resolve(file);
  const own = snapshot.isReadable(path) ? snapshot : new Workspace([projectOf(path).root]).snapshot;
  textOf(own, file);
  return segmentsOfFile(own, path) ?? [];
}

async function plannedOf(engine: Engine, segments: readonly Segment[]): Promise<PlannedSegment[]> {
  const counts = await engine.countTokens(segments.map(({ text }) => text));
  return segments.map((segment, index) => ({ segment, source: 'given', reason: 'named with --with', tokens: counts[index], share: 1 }));
}

/** The fields that scripts rely on. */
function jsonOf({ text, context, timing, tokensPrefilled, kv }: CompleteResult, planMs: number): object {
  const { contextTokens, rowsStored, rowsResident, rowReduction, bytesResident, bytesStored, denseBytesFp16, byteReduction } = kv;
  return {
    text,
    context: context.map(({ source, path, tokens, rows }) => ({ source, path, tokens, rows })),
    timing: { planMs, composeMs: timing.composeMs, prefillMs: timing.prefillMs, firstTokenMs: timing.firstTokenMs, totalMs: timing.totalMs },
    tokensPrefilled,
    kv: { contextTokens, rowsStored, rowsResident, rowReduction, bytesResident, bytesStored, denseBytesFp16, byteReduction },
  };
}

function textFor({ text, context, timing, tokensPrefilled, kv }: CompleteResult, planMs: number): string {
  const ms = (value: number): string => `${Math.round(value)} ms`;
  const sources = context.map(({ source, path, tokens, rows }) => `  ${path} (${source}): ${tokens} tokens, ${Math.round(rows)} rows attended`);
  return [
    text === '' ? '(nothing to add here)' : text,
    '',
    context.length > 0 ? 'context:' : 'context: none',
    ...sources,
    `time: plan ${ms(planMs)}, compose ${ms(timing.composeMs)}, prefill ${ms(timing.prefillMs)} for ${tokensPrefilled} tokens, first token ${ms(timing.firstTokenMs)}, total ${ms(timing.totalMs)}`,
    `memory: ${Math.round(kv.rowsResident)} of ${kv.contextTokens} context tokens resident as rows (${megabytes(kv.bytesResident)}; dense fp16 ${megabytes(kv.denseBytesFp16)})`,
  ].join('\n');
}
