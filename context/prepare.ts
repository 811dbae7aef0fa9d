// What a completion needs to know at a cursor: the local prompt and the context plan around it.
// Refuses to know the model: tokens are counted by a function it is given.
import { setImmediate as tick } from 'node:timers/promises';
import { UserError } from '../base/errors.js';
import type { ContextPlan, CountTokens, LocalPrompt, SourceName } from '../base/segment.js';
import { Mentions } from './mentions.js';
import { isSource } from './parse.js';
import { planOf, type LeftOut } from './plan.js';
import { moduleOf, type Modules } from './resolve.js';
import { isSecret } from './secrets.js';
import type { Snapshot } from './snapshot.js';
import { alikeCandidates } from './sources/alike.js';
import { apiDocCandidates } from './sources/apidocs.js';
import type { Candidate, Place, Source } from './sources/candidate.js';
import { configCandidates } from './sources/configs.js';
import { importCandidates } from './sources/imports.js';
import { ownFileCandidates } from './sources/own-file.js';
import { siblingCandidates } from './sources/siblings.js';
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
  /** A source that looks through many files takes only what is known of them by now. */
  readonly knownOnly?: boolean;
  /** Called between files: lets others run. Rejects when the answer is no longer wanted. */
  readonly pause?: () => Promise<void>;
  /** Where context may come from; `sourcesByDefault` when left out. */
  readonly sources?: readonly SourceName[];
  /** Where it may not come from, though a language that is not parsed has little else. */
  readonly sourcesOff?: readonly SourceName[];
  /** The last answer's plan, so that what of it is still wanted keeps its place; leave it out when everything may be laid out anew. */
  readonly previous?: ContextPlan;
  /** A plan that was read: groups of it stay where they still serve, wherever they then stand. `previous` where that is given. */
  readonly readBefore?: ContextPlan;
}

export const sourcesByDefault: readonly SourceName[] = ['alike', 'own-file', 'imports'];

export interface Prepared {
  readonly prompt: LocalPrompt;
  readonly plan: ContextPlan;
  readonly windowStart: number;
}

export interface Explained extends Prepared {
  readonly leftOut: readonly LeftOut[];
}

/** In the order of their files' relevance, where nothing of a file is asked for or mentioned. */
const sources: Readonly<Record<Exclude<SourceName, 'given'>, Source>> = { alike: alikeCandidates, 'own-file': ownFileCandidates, imports: importCandidates, apidocs: apiDocCandidates, siblings: siblingCandidates, configs: configCandidates };

export const sourcesKnown = Object.keys(sources) as (keyof typeof sources)[];

/** Of a language that is not parsed nothing is imported: what stands beside it and above it is all there is. */
const sourcesUnparsed: readonly SourceName[] = ['siblings', 'configs'];

/** The file at the cursor must be an open buffer or readable. Calls `countTokens` at most twice. Throws a UserError when there is no such text. */
export async function prepare(snapshot: Snapshot, cursor: Cursor, options: PrepareOptions): Promise<Prepared> {
  const { prompt, windowStart, plan } = await preparedAt(snapshot, cursor, options);
  return { prompt, windowStart, plan };
}

/** As `prepare`, with what the plan leaves out and why. */
export async function explain(snapshot: Snapshot, cursor: Cursor, options: PrepareOptions): Promise<Explained> {
  const { prompt, windowStart, plan, leftOut, sources: on } = await preparedAt(snapshot, cursor, options);
  const off = (Object.keys(sources) as SourceName[]).filter((source) => !on.includes(source)).map((source) => ({ source, reason: 'not among the sources that are on' }));
  const path = snapshot.canonical(cursor.path);
  const lost = (snapshot.outline(path)?.imports ?? []).map(({ specifier }) => specifier).filter((specifier) => !leads(snapshot, path, specifier) && !leads(snapshot.dependencies, path, specifier));
  return { prompt, windowStart, plan, leftOut: [...leftOut, ...[...new Set(lost)].map((specifier) => ({ source: 'imports' as const, path: specifier, reason: 'leads to no file that may be read' })), ...off] };
}

async function preparedAt(snapshot: Snapshot, cursor: Cursor, options: PrepareOptions): Promise<Explained & { readonly sources: readonly SourceName[] }> {
  const path = snapshot.canonical(cursor.path);
  const text = snapshot.own(path);
  if (text === undefined) throw new UserError(`${cursor.path} cannot be completed: it is not a text file of the workspace that may be read`);
  if (cursor.offset < 0 || cursor.offset > text.length) throw new UserError(`${cursor.path} ends before position ${cursor.offset}`);
  const outline = snapshot.outline(path);
  const { prompt, windowStart, shown } = await windowOf(snapshot.nameOf(path), text, outline, cursor.offset, (s) => leads(snapshot, path, s.specifier), options);
  const { sources: chosen = sourcesByDefault, sourcesOff = [] } = options;
  const on = isSource(path) ? chosen : [...new Set([...chosen, ...sourcesUnparsed.filter((source) => !sourcesOff.includes(source))])];
  if (options.contextTokensMax <= 0 || isSecret(path)) return { prompt, windowStart, plan: { segments: [], tokens: 0 }, leftOut: [], sources: on };
  const mentions = new Mentions(text, cursor.offset, outline?.imports ?? []);
  const place: Place = { snapshot, path, text, outline, offset: cursor.offset, shown, mentions, knownOnly: options.knownOnly ?? false, pause: options.pause ?? (() => tick()), readBefore: groupedIn(options.previous ?? options.readBefore) };
  return { prompt, windowStart, sources: on, ...(await planOf(await candidatesAt(place, on), mentions, options)) };
}

const groupedIn = (plan: ContextPlan | undefined): Set<string> => new Set(plan?.segments.flatMap(({ segment, group }) => (group === undefined ? [] : [segment.digest])));

const leads = (modules: Modules, path: string, specifier: string): boolean => moduleOf(modules, path, specifier) !== undefined;

/** A file that two sources offer is the first one's; passages, which `alike` offers, claim none. */
async function candidatesAt(place: Place, on: readonly SourceName[]): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const [name, source] of Object.entries(sources)) {
    if (!on.includes(name as SourceName)) continue;
    const taken = new Set(found.flatMap((candidate) => (candidate.source === 'alike' ? [] : [candidate.path])));
    found.push(...(await source(place)).filter((candidate) => name === 'alike' || !taken.has(candidate.path)));
  }
  return found;
}
