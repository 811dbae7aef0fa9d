// What a completion needs to know at a cursor: the local prompt and the context plan around it.
// Refuses to know the model: tokens are counted by a function it is given.
import { setImmediate as tick } from 'node:timers/promises';
import { UserError } from '../base/errors.js';
import type { ContextPlan, CountTokens, LocalPrompt } from '../base/segment.js';
import { Mentions } from './mentions.js';
import { planOf } from './plan.js';
import { isSecret } from './secrets.js';
import type { SegmentForm } from './segments.js';
import type { Snapshot } from './snapshot.js';
import { importCandidates } from './sources/imports.js';
import { ownFileCandidates } from './sources/own-file.js';
import { windowOf } from './window.js';

export interface Cursor {
  /** Absolute. */
  readonly path: string;
  /** In UTF-16 code units. */
  readonly offset: number;
}

export interface PrepareOptions {
  /** 0: no plan, the local prompt alone. */
  readonly contextTokensMax: number;
  readonly prefixTokensMax: number;
  readonly suffixTokensMax: number;
  readonly importTokensMax: number;
  /** Pass the same function each time: counts are kept by it. */
  readonly countTokens: CountTokens;
  /** The last answer's, to keep the window where it is while somebody types; leave it out when the text before it changed. */
  readonly windowStart?: number;
  /** How files are cut into segments; 'declaration' when left out. */
  readonly form?: SegmentForm;
  /** Called between files: lets others run. Rejects when the answer is no longer wanted. */
  readonly pause?: () => Promise<void>;
}

export interface Prepared {
  readonly prompt: LocalPrompt;
  readonly plan: ContextPlan;
  readonly windowStart: number;
}

/** The file at the cursor must be an open buffer or readable. Calls `countTokens` at most twice. Throws a UserError when there is no such text. */
export async function prepare(snapshot: Snapshot, cursor: Cursor, options: PrepareOptions): Promise<Prepared> {
  const path = snapshot.canonical(cursor.path);
  const text = snapshot.read(path);
  if (text === undefined) throw new UserError(`${cursor.path} cannot be completed: it is not a source file of the workspace that may be read`);
  if (cursor.offset < 0 || cursor.offset > text.length) throw new UserError(`${cursor.path} ends before position ${cursor.offset}`);
  const outline = snapshot.outline(path);
  const isLocal = (specifier: string): boolean => (/\.pyi?$/.test(path) ? snapshot.resolveModule(path, specifier) : snapshot.resolveSpecifier(path, specifier)) !== undefined;
  const { prompt, windowStart, shown } = await windowOf(snapshot.nameOf(path), text, outline, cursor.offset, (s) => isLocal(s.specifier), options);
  if (options.contextTokensMax <= 0 || !outline || isSecret(path)) return { prompt, windowStart, plan: { segments: [], tokens: 0 } };
  const mentions = new Mentions(text, cursor.offset, outline.imports);
  const form = options.form ?? 'declaration';
  const candidates = [...ownFileCandidates(snapshot, path, cursor.offset, shown, form), ...(await importCandidates(snapshot, path, mentions, form, options.pause ?? (() => tick())))];
  return { prompt, windowStart, plan: await planOf(candidates, mentions, options.contextTokensMax, options.countTokens) };
}
