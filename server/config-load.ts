// Settings from their files, as a command takes them and a daemon keeps them.
// Refuses to stop over a fault: what is wrong is named with its place, the rest counts.
import type { Env } from '../base/paths.js';
import { effective, type Effective } from './config.js';
import { fileLayer, lineAt, unread, type Layer, type Level } from './config-layer.js';
import { readSettings, userConfigPath, workspaceConfigPath } from './config-files.js';

/** A settings file's layer; undefined where there is no such file. `within`: the folder that it has to lie in. */
export function layerOfFile(level: Level, path: string, within?: string): Layer | undefined {
  const found = readSettings(path, within);
  if (found === undefined) return undefined;
  return 'text' in found ? fileLayer(level, path, found.text) : unread(level, path, found.fault);
}

/** What a command works with: the files' settings. `faults`: one line each. */
export function loadConfig(root: string | undefined, env: Env): Effective & { readonly faults: readonly string[] } {
  const user = layerOfFile('user', userConfigPath(env));
  const workspace = root === undefined ? undefined : layerOfFile('workspace', workspaceConfigPath(root), root);
  const layers = [user, workspace].filter((layer) => layer !== undefined);
  return { ...effective(layers), faults: layers.flatMap(faultLines) };
}

/** `place: what is wrong`, the place being a file with its line, or the editor. */
export function faultLines({ level, path, text = '', faults }: Layer): string[] {
  const place = level === 'editor' ? 'the editor\'s settings' : 'the editor\'s initialization options';
  return faults.map(({ message, span }) => `${path === undefined ? place : `${path}:${lineAt(text, span?.start ?? 0)}`}: ${message}`);
}
