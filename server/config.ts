// Settings from their levels, in rising order: defaults, the user's file, the workspace's kedge.json, the editor's options and settings.
// Refuses to stop over a fault: what is wrong is named, the rest counts.
import { join } from 'node:path';
import { homeDir, type Env } from '../base/paths.js';
import type { SourceName } from '../base/segment.js';
import { defaultsOf, schemas, type SettingsSchema } from './config-schema.js';
import { fileLayer, lineAt, unread, type Layer, type Level } from './config-layer.js';
import { readSettings, userConfigPath, workspaceConfigPath } from './config-files.js';

/** Each is described in docs/kedge.schema.json. */
export interface Config {
  readonly contextTokensMax: number;
  readonly sources: Readonly<Record<Exclude<SourceName, 'given'>, boolean>>;
  readonly importTokensMax: number;
  readonly prefixTokensMax: number;
  readonly suffixTokensMax: number;
  readonly residentShare: number;
  readonly completionTokensMax: number;
  readonly confidenceFloor: number;
  readonly multiline: boolean;
  readonly exclude: readonly string[];
  readonly languages?: readonly string[];
  readonly triggerCharacters: readonly string[];
  readonly model?: string;
  readonly threads?: number;
  readonly storeBytesMax: number;
  readonly pythonEnvironments: readonly string[];
  readonly readingPaused: 'always' | 'onBattery' | 'never';
  readonly modelPull: 'ask' | 'always' | 'never';
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
  /** By a setting's name; `sources.imports` for what an object holds, `exclude.0` for an item that a level added. */
  readonly origins: Readonly<Record<string, Origin>>;
}

/** What a repository has to know. */
export type RepositorySettings = Pick<Config, 'exclude' | 'pythonEnvironments'>;

/** `~/` stands for the user's home. */
export function repositorySettings({ exclude, pythonEnvironments }: Config, env: Env): RepositorySettings {
  return { exclude, pythonEnvironments: pythonEnvironments.map((path) => (path.startsWith('~/') ? join(homeDir(env), path.slice(2)) : path)) };
}

export function defaultConfig(): Config {
  return Object.freeze(defaultsOf(schemas.user.properties)) as unknown as Config;
}

/** A level adds to what the others list: one from a stranger can leave out more, and take nothing back in. */
const accumulating = 'exclude';

/** `layers` in rising order. What an object holds counts name by name. */
export function effective(layers: readonly Layer[]): Effective {
  const config: Record<string, unknown> = { ...defaultConfig() };
  const origins: Record<string, Origin> = Object.fromEntries(settingNames(schemas.user.properties).map((name) => [name, { level: 'default' }]));
  for (const { level, path, settings, lineOf } of layers) {
    for (const [key, value] of Object.entries(settings)) {
      if (key === accumulating) {
        const before = config[key] as readonly string[];
        const added = (value as readonly string[]).filter((item) => !before.includes(item));
        config[key] = [...before, ...added];
        if (added.length > 0) delete origins[key];
        for (const [index, item] of added.entries()) origins[`${key}.${before.length + index}`] = { level, path, line: lineOf([key, String((value as readonly string[]).indexOf(item))]) };
        continue;
      }
      const parts = isObject(value) ? Object.keys(value) : undefined;
      config[key] = parts ? { ...(config[key] as object), ...(value as object) } : value;
      for (const name of parts ?? [undefined]) origins[name === undefined ? key : `${key}.${name}`] = { level, path, line: lineOf(name === undefined ? [key] : [key, name]) };
    }
  }
  return { config: Object.freeze(config) as unknown as Config, origins };
}

/** `key`, or `key.name` where a setting is an object. */
const settingNames = (properties: SettingsSchema['properties']): string[] =>
  Object.entries(properties).flatMap(([key, property]) => (key === '$schema' ? [] : property.properties ? settingNames(property.properties).map((name) => `${key}.${name}`) : [key]));

/** By its name among the origins; undefined where it is not set. */
export const settingOf = (config: Config, name: string): unknown => name.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], config);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

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
