// Tells when files change on disk, in batches: the only place that knows chokidar. Refuses to read, and to follow symbolic links.
import { join } from 'node:path';
import { watch as chokidarWatch, type FSWatcher } from 'chokidar';
import { isInside } from '../base/inside.js';
import { systemDisk } from './disk.js';
import { IgnoreRules } from './ignore-rules.js';
import { isSource } from './parse.js';
import type { FileChange } from './workspace.js';

/** A burst, such as a branch switch, becomes one batch: it ends after this long without a change. */
const quietMs = 50;
/** File systems may tell a time that is so much behind the clock's. */
export const clockStepMs = 50;
/** Also a batch that never gets quiet is handed over. */
const batchMsMax = 1000;

/** The same files, for an editor that watches. */
export const watchedGlobs: readonly string[] = ['**/*.{ts,mts,cts,tsx,js,mjs,cjs,jsx,py,pyi,json,toml,cfg}', '**/{.gitignore,.kedgeignore,pnpm-workspace.yaml,pnpm-lock.yaml,yarn.lock}'];

/** What changes what is to be watched. */
const ignoreFile = /[\\/]\.(?:git|kedge)ignore$/;

/** The workspace's settings are watched though git may not track them. */
const settingsFile = 'kedge.json';

export interface Watcher {
  /** Resolves when every folder is watched. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

/** How many watches `root` takes: one for each folder and file. */
export function countWatches(root: string): number {
  const folder = systemDisk.real(root) ?? root;
  const ignored = ignoredIn([folder]);
  let count = 1;
  const pending = [folder];
  for (let dir = pending.pop(); dir !== undefined; dir = pending.pop()) {
    for (const entry of systemDisk.list(dir) ?? []) {
      const path = join(dir, entry.name);
      if (ignored(path, entry)) continue;
      count += 1;
      if (entry.isDirectory()) pending.push(path);
    }
  }
  return count;
}

/** `folders`: real paths. Without stats, whatever would be ignored both as a file and as a folder. */
function ignoredIn(folders: readonly string[]): (path: string, stats?: { isDirectory(): boolean; isFile(): boolean }) => boolean {
  const rules = folders.map((folder) => new IgnoreRules(folder, systemDisk));
  return (path, stats) => {
    if (folders.some((folder) => path === join(folder, settingsFile))) return false;
    if (stats?.isFile() && !isSource(path) && !/(\.json|\.toml|\.cfg|\.gitignore|\.kedgeignore|pnpm-workspace\.yaml|pnpm-lock\.yaml|yarn\.lock)$/.test(path)) return true;
    const kinds = stats ? [stats.isDirectory()] : [false, true];
    return rules.some((r) => isInside(r.root, path) && kinds.every((isFolder) => r.ignores(path, isFolder)));
  };
}

/** Watches source files and the files that say where others are found. `onError` gets what the platform refuses, such as too many watches. */
export function watch(roots: readonly string[], onChanges: (changes: FileChange[]) => void, onError: (error: unknown) => void): Watcher {
  const folders = roots.map((root) => systemDisk.real(root) ?? root);
  /** The newest last: an older one watches until the newest has found every folder. */
  let watchers: FSWatcher[] = [];
  let batch = new Map<string, FileChange>();
  let timer: NodeJS.Timeout | undefined;
  let since = 0;
  const flush = (): void => {
    timer = undefined;
    const changes = [...batch.values()];
    const rulesChanged = [...batch.keys()].some((path) => ignoreFile.test(path));
    batch = new Map();
    onChanges(changes);
    if (rulesChanged) begin();
  };
  const note = (path: string): void => {
    if (batch.size === 0) since = Date.now();
    batch.set(path, { kind: 'disk', path });
    if (timer) clearTimeout(timer);
    timer = setTimeout(flush, Math.max(0, Math.min(quietMs, since + batchMsMax - Date.now())));
  };
  let isWatching = (): void => {};
  const ready = new Promise<void>((resolve) => (isWatching = resolve));
  const begin = (): void => {
    const startedMs = Date.now() - clockStepMs;
    const watcher = chokidarWatch(folders, { ignored: ignoredIn(folders), followSymlinks: false });
    watchers.push(watcher);
    let isReady = false;
    // On its first look through the folders it tells every file: one that changed since it began is news.
    watcher.on('add', (path, stats) => (isReady || !stats || stats.ctimeMs >= startedMs ? note(path) : undefined)).on('change', note).on('unlink', note).on('error', onError);
    watcher.once('ready', () => {
      isReady = true;
      const older = watchers.slice(0, Math.max(0, watchers.indexOf(watcher)));
      watchers = watchers.slice(older.length);
      for (const one of older) one.close().catch(onError);
      isWatching();
    });
  };
  begin();
  return {
    ready,
    async close() {
      if (timer) clearTimeout(timer);
      await Promise.all(watchers.map((watcher) => watcher.close()));
    },
  };
}
