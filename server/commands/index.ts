// `kedge index [DIR]`: reads a folder's segments into the store ahead of time, as far as its bound allows, and says what that took.
// Refuses to keep going once the store is full: it names what it left out instead of evicting what it just wrote.
import { relative, resolve } from 'node:path';
import type { Segment } from '../../base/segment.js';
import { listFiles, Workspace, type FileList } from '../../context/index.js';
import type { Engine, EngineInfo, ReadReport } from '../../engine/index.js';
import { storedShare } from '../context-form.js';
import { projectAround, segmentsOfFile } from '../files.js';
import { duration, megabytes } from '../quantities.js';
import { commandConfig, engineFlags, withEngine, type EngineFlags } from './engine.js';
import type { AddCommand, CommandIo } from './io.js';

interface Flags extends EngineFlags {
  readonly json?: boolean;
}

/** A file's segments that no file before it had. */
export interface FileToRead {
  readonly path: string;
  readonly segments: readonly Segment[];
  readonly tokens: number;
}

export const addIndexCommand: AddCommand = (cli, io) => {
  engineFlags(cli.command('index [dir]', 'Read a folder (this one by default) into the store ahead of time'))
    .option('--json', 'One JSON object on stdout')
    .action((dir: string | undefined, flags: Flags) => run(resolve(String(dir ?? '.')), flags, io));
};

async function run(root: string, flags: Flags, io: CommandIo): Promise<void> {
  const { root: project } = projectAround(root);
  const config = commandConfig(io, project);
  const found = listFiles(root, { ...config, project });
  for (const { path, reason } of found.leftOut) io.err(`left out: ${relative(root, path)} (${reason})`);
  await withEngine(io, flags, async (engine) => {
    const files = await withTokens(engine, root, found, io);
    io.err(announcement(files, await engine.info()));
    const { reports, files: read, leftOut } = await readAll(engine, files, io, flags.json === true);
    const result = summary(read, reports, await engine.info());
    for (const path of leftOut) io.err(`left out: ${path} (the store is full)`);
    if (leftOut.length > 0) io.err(`kedge: ${leftOut.length} files found no room in the store: kedge cache stats shows its bound, kedge cache clear empties it`);
    io.out(flags.json ? JSON.stringify(result) : textFor(root, result));
  }, { config });
}

async function withTokens(engine: Engine, root: string, { files: paths, workspace }: FileList, io: CommandIo): Promise<FileToRead[]> {
  const { snapshot } = new Workspace([workspace]);
  const seen = new Set<string>();
  const files: FileToRead[] = [];
  for (const path of paths) {
    const name = relative(root, path);
    const all = segmentsOfFile(snapshot, path);
    if (!all) {
      io.err(`left out: ${name} (not readable text)`);
      continue;
    }
    const segments = all.filter(({ digest }) => !seen.has(digest) && seen.add(digest));
    const counts = await engine.countTokens(segments.map(({ text }) => text));
    files.push({ path: name, segments, tokens: counts.reduce((sum, count) => sum + count, 0) });
  }
  return files;
}

/** File by file, so that what found no room can be named; the first such file ends the reading. */
export async function readAll(engine: Engine, files: readonly FileToRead[], io: Pick<CommandIo, 'signal' | 'progress'>, quiet = false): Promise<{ reports: ReadReport[]; files: number; leftOut: string[] }> {
  const total = files.reduce((sum, { tokens }) => sum + tokens, 0);
  const progress = io.progress(quiet);
  const reports: ReadReport[] = [];
  let done = 0;
  try {
    for (const [index, { segments, tokens }] of files.entries()) {
      const onProgress = (part: number, whole: number): void => progress.on({ label: 'reading', done: done + (tokens * part) / Math.max(1, whole), total, unit: 'tokens' });
      const report = await engine.read({ client: 'index', priority: 'background', segments: segments.map((segment) => [segment]), storedShare }, io.signal, onProgress);
      reports.push(report);
      if (report.segmentsLeftOut > 0) return { reports, files: index, leftOut: files.slice(index).map(({ path }) => path) };
      done += tokens;
      progress.on({ label: 'reading', done, total, unit: 'tokens' });
    }
  } finally {
    progress.stop();
  }
  return { reports, files: files.length, leftOut: [] };
}

/** Seen on two cores without matrix instructions; the progress bar says what it is here. */
const tokensPerSecondUsual = 400;
/** What reading will take at most, before it begins. */
function announcement(files: readonly FileToRead[], { storedBytesPerToken }: EngineInfo): string {
  const tokens = files.reduce((sum, file) => sum + file.tokens, 0);
  const bytes = tokens * storedBytesPerToken;
  return `${tokens.toLocaleString('en')} tokens in ${files.length.toLocaleString('en')} files: at most ${megabytes(bytes)} in the store and about ${duration(tokens / tokensPerSecondUsual)}; what is stored already costs neither`;
}

/** The fields that scripts rely on. */
interface Summary {
  readonly files: number;
  readonly segments: number;
  readonly segmentsEncoded: number;
  readonly segmentsReused: number;
  readonly tokens: number;
  readonly rowsStored: number;
  readonly storeBytes: number;
  readonly denseBytesFp16: number;
  readonly byteReduction: number;
  readonly seconds: number;
  readonly tokensPerSecond: number;
  readonly rssPeakMb: number;
}

function summary(files: number, reports: readonly ReadReport[], info: EngineInfo): Summary {
  const sum = (of: (report: ReadReport) => number): number => reports.reduce((total, report) => total + of(report), 0);
  const tokens = sum((report) => report.tokens);
  const storeBytes = sum((report) => report.storeBytes);
  const seconds = sum((report) => report.seconds);
  const denseBytesFp16 = tokens * info.layers * info.kvHeads * info.headDim * 2 * 2;
  return {
    files,
    segments: sum((report) => report.segments),
    segmentsEncoded: sum((report) => report.segmentsEncoded),
    segmentsReused: sum((report) => report.segmentsReused),
    tokens,
    rowsStored: sum((report) => report.rowsStored),
    storeBytes,
    denseBytesFp16,
    byteReduction: denseBytesFp16 > 0 ? 1 - storeBytes / denseBytesFp16 : 0,
    seconds,
    tokensPerSecond: seconds > 0 ? sum((report) => report.tokensEncoded) / seconds : 0,
    rssPeakMb: process.resourceUsage().maxRSS / 1024,
  };
}

function textFor(root: string, result: Summary): string {
  const number = (value: number): string => Math.round(value).toLocaleString('en');
  return [
    `${root}: ${number(result.files)} files, ${number(result.segments)} segments (${number(result.segmentsEncoded)} read now, ${number(result.segmentsReused)} known), ${number(result.tokens)} tokens`,
    `stored: ${megabytes(result.storeBytes)}, ${(result.byteReduction * 100).toFixed(1)}% less than dense fp16 (${megabytes(result.denseBytesFp16)})`,
    `took ${duration(result.seconds)}${result.segmentsEncoded > 0 ? ` at ${number(result.tokensPerSecond)} tokens/s` : ''}, ${number(result.rssPeakMb)} MB of memory at most`,
  ].join('\n');
}
