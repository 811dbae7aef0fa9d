// Settings from their sources, checked and frozen: defaults, the workspace's kedge.json, the editor's options, in rising order.
// Refuses to stop over a fault: what is wrong is named, the rest counts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import { findNodeAtLocation, parseTree, printParseErrorCode, getNodeValue, type Node, type ParseError } from 'jsonc-parser';
import { systemCode } from '../base/errors.js';
import { projectSchema, userSchema } from './config-schema.js';

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
}

/** Something in a settings source that does not count; `place` says where: a file and line, or the editor. */
export interface ConfigFault {
  readonly place: string;
  readonly message: string;
}

export const projectFileName = 'kedge.json';

const ajv = new Ajv({ allErrors: true });
const validators = { project: ajv.compile(projectSchema), user: ajv.compile(userSchema) };

export function defaultConfig(): Config {
  const entries = Object.entries(userSchema.properties as Record<string, { default?: unknown }>);
  return Object.freeze(Object.fromEntries(entries.filter(([, property]) => property.default !== undefined).map(([name, property]) => [name, property.default]))) as unknown as Config;
}

/** `root`: the workspace's first folder, whose kedge.json is read; `options`: the editor's, as they came. */
export function loadConfig(root: string | undefined, options: unknown): { readonly config: Config; readonly faults: readonly ConfigFault[] } {
  const faults: ConfigFault[] = [];
  const fromFile = root === undefined ? {} : readProjectFile(join(root, projectFileName), faults);
  const fromEditor = sound('user', options ?? {}, (message) => faults.push({ place: 'the editor\'s initialization options', message }));
  return { config: Object.freeze({ ...defaultConfig(), ...fromFile, ...fromEditor }), faults };
}

function readProjectFile(path: string, faults: ConfigFault[]): Partial<Config> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') faults.push({ place: path, message: `could not be read (${systemCode(error) ?? String(error)})` });
    return {};
  }
  const broken: ParseError[] = [];
  const tree = parseTree(text, broken, { allowTrailingComma: true });
  const placeOf = (offset: number): string => `${path}:${text.slice(0, offset).split('\n').length}`;
  if (!tree || broken.length > 0) {
    faults.push({ place: placeOf(broken[0]?.offset ?? 0), message: `is not JSON with comments (${broken.length > 0 ? printParseErrorCode(broken[0].error) : 'empty'}); the whole file is left out` });
    return {};
  }
  return sound('project', getNodeValue(tree), (message, key) => faults.push({ place: placeOf(keyNode(tree, key)?.offset ?? 0), message }));
}

function keyNode(tree: Node, key: string | undefined): Node | undefined {
  return key === undefined ? undefined : findNodeAtLocation(tree, [key])?.parent;
}

/** What of `value` the schema accepts; each setting that it does not is reported once and left out. */
function sound(which: keyof typeof validators, value: unknown, report: (message: string, key?: string) => void): Partial<Config> {
  const validate = validators[which];
  if (validate(value)) return withoutSchema(value as Record<string, unknown>);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    report('must be an object');
    return {};
  }
  const left = { ...(value as Record<string, unknown>) };
  for (const error of validate.errors ?? []) {
    const key = keyOf(error);
    if (key === undefined || !Object.hasOwn(left, key)) continue;
    delete left[key];
    report(messageOf(error, key, which), key);
  }
  return withoutSchema(left);
}

function withoutSchema(settings: Record<string, unknown>): Partial<Config> {
  const { $schema: _, ...rest } = settings;
  return rest;
}

function keyOf(error: ErrorObject): string | undefined {
  return error.keyword === 'additionalProperties' ? (error.params as { additionalProperty: string }).additionalProperty : error.instancePath.split('/')[1];
}

function messageOf(error: ErrorObject, key: string, which: keyof typeof validators): string {
  if (error.keyword !== 'additionalProperties') return `"${key}" ${error.message}`;
  if (which === 'project' && Object.hasOwn(userSchema.properties, key)) return `"${key}" may be set in the editor only, not by a workspace`;
  return `"${key}" is no setting`;
}
