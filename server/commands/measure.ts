// What doctor measures: one reading and one completion of the shipped sample repository, from nothing.
// Refuses to judge the figures.
import { join } from 'node:path';
import type { Clock } from '../../base/clock.js';
import { segmentsToRead, type PlannedSegment, type Segment } from '../../base/segment.js';
import { listFiles, LocalRepository } from '../../context/index.js';
import type { KvFigures } from '../../engine/index.js';
import { complete } from '../complete.js';
import type { Config } from '../config.js';
import { residentShareOf, storedShare } from '../context-form.js';
import { segmentsOfFile } from '../files.js';
import { packageRoot } from '../../base/package.js';
import { withEngine, type EngineFlags } from './engine.js';
import type { CommandIo } from './io.js';

export interface Measured {
  readonly openMs: number;
  readonly readTokens: number;
  readonly readTokensPerSecond: number;
  readonly prefillTokensPerSecond: number;
  readonly firstTokenMs: number;
  readonly decodeMsPerToken: number;
  readonly rssModelBytes: number;
  readonly rssPeakBytes: number;
  /** Resident rows of as many context tokens as the settings allow, with sink and window. */
  readonly kvBytes: number;
  readonly storedBytesPerToken: number;
}

const sampleTokensMax = 1500;

/** `dir`: an empty folder for the store. */
export async function measure(io: CommandIo, flags: EngineFlags, config: Config, dir: string, clock: Clock): Promise<Measured> {
  const root = join(packageRoot, 'examples');
  const repository = new LocalRepository({ roots: [root] });
  const { snapshot } = repository.workspace;
  const paths = listFiles(root).files;
  const startedMs = clock.nowMs();
  return withEngine(io, flags, async (engine) => {
    await engine.info();
    const openMs = clock.nowMs() - startedMs;
    const rssModelBytes = process.memoryUsage.rss();
    const given = await sample(paths.slice(1).flatMap((path) => segmentsOfFile(snapshot, path) ?? []), (texts) => engine.countTokens(texts));
    const read = await engine.read({ client: 'doctor', priority: 'reading', segments: segmentsToRead({ segments: given }), storedShare }, io.signal);
    const offset = snapshot.read(paths[0])!.length >> 1;
    const { result } = await complete(
      engine,
      { client: 'doctor', document: paths[0], repository, cursor: { path: paths[0], offset }, given, decodeMsMax: 0, waitMsMax: 0 },
      { ...config, contextTokensMax: 0, residentShare: 1, confidenceFloor: 0 }, clock, io.signal,
    );
    const { kv, timing } = result;
    return {
      openMs,
      readTokens: read.tokens,
      readTokensPerSecond: read.tokensEncoded / read.seconds,
      prefillTokensPerSecond: (result.tokensPrefilled * 1000) / timing.prefillMs,
      firstTokenMs: timing.firstTokenMs,
      decodeMsPerToken: result.tokensDecoded > 1 ? (timing.totalMs - timing.firstTokenMs) / (result.tokensDecoded - 1) : 0,
      rssModelBytes,
      rssPeakBytes: process.resourceUsage().maxRSS * 1024,
      kvBytes: kvBytesOf(kv, config),
      storedBytesPerToken: kv.bytesStored / kv.contextTokens,
    };
  }, { dir, config });
}

/** From a context that was composed whole, of which `kv` tells. */
export function kvBytesOf(kv: Pick<KvFigures, 'contextTokens' | 'rowsResident' | 'bytesResident' | 'denseBytesFp16' | 'byteReduction'>, settings: Pick<Config, 'contextTokensMax' | 'residentShare'>): number {
  const { contextTokensMax } = settings;
  const sampleBytes = (1 - kv.byteReduction) * kv.denseBytesFp16;
  const share = Math.min(residentShareOf(contextTokensMax, settings), kv.rowsResident / kv.contextTokens);
  return kv.bytesResident - sampleBytes + (sampleBytes / kv.rowsResident) * contextTokensMax * share;
}

async function sample(segments: readonly Segment[], countTokens: (texts: readonly string[]) => Promise<readonly number[]>): Promise<PlannedSegment[]> {
  const counts = await countTokens(segments.map(({ text }) => text));
  const taken: PlannedSegment[] = [];
  let sum = 0;
  for (const [index, segment] of segments.entries()) {
    if (sum + counts[index] > sampleTokensMax) break;
    sum += counts[index];
    taken.push({ segment, source: 'given', reason: 'the sample', tokens: counts[index], share: 1 });
  }
  return taken;
}
