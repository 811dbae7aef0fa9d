// `kedge cache stats|verify|clear`: what the segment store on this machine holds, whether it is whole, and emptying it; the outlines of projects beside it.
// Refuses to touch models: they are `kedge model`'s.
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../base/errors.js';
import { outlinesDir, storeDir } from '../../base/paths.js';
import { SegmentStore } from '../../engine/index.js';
import { megabytes } from '../quantities.js';
import { commandConfig } from './engine.js';
import type { AddCommand, CommandIo } from './io.js';

const count = (amount: number, one: string, many: string): string => `${amount.toLocaleString('en')} ${amount === 1 ? one : many}`;
const contents = (packs: number, entries: number): string => `${count(entries, 'entry', 'entries')} in ${count(packs, 'pack', 'packs')}`;

/** Each returns the object for `--json` and the same as text for a reader; `outlines` is the folder of the projects' outlines. */
const actions: Readonly<Record<string, (store: SegmentStore, dir: string, outlines: string) => { readonly result: object; readonly text: string }>> = {
  stats(store, dir, outlines) {
    const stats = store.stats();
    const outlineBytes = bytesIn(outlines);
    return { result: { ...stats, outlineBytes }, text: `${contents(stats.packs, stats.entries)}, ${megabytes(stats.bytes)} of at most ${megabytes(stats.bytesMax)}, in ${dir}\noutlines of projects, ${megabytes(outlineBytes)}, in ${outlines}` };
  },
  verify(store, dir) {
    const report = store.verify();
    if (report.damaged.length > 0) process.exitCode = 1;
    const verdict = report.damaged.length === 0 ? `${contents(report.packs, report.entries)}, ${megabytes(report.bytes)}: all as written` : `${count(report.damaged.length, 'file', 'files')} of ${dir} ${report.damaged.length === 1 ? 'is' : 'are'} not as written; nothing in them is served. To start afresh: kedge cache clear`;
    return { result: { dir, ...report }, text: [...report.damaged.map(({ file, reason }) => `${file} ${reason}`), verdict].join('\n') };
  },
  clear(store, dir, outlines) {
    const bytesFreed = store.clear() + bytesIn(outlines);
    rmSync(outlines, { recursive: true, force: true });
    return { result: { dir, bytesFreed }, text: `${megabytes(bytesFreed)} freed in ${dir} and ${outlines}` };
  },
};

function bytesIn(dir: string): number {
  const names = statSync(dir, { throwIfNoEntry: false }) ? readdirSync(dir) : [];
  return names.reduce((sum, name) => sum + (statSync(join(dir, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

export const addCacheCommand: AddCommand = (cli, io) => {
  cli
    .command('cache <action>', 'The store of segments: stats, verify (reads and checks every byte) or clear')
    .option('--json', 'One JSON object on stdout')
    .action((action: string, options: { json?: boolean }) => run(action, options.json === true, io));
};

function run(action: string, json: boolean, io: CommandIo): void {
  if (!Object.hasOwn(actions, action)) throw new UserError(`no action "${action}": kedge cache has ${Object.keys(actions).join(', ')}`, 2);
  const dir = storeDir(io.env);
  const store = SegmentStore.open(dir, { bytesMax: commandConfig(io).storeBytesMax });
  const { result, text } = actions[action](store, dir, outlinesDir(io.env));
  io.out(json ? JSON.stringify(result) : text);
}
