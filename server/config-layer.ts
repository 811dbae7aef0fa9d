// One level of settings, checked against its schema: what counts of it, and what does not, with its place.
// Refuses to read files and to know the other levels.
import { Ajv, type ErrorObject } from 'ajv';
import { findNodeAtLocation, getNodeValue, parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import { schemas, type Scope } from '../base/settings-schema.js';
import type { Config } from './config.js';

/** In rising order. */
export const levels = ['default', 'user', 'workspace', 'initializationOptions', 'editor'] as const;
export type Level = (typeof levels)[number];

/** Something that does not count. */
export interface Fault {
  readonly message: string;
  /** In the file's text, half-open, UTF-16 code units; absent where there is no text. */
  readonly span?: { readonly start: number; readonly end: number };
}

export interface Layer {
  readonly level: Level;
  /** The file, where the settings come from one. */
  readonly path?: string;
  readonly text?: string;
  /** What is sound. */
  readonly settings: Partial<Config>;
  readonly faults: readonly Fault[];
  /** The line (from 1) that sets what `path` leads to, in a file. */
  lineOf(path: readonly string[]): number | undefined;
}

const ajv = new Ajv({ allErrors: true, verbose: true });
const validators = { project: ajv.compile(schemas.project), user: ajv.compile(schemas.user) };

export const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;

/** Settings that an editor sent; null and undefined set nothing. */
export function valueLayer(level: Level, value: unknown): Layer {
  const faults: Fault[] = [];
  const settings = sound('user', value ?? {}, (message) => faults.push({ message }));
  return { level, settings, faults, lineOf: () => undefined };
}

/** A file's text: JSON with comments. A file that is no JSON sets nothing. */
export function fileLayer(level: Level, path: string, text: string): Layer {
  try {
    return parsedLayer(level, path, text);
  } catch (error) {
    // What reads JSON here calls itself for each level.
    if (!(error instanceof RangeError)) throw error;
    return { ...unread(level, path, 'is nested too deeply; nothing of it counts'), text };
  }
}

function parsedLayer(level: Level, path: string, text: string): Layer {
  const scope: Scope = level === 'workspace' ? 'project' : 'user';
  const broken: ParseError[] = [];
  const tree = parseTree(text.replace(/^\uFEFF/, ' '), broken, { allowTrailingComma: true });
  if (!tree || broken.length > 0) {
    const { offset: start, length } = broken[0] ?? { offset: 0, length: 0 };
    const reason = broken.length > 0 ? printParseErrorCode(broken[0].error) : 'empty';
    return { ...unread(level, path, `is not JSON with comments (${reason}); nothing of it counts`, { start, end: start + length }), text };
  }
  const faults: Fault[] = [];
  const settings = sound(scope, getNodeValue(tree), (message, at) => {
    const { offset, length } = nodeAt(tree, at);
    faults.push({ message, span: { start: offset, end: offset + length } });
  });
  return { level, path, text, settings, faults, lineOf: (at) => lineAt(text, nodeAt(tree, at).offset) };
}

/** A file that could not be taken as settings at all. */
export function unread(level: Level, path: string, message: string, span = { start: 0, end: 0 }): Layer {
  return { level, path, text: '', settings: {}, faults: [{ message, span }], lineOf: () => undefined };
}

/** The property at `path`, name and value, or the nearest one around it that stands there. */
function nodeAt(tree: Node, path: readonly string[]): Node {
  const node = path.length === 0 ? tree : findNodeAtLocation(tree, path.map((step) => (/^\d+$/.test(step) ? Number(step) : step)));
  if (!node) return nodeAt(tree, path.slice(0, -1));
  return node.parent?.type === 'property' ? node.parent : node;
}

/** What of `value` the schema accepts; each setting that it does not is reported once and left out. */
function sound(scope: Scope, value: unknown, report: (message: string, at: readonly string[]) => void): Partial<Config> {
  const validate = validators[scope];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    report('must be an object', []);
    return {};
  }
  const { $schema: _, ...left } = value as Record<string, unknown>;
  for (const error of validate(value) ? [] : (validate.errors ?? [])) {
    const at = placeOf(error);
    if (!Object.hasOwn(left, at[0])) continue;
    delete left[at[0]];
    report(messageOf(error, at, scope), at);
  }
  return left;
}

function placeOf({ instancePath, keyword, params }: ErrorObject): string[] {
  const steps = instancePath.split('/').slice(1).map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  return keyword === 'additionalProperties' ? [...steps, (params as { additionalProperty: string }).additionalProperty] : steps;
}

function messageOf({ keyword, message, params, parentSchema }: ErrorObject, at: readonly string[], scope: Scope): string {
  const name = `"${at.join('.')}"`;
  switch (keyword) {
    case 'additionalProperties':
      return scope === 'project' && at.length === 1 && Object.hasOwn(schemas.user.properties, at[0]) ? `${name} may be set in the user's own file or the editor only, not by a workspace` : `${name} is no setting`;
    case 'enum':
      return `${name} must be one of ${(params as { allowedValues: readonly unknown[] }).allowedValues.join(', ')}`;
    case 'pattern':
      return `${name} must be: ${(parentSchema as { description?: string }).description ?? message}`;
    default:
      return `${name} ${message}`;
  }
}
