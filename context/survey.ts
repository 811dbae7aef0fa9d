// Outlines a whole workspace in the background, so that importers are known and a restart parses only what changed.
// Refuses to be waited for: it works in small slices, rests while somebody types, and stops at a named bound.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '../base/digest.js';
import type { Disk, FileStamp } from './disk.js';
import type { ImporterIndex } from './importers.js';
import { OutlineStore } from './outlines.js';
import type { Outline } from './outline.js';
import { isSource, unaskedBytesMax } from './parse.js';
import { isSecret, isSecretFolder } from './secrets.js';
import type { Snapshot } from './snapshot.js';
import type { Turns } from './turns.js';

/** What lies beyond is outlined when it is needed. */
export const surveyFilesMax = 30_000;
/** Worked on at once. */
const sliceMs = 8;
/** Between slices while somebody types: the model needs the processor then. */
const restMs = 24;
/** Outlines kept in memory before they are written. */
const unwrittenCharsMax = 16 << 20;
/** Written when nothing else is to do, but not for every saved file. */
const saveEveryMs = 60_000;

export interface SurveyDeps {
  readonly disk: Disk;
  readonly importers: ImporterIndex;
  readonly turns: Turns;
  readonly parse: (path: string, text: string) => Outline | undefined;
  /** What is walked. */
  roots(): readonly string[];
  /** The newest. */
  snapshot(): Snapshot;
}

export class Survey {
  private stores: OutlineStore[] = [];
  private queue: string[] = [];
  private queued = new Set<string>();
  /** Every file that the walk met; undefined until it has ended. */
  private met: Set<string> | undefined;
  private readonly abort = new AbortController();
  private running: Promise<void> | undefined;
  private walkNext = true;
  private savedAtMs = 0;
  private failure: unknown;

  constructor(
    private readonly dir: string,
    private readonly deps: SurveyDeps,
  ) {}

  /** Files that wait; one more while the first walk may still meet some. */
  get pending(): number {
    const isWalking = this.met === undefined && this.failure === undefined && !this.abort.signal.aborted;
    return this.queued.size + (isWalking ? 1 : 0);
  }

  /** Goes on with what is to do; walks the roots again where they changed. */
  start({ walk = false } = {}): void {
    this.walkNext ||= walk;
    if (this.abort.signal.aborted || this.running) return;
    this.running = this.work()
      .catch((error: unknown) => {
        if (!this.abort.signal.aborted) this.failure = error;
      })
      .finally(() => (this.running = undefined));
  }

  /** These changed on disk. */
  changed(paths: readonly string[]): void {
    for (const path of paths) this.enqueue(path);
    if (this.met && this.queue.length > 0) this.start();
  }

  /** What is known of a text without parsing it: undefined for nothing, null where it has no outline. */
  known(path: string, digest: string): Outline | null | undefined {
    return this.storeOf(path)?.get(path, digest);
  }

  /** Resolves when nothing is left to do; rejects with what ended the work. */
  async idle(): Promise<void> {
    while (this.running) await this.running;
    if (this.failure !== undefined) throw this.failure;
  }

  async close(): Promise<void> {
    this.abort.abort();
    while (this.running) await this.running;
    await this.save(() => Promise.resolve());
    this.stores.forEach((store) => store.close());
  }

  private async work(): Promise<void> {
    let sliceStartMs = performance.now();
    const pause = async (): Promise<void> => {
      if (performance.now() - sliceStartMs < sliceMs) return;
      await this.deps.turns.pause();
      if (this.deps.turns.isBusy) await sleep(restMs, undefined, { signal: this.abort.signal });
      this.abort.signal.throwIfAborted();
      sliceStartMs = performance.now();
    };
    // What comes while it is written is worked on, too.
    while (this.hasWork) {
      if (this.walkNext) await this.walk(pause);
      const path = this.queue.pop();
      if (path !== undefined) this.outline(path);
      await pause();
      if (this.isSaveDue) await this.save(pause);
    }
  }

  private get hasWork(): boolean {
    return this.walkNext || this.queue.length > 0;
  }

  private get isSaveDue(): boolean {
    if (this.stores.some((store) => store.charsUnwritten > unwrittenCharsMax)) return true;
    return !this.hasWork && (this.savedAtMs === 0 || performance.now() - this.savedAtMs > saveEveryMs);
  }

  private async walk(pause: () => Promise<void>): Promise<void> {
    this.walkNext = false;
    const roots = this.deps.roots();
    const before = this.stores;
    this.stores = roots.map((root) => before.find((store) => store.root === root) ?? new OutlineStore(this.dir, root));
    for (const store of before) if (!this.stores.includes(store)) store.close();
    for (const store of this.stores) if (!before.includes(store)) await store.load(pause);
    const met = new Set<string>();
    for (const folders = [...roots].reverse(); folders.length > 0 && met.size < surveyFilesMax; ) {
      const folder = folders.pop()!;
      const snapshot = this.deps.snapshot();
      const below: string[] = [];
      for (const entry of this.deps.disk.list(folder) ?? []) {
        const path = join(folder, entry.name);
        if (met.size >= surveyFilesMax || snapshot.isIgnored(path, entry.isDirectory())) continue;
        if (entry.isDirectory() && !isSecretFolder(path)) below.push(path);
        else if (entry.isFile() && isSource(path) && !isSecret(path)) met.add(path);
      }
      folders.push(...below.sort().reverse());
      await pause();
    }
    this.met = met;
    for (const path of [...met].reverse()) this.enqueue(path);
  }

  private enqueue(path: string): void {
    if (this.queued.has(path) || this.queued.size > surveyFilesMax || !isSource(path)) return;
    this.queued.add(path);
    this.queue.push(path);
  }

  private outline(path: string): void {
    this.queued.delete(path);
    const { disk, importers } = this.deps;
    const snapshot = this.deps.snapshot();
    const stamp = disk.stamp(path);
    if (!stamp || !snapshot.isReadable(path)) return importers.forget(path);
    if (snapshot.isOpen(path)) return void snapshot.outline(path);
    if (stamp.size > unaskedBytesMax) return;
    const store = this.storeOf(path);
    const digest = store?.digestAt(path, stamp);
    const outline = digest === undefined ? undefined : store?.get(path, digest);
    if (digest !== undefined && outline !== undefined) importers.note(path, digest, outline ?? undefined);
    else this.parse(path, stamp, store);
  }

  private parse(path: string, stamp: FileStamp, store: OutlineStore | undefined): void {
    const reading = this.deps.disk.read(path);
    if (!('text' in reading)) return;
    const digest = digestOf(reading.text);
    const known = store?.get(path, digest);
    const outline = known === undefined ? this.deps.parse(path, reading.text) : (known ?? undefined);
    this.deps.importers.note(path, digest, outline);
    store?.put(path, stamp, digest, outline);
    this.met?.add(path);
  }

  private storeOf(path: string): OutlineStore | undefined {
    return this.stores.filter((store) => store.holds(path)).sort((a, b) => b.root.length - a.root.length)[0];
  }

  private async save(pause: () => Promise<void>): Promise<void> {
    this.savedAtMs = performance.now();
    for (const store of this.stores) if (store.charsUnwritten > 0) await store.save(this.met, pause);
  }
}
