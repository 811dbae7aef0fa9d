// `kedge cache stats|verify|clear`: what the segment store on this machine holds, whether it is whole, and emptying it.
// Refuses to touch models: they are `kedge model`'s.
import { UserError } from '../../base/errors.js';
import { storeDir } from '../../base/paths.js';
import { SegmentStore } from '../../engine/index.js';
import { commandConfig } from './engine.js';
import type { AddCommand, CommandIo } from './io.js';

const megabytes = (bytes: number): string => `${(bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 1 })} MB`;
const count = (amount: number, one: string, many: string): string => `${amount.toLocaleString('en')} ${amount === 1 ? one : many}`;
const contents = (packs: number, entries: number): string => `${count(entries, 'entry', 'entries')} in ${count(packs, 'pack', 'packs')}`;

/** Each returns the object for `--json` and the same as text for a reader. */
const actions: Readonly<Record<string, (store: SegmentStore, dir: string) => { readonly result: object; readonly text: string }>> = {
  stats(store, dir) {
    const stats = store.stats();
    return { result: stats, text: `${contents(stats.packs, stats.entries)}, ${megabytes(stats.bytes)} of at most ${megabytes(stats.bytesMax)}, in ${dir}` };
  },
  verify(store, dir) {
    const report = store.verify();
    if (report.damaged.length > 0) process.exitCode = 1;
    const verdict = report.damaged.length === 0 ? `${contents(report.packs, report.entries)}, ${megabytes(report.bytes)}: all as written` : `${count(report.damaged.length, 'file', 'files')} of ${dir} ${report.damaged.length === 1 ? 'is' : 'are'} not as written; nothing in them is served. To start afresh: kedge cache clear`;
    return { result: { dir, ...report }, text: [...report.damaged.map(({ file, reason }) => `${file} ${reason}`), verdict].join('\n') };
  },
  clear(store, dir) {
    const bytesFreed = store.clear();
    return { result: { dir, bytesFreed }, text: `${megabytes(bytesFreed)} freed in ${dir}` };
  },
};

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
  const { result, text } = actions[action](store, dir);
  io.out(json ? JSON.stringify(result) : text);
}
