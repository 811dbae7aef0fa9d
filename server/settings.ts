// A running daemon's settings: recomputed when a settings file or the editor's answer changes, each file's faults told as diagnostics.
// Refuses to let a fault undo what counted before: a file's last good settings stay until it is sound again.
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DiagnosticSeverity, type Diagnostic } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { isInside } from '../base/inside.js';
import type { Env } from '../base/paths.js';
import type { FileChange } from '../context/index.js';
import { effective, repositorySettings, type Config, type RepositorySettings } from './config.js';
import { userConfigPath, workspaceConfigPath, workspaceFileName } from './config-files.js';
import { fileLayer, levels, valueLayer, type Layer, type Level } from './config-layer.js';
import { faultLines, layerOfFile } from './config-load.js';
import { foldersAbove, projectAround } from './files.js';
import { rangeOf, type PositionEncoding } from './protocol.js';

/** What counts. */
export interface Counting {
  readonly config: Config;
  readonly repository: RepositorySettings;
}

export interface SettingsDeps {
  readonly env: Env;
  readonly encoding: PositionEncoding;
  /** All that is wrong with a settings file; nothing once it is sound again or gone. */
  publish(path: string, diagnostics: Diagnostic[]): void;
  /** Something wrong with what the editor sent. */
  tell(fault: string): void;
  /** What counts is no longer what counted before. */
  changed(before: Counting): void;
}

interface SettingsFile {
  readonly level: Level;
  readonly path: string;
  /** The folder that the file has to lie in. */
  readonly within?: string;
}

export class Settings {
  private readonly userFile: SettingsFile;
  private workspaceFile: SettingsFile | undefined;
  /** Where the workspace's file may stand, the nearest first. */
  private workspacePlaces: readonly string[] = [];
  /** Settings files of the workspace's other folders, which do not count. */
  private others: readonly string[] = [];
  /** Texts of open settings files, by the editor's paths: they beat the disk. */
  private readonly buffers = new Map<string, string>();
  private readonly layers = new Map<Level, Layer>();
  /** Diagnostics as last published, by file. */
  private readonly published = new Map<string, string>();
  private current: Counting;

  /** `options`: the editor's initialization options, as they came. */
  constructor(
    private roots: readonly string[],
    options: unknown,
    private readonly deps: SettingsDeps,
  ) {
    this.userFile = { level: 'user', path: userConfigPath(deps.env) };
    this.look();
    this.setValue('initializationOptions', options);
    this.current = this.counting();
  }

  get config(): Config {
    return this.current.config;
  }

  get repository(): RepositorySettings {
    return this.current.repository;
  }

  /** Where a settings file may come, change or go though nobody watches there: nowhere above the project, where a look may cost much. */
  places(): string[] {
    return [this.userFile.path, ...this.workspacePlaces];
  }

  /** Looks only at settings files and the workspace's folders. */
  apply(changes: readonly FileChange[]): void {
    const seen = changes.filter((change) => change.kind === 'roots' || change.kind === 'missed' || ('path' in change && this.isPlace(change.path)));
    for (const change of seen) {
      if (change.kind === 'roots') this.roots = change.roots;
      else if (change.kind === 'open') this.buffers.set(change.path, change.text);
      else if (change.kind === 'close') this.buffers.delete(change.path);
    }
    if (seen.length === 0) return;
    this.look();
    this.recompute();
  }

  /** The editor's own settings, as they came: they replace those that it sent before. */
  fromEditor(value: unknown): void {
    this.setValue('editor', value);
    this.recompute();
  }

  private setValue(level: Level, value: unknown): void {
    const layer = valueLayer(level, value);
    const kept = this.layers.get(level);
    const told = kept ? faultLines(kept) : [];
    this.layers.set(level, layer);
    for (const line of faultLines(layer)) if (!told.includes(line)) this.deps.tell(line);
  }

  private isPlace(path: string): boolean {
    return path === this.userFile.path || basename(path) === workspaceFileName;
  }

  /** A project's file may come and go in any folder above the workspace's. */
  private look(): void {
    const [file, ...others] = this.roots.map(workspaceFileOf);
    const left = this.workspaceFile;
    if (left && left.path !== file?.path) {
      this.layers.delete('workspace');
      this.publish(left.path, []);
    }
    this.workspaceFile = file;
    this.workspacePlaces = this.roots.slice(0, 1).flatMap(placesIn);
    this.setOthers(others.map(({ path }) => path).filter((path) => path !== file.path));
    this.read(this.userFile);
    if (file) this.read(file);
  }

  private read({ level, path, within }: SettingsFile): void {
    const buffer = [...this.buffers].find(([open]) => isSame(path, open))?.[1];
    const layer = buffer === undefined ? layerOfFile(level, path, within) : fileLayer(level, path, buffer);
    const kept = this.layers.get(level);
    if (!layer) this.layers.delete(level);
    else if (layer.faults.length === 0 || !kept || kept.faults.length > 0) this.layers.set(level, layer);
    this.publish(path, layer ? diagnosticsOf(layer, this.deps.encoding) : []);
  }

  private setOthers(others: readonly string[]): void {
    for (const path of this.others) if (!others.includes(path)) this.publish(path, []);
    this.others = others;
    for (const path of others) this.tellOther(path);
  }

  private tellOther(path: string): void {
    const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } };
    const message = 'of several folders only the first one\'s settings count, for all of them: these do not';
    this.publish(path, existsSync(path) ? [{ range, severity: DiagnosticSeverity.Information, source: 'kedge', message }] : []);
  }

  private publish(path: string, diagnostics: Diagnostic[]): void {
    const text = JSON.stringify(diagnostics);
    if (text === (this.published.get(path) ?? '[]')) return;
    this.published.set(path, text);
    this.deps.publish(path, diagnostics);
  }

  private recompute(): void {
    const before = this.current;
    const now = this.counting();
    // The same object as long as the same counts: what runs under it goes on.
    if (JSON.stringify(now) === JSON.stringify(before)) return;
    this.current = now;
    this.deps.changed(before);
  }

  private counting(): Counting {
    const { config } = effective(levels.flatMap((level) => this.layers.get(level) ?? []));
    return { config, repository: repositorySettings(config, this.deps.env, this.layers.has('workspace') ? this.workspaceFile?.within : undefined) };
  }
}

/** From the workspace's folder up to that of the project around it. */
function placesIn(root: string): string[] {
  const project = projectAround(root).root;
  return foldersAbove(workspaceConfigPath(root)).filter((folder) => isInside(project, folder)).map(workspaceConfigPath);
}

/** In the project that the folder is, or is part of, where that has one, as `kedge config show` says; else in the folder, should it come there. */
function workspaceFileOf(root: string): SettingsFile {
  const project = projectAround(root).root;
  const within = existsSync(workspaceConfigPath(project)) ? project : root;
  return { level: 'workspace', path: workspaceConfigPath(within), within };
}

/** A watcher names a file by its folder's real path, an editor by the path it was given. */
function isSame(path: string, other: string): boolean {
  if (path === other || basename(path) !== workspaceFileName || basename(other) !== workspaceFileName) return path === other;
  try {
    return join(realpathSync.native(dirname(path)), workspaceFileName) === other;
  } catch {
    return false;
  }
}

function diagnosticsOf({ path = '', text = '', faults }: Layer, encoding: PositionEncoding): Diagnostic[] {
  const document = TextDocument.create(path, 'jsonc', 0, text);
  return faults.map(({ message, span = { start: 0, end: 0 } }) => ({ severity: DiagnosticSeverity.Error, source: 'kedge', message, range: rangeOf(document, span.start, span.end, encoding) }));
}
