// Settings as they come out of their levels, in rising order: defaults, the user's file, the workspace's kedge.json, the editor's options and settings.
// Refuses to read files: config-load.ts does.
import { join } from 'node:path';
import { homeDir, type Env } from '../base/paths.js';
import type { SourceName } from '../base/segment.js';
import { defaultsOf, schemas, type SettingsSchema } from '../base/settings-schema.js';
import type { Layer, Level } from './config-layer.js';

/** Each is described in docs/kedge.schema.json. */
export interface Config {
  readonly contextTokensMax: number;
  readonly sources: Readonly<Partial<Record<Exclude<SourceName, 'given'>, boolean>>>;
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
export interface RepositorySettings extends Pick<Config, 'exclude' | 'pythonEnvironments'> {
  /** The folder from which `exclude` counts. */
  readonly excludeFrom?: string;
}

/** `~/` stands for the user's home. */
export function repositorySettings({ exclude, pythonEnvironments }: Config, env: Env, excludeFrom?: string): RepositorySettings {
  return { exclude, excludeFrom, pythonEnvironments: pythonEnvironments.map((path) => (path.startsWith('~/') ? join(homeDir(env), path.slice(2)) : path)) };
}

export function defaultConfig(): Config {
  return Object.freeze(defaultsOf(schemas.user.properties)) as unknown as Config;
}

/** A level adds to what the others list: one from a stranger can leave out more, and take nothing back in. */
const accumulating = 'exclude';

type Settings = Record<string, unknown>;
type Origins = Record<string, Origin>;

/** `layers` in rising order. What an object holds counts name by name. */
export function effective(layers: readonly Layer[]): Effective {
  const config: Settings = { ...defaultConfig() };
  const origins: Origins = Object.fromEntries(settingNames(schemas.user.properties).map((name) => [name, { level: 'default' }]));
  for (const layer of layers) {
    for (const [key, value] of Object.entries(layer.settings)) {
      if (key === accumulating) accumulate(key, value as readonly string[], layer, config, origins);
      else override(key, value, layer, config, origins);
    }
  }
  return { config: Object.freeze(config) as unknown as Config, origins };
}

function accumulate(key: string, given: readonly string[], { level, path, lineOf }: Layer, config: Settings, origins: Origins): void {
  const before = config[key] as readonly string[];
  const added = given.filter((item) => !before.includes(item));
  config[key] = [...before, ...added];
  if (added.length > 0) delete origins[key];
  for (const [index, item] of added.entries()) origins[`${key}.${before.length + index}`] = { level, path, line: lineOf([key, String(given.indexOf(item))]) };
}

function override(key: string, value: unknown, { level, path, lineOf }: Layer, config: Settings, origins: Origins): void {
  if (!isObject(value)) {
    config[key] = value;
    origins[key] = { level, path, line: lineOf([key]) };
    return;
  }
  config[key] = { ...(config[key] as object), ...value };
  for (const name of Object.keys(value)) origins[`${key}.${name}`] = { level, path, line: lineOf([key, name]) };
}

/** `key`, or `key.name` where a setting is an object. */
const settingNames = (properties: SettingsSchema['properties']): string[] =>
  Object.entries(properties).flatMap(([key, property]) => (key === '$schema' ? [] : property.properties ? settingNames(property.properties).map((name) => `${key}.${name}`) : [key]));

/** By its name among the origins; undefined where it is not set. */
export const settingOf = (config: Config, name: string): unknown => name.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], config);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
