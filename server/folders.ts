// The workspace's folders, and who tells what changes in them: the editor where it offers to watch, chokidar elsewhere, never both.
// Refuses to look at files.
import { pathToFileURL } from 'node:url';
import { WatchKind, type DidChangeWatchedFilesRegistrationOptions, type Disposable, type WorkspaceFoldersChangeEvent } from 'vscode-languageserver';
import { isInside } from '../base/inside.js';
import type { Log } from '../base/log.js';
import { isProject, watchedGlobs, type FileChange, type Watcher } from '../context/index.js';
import type { ClientProfile } from './clients.js';
import type { ProjectOf } from './files.js';
import { pathOf } from './protocol.js';

export interface FoldersDeps {
  readonly client: Pick<ClientProfile, 'watching'>;
  readonly log: Log;
  /** Asks the client to watch. */
  register(options: DidChangeWatchedFilesRegistrationOptions): Promise<Disposable>;
  watch(roots: readonly string[], onChanges: (changes: FileChange[]) => void, onError: (error: unknown) => void): Watcher;
  watchFailed(error: unknown): void;
  changed(changes: readonly FileChange[]): void;
  /** The workspace's folders are others from now on; `loose`: those of them that are no project's. */
  moved(roots: readonly string[], loose: readonly string[]): void;
}

export class Folders {
  /** What watches now, if anything does. */
  private watcher: Watcher | undefined;
  private registration: Disposable | undefined;
  /** One change of watching after another. */
  private turn: Promise<void> = Promise.resolve();
  private closed = false;
  /** What stands in for folders where the client names none. */
  private adopted: readonly ProjectOf[] = [];

  /** `named`: the client's own, none where it opens single files. */
  constructor(
    private named: readonly string[],
    private readonly deps: FoldersDeps,
  ) {}

  /** Whether the workspace is whatever the files that are opened belong to. */
  get followsFiles(): boolean {
    return this.named.length === 0;
  }

  /** The client listens from now on. */
  initialized(): Promise<void> {
    return this.watchAnew(this.deps.client.watching);
  }

  /** A folder that no client named, so that none watches it; nor does Kedge where it is no project's. */
  adopt(project: ProjectOf): Promise<void> {
    if (this.adopted.some(({ root, isLoose }) => root === project.root || (!isLoose && isInside(root, project.root)))) return Promise.resolve();
    this.adopted = [...this.adopted, project];
    this.moved();
    return project.isLoose ? Promise.resolve() : this.watchAnew('never');
  }

  changed({ added, removed }: WorkspaceFoldersChangeEvent): Promise<void> {
    const paths = (folders: typeof added): string[] => folders.map(({ uri }) => pathOf(uri)).filter((path) => path !== undefined);
    const gone = new Set(paths(removed));
    this.adopted = [];
    this.named = [...new Set([...this.named.filter((root) => !gone.has(root)), ...paths(added)])];
    this.moved();
    return this.watchAnew(this.deps.client.watching);
  }

  /** Says nothing to the client, which may be gone: what it watches ends with the session. */
  async close(): Promise<void> {
    this.closed = true;
    this.registration = undefined;
    await this.release();
  }

  private moved(): void {
    const loose = this.adopted.filter(({ isLoose }) => isLoose).map(({ root }) => root);
    this.deps.moved([...this.named, ...this.adopted.map(({ root }) => root)], loose);
  }

  private watchAnew(by: ClientProfile['watching']): Promise<void> {
    return this.next(async () => {
      await this.release();
      // Elsewhere each plan looks for itself what a file holds.
      const projects = [...this.named, ...this.adopted.flatMap(({ root, isLoose }) => (isLoose ? [] : [root]))].filter(isProject);
      if (this.closed || projects.length === 0) return;
      const isWatched = by !== 'never' && (await this.watchedByClient(projects, by));
      if (this.closed || isWatched) return;
      const { changed, log, watch, watchFailed } = this.deps;
      this.watcher = watch(projects, changed, (error) => {
        log.warn(`watching files: ${String(error)}`);
        watchFailed(error);
      });
    });
  }

  private async release(): Promise<void> {
    const { watcher, registration } = this;
    this.watcher = this.registration = undefined;
    registration?.dispose();
    await watcher?.close().catch((error: unknown) => this.deps.log.warn(`watching files: ${String(error)}`));
  }

  /** False where it refused. */
  private async watchedByClient(projects: readonly string[], by: 'pattern' | 'relativePattern'): Promise<boolean> {
    // Of a folder that is deleted some editors tell nothing but its own path.
    const wanted = [...watchedGlobs.map((pattern) => ({ pattern, kinds: {} })), { pattern: '**/*', kinds: { kind: WatchKind.Delete } }];
    const watchers = by === 'pattern'
      ? wanted.map(({ pattern, kinds }) => ({ globPattern: pattern, ...kinds }))
      : projects.flatMap((root) => wanted.map(({ pattern, kinds }) => ({ globPattern: { baseUri: pathToFileURL(root).href, pattern }, ...kinds })));
    try {
      this.registration = await this.deps.register({ watchers });
      return true;
    } catch (error) {
      this.deps.log.warn(`the editor does not watch files (${String(error)}): Kedge does`);
      return false;
    }
  }

  private next(action: () => Promise<void>): Promise<void> {
    this.turn = this.turn.then(action).catch((error: unknown) => this.deps.log.warn(`watching files: ${String(error)}`));
    return this.turn;
  }
}
