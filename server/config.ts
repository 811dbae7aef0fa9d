// Settings from their levels, in rising order: defaults, the user's file, the workspace's kedge.json, the editor's options and settings.
// Refuses to stop over a fault: what is wrong is named, the rest counts.
import { defaultsOf, schemas } from './config-schema.js';
import { fileLayer, lineAt, unread, type Layer, type Level } from './config-layer.js';
import { readSettings, userConfigPath, workspaceConfigPath } from './config-files.js';
import type { Env } from '../base/paths.js';

/** Each is described in docs/kedge.schema.json. */
export interface Config {
  readonly contextTokensMax: number;
  readonly importTokensMax: number;
  readonly prefixTokensMax: number;
  readonly suffixTokensMax: number;
  readonly residentShare: number;
  readonly completionTokensMax: number;
  readonly confidenceFloor: number;
  readonly multiline: boolean;
  readonly languages: readonly string[];
  readonly triggerCharacters: readonly string[];
  readonly model?: string;
  readonly threads?: number;
  readonly storeBytesMax: number;
  readonly readingPaused: 'always' | 'onBattery' | 'never';
}

/** Where a setting's value comes from. */
export interface Origin {
  readonly level: Level;
  readonly path?: string;
  /** From 1. */
  readonly line?: number;
}

export interface Effective {
  readonly config: Config;
  readonly origins: Readonly<Record<string, Origin>>;
}

export function defaultConfig(): Config {
  return Object.freeze(defaultsOf(schemas.user.properties)) as unknown as Config;
}

/** `layers` in rising order. */
export function effective(layers: readonly Layer[]): Effective {
  const defaults = defaultConfig();
  const config: Record<string, unknown> = { ...defaults };
  const origins: Record<string, Origin> = Object.fromEntries(Object.keys(schemas.user.properties).filter((key) => key !== '$schema').map((key) => [key, { level: 'default' }]));
  for (const { level, path, settings, lineOf } of layers) {
    for (const [key, value] of Object.entries(settings)) {
      config[key] = value;
      origins[key] = { level, path, line: lineOf(key) };
    }
  }
  return { config: Object.freeze(config) as unknown as Config, origins };
}

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
