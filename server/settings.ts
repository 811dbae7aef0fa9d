// A running daemon's settings: recomputed when a settings file or the editor's answer changes, each file's faults told as diagnostics.
// Refuses to let a fault undo what counted before: a file's last good settings stay until it is sound again.
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DiagnosticSeverity, type Diagnostic } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { Env } from '../base/paths.js';
import type { FileChange } from '../context/index.js';
import { effective, type Config } from './config.js';
import { userConfigPath, workspaceConfigPath, workspaceFileName } from './config-files.js';
import { fileLayer, levels, valueLayer, type Layer, type Level } from './config-layer.js';
import { faultLines, layerOfFile } from './config-load.js';
import { rangeOf, type PositionEncoding } from './protocol.js';

export interface SettingsDeps {
  readonly env: Env;
  readonly encoding: PositionEncoding;
  /** All that is wrong with a settings file; nothing once it is sound again or gone. */
  publish(path: string, diagnostics: Diagnostic[]): void;
  /** Something wrong with what the editor sent. */
  tell(fault: string): void;
  /** What counts is no longer what counted before. */
  changed(before: Config): void;
}

interface SettingsFile {
  readonly level: Level;
  readonly path: string;
  /** The folder that the file has to lie in. */
  readonly within?: string;
  /** An open buffer's text: it beats the disk. */
  readonly buffer?: string;
}

export class Settings {
  private readonly files = new Map<Level, SettingsFile>();
  private readonly layers = new Map<Level, Layer>();
  /** Diagnostics as last published, by file. */
  private readonly published = new Map<string, string>();
  private current: Config;

  /** Settings files of the workspace's other folders, which do not count. */
  private others: readonly string[] = [];

  /** `options`: the editor's initialization options, as they came. */
  constructor(
    roots: readonly string[],
    options: unknown,
    private readonly deps: SettingsDeps,
  ) {
    this.setFile({ level: 'user', path: userConfigPath(deps.env) });
    if (roots.length > 0) this.setFile(workspaceFile(roots[0]));
    this.setOthers(roots);
    this.setValue('initializationOptions', options);
    this.current = this.effective();
  }

  get config(): Config {
    return this.current;
  }

  /** Looks only at settings files and the workspace's folders. */
  apply(changes: readonly FileChange[]): void {
    let seen = false;
    for (const change of changes) {
      if (change.kind === 'roots') {
        const [root] = change.roots;
        const isOther = root === undefined ? this.files.has('workspace') : this.files.get('workspace')?.within !== root;
        if (isOther) this.leaveWorkspace();
        this.setOthers(change.roots);
        if (isOther && root !== undefined) this.setFile(workspaceFile(root));
        seen ||= isOther;
        continue;
      }
      const isOf = (path: string): boolean => change.kind === 'missed' || ('path' in change && isSame(path, change.path));
      for (const file of this.files.values()) {
        if (!isOf(file.path)) continue;
        this.setFile(change.kind === 'open' ? { ...file, buffer: change.text } : change.kind === 'close' ? { ...file, buffer: undefined } : file);
        seen = true;
      }
      for (const path of this.others) if (isOf(path)) this.tellOther(path);
    }
    if (seen) this.recompute();
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

  private setFile(file: SettingsFile): void {
    this.files.set(file.level, file);
    const layer = file.buffer === undefined ? layerOfFile(file.level, file.path, file.within) : fileLayer(file.level, file.path, file.buffer);
    const kept = this.layers.get(file.level);
    if (!layer) this.layers.delete(file.level);
    else if (layer.faults.length === 0 || !kept || kept.faults.length > 0) this.layers.set(file.level, layer);
    this.publish(file.path, layer ? diagnosticsOf(layer, this.deps.encoding) : []);
  }

  private setOthers(roots: readonly string[]): void {
    const others = roots.slice(1).map(workspaceConfigPath);
    for (const path of this.others) if (!others.includes(path)) this.publish(path, []);
    this.others = others;
    for (const path of others) this.tellOther(path);
  }

  private tellOther(path: string): void {
    const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } };
    const message = 'of several folders only the first one\'s settings count, for all of them: these do not';
    this.publish(path, existsSync(path) ? [{ range, severity: DiagnosticSeverity.Information, source: 'kedge', message }] : []);
  }

  private leaveWorkspace(): void {
    const left = this.files.get('workspace');
    if (!left) return;
    this.files.delete('workspace');
    this.layers.delete('workspace');
    this.publish(left.path, []);
  }

  private publish(path: string, diagnostics: Diagnostic[]): void {
    const text = JSON.stringify(diagnostics);
    if (text === (this.published.get(path) ?? '[]')) return;
    this.published.set(path, text);
    this.deps.publish(path, diagnostics);
  }

  private recompute(): void {
    const before = this.current;
    const now = this.effective();
    // The same object as long as the same counts: what runs under it goes on.
    if (JSON.stringify(now) === JSON.stringify(before)) return;
    this.current = now;
    this.deps.changed(before);
  }

  private effective(): Config {
    return effective(levels.flatMap((level) => this.layers.get(level) ?? [])).config;
  }
}

const workspaceFile = (root: string): SettingsFile => ({ level: 'workspace', path: workspaceConfigPath(root), within: root });

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
