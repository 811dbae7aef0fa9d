// The models in the user's cache folder: found, pulled, added, removed, verified. A model is there as a whole or not at all.
// Refuses architectures and tokenizers that Kedge does not run, and names that are not plain file names.
import { existsSync, linkSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { copyFile, constants, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { asideAgeMsMax, asideOf, sweepAsides } from '../../base/aside.js';
import { explainSystemError, systemCode, UserError } from '../../base/errors.js';
import { writeFileAtomically } from '../../base/files.js';
import type { Log } from '../../base/log.js';
import { modelsDir, type Env } from '../../base/paths.js';
import type { OnProgress } from '../../base/progress.js';
import type { ConvertOptions } from '../graph/convert.js';
import { conversionOf, forgottenConversions, markUsed, readManifest } from '../graph/manifest.js';
import type { FimTokens } from '../graph/marks.js';
import type { GgufFile } from '../gguf/read.js';
import { catalogue, entryNamed, type Catalogue } from './catalogue.js';
import { claimPartial, discardOrphans, MODEL_FILE } from './partial.js';
import { fileDigest } from './verify.js';

export interface InstalledModel {
  readonly name: string;
  readonly dir: string;
  readonly ggufPath: string;
  readonly convertedDir: string;
  /** What the file was called where it came from. */
  readonly file: string;
  readonly bytes: number;
  /** Of the file when it was installed, in hex. */
  readonly sha256: string;
  readonly architecture: string;
}

export type Convert = (gguf: GgufFile, outDir: string, options: ConvertOptions) => Promise<void>;

export interface ModelOptions {
  readonly env: Env;
  readonly onProgress: OnProgress;
  readonly log: Log;
  readonly signal?: AbortSignal;
  /** With pull, false: the engine converts when it is opened, on its own thread. */
  readonly convertNow?: boolean;
  /** Only tests give these two. */
  readonly convert?: Convert;
  readonly entries?: Catalogue;
}

const RECORD_FILE = 'model.json';
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Sorted by name. */
export function installedModels(env: Env): InstalledModel[] {
  const root = modelsDir(env);
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((name) => namePattern.test(name))
    .sort()
    .flatMap((name) => readInstalled(root, name) ?? []);
}

/** The catalogue's default where `name` is undefined. */
export function findModel(name: string | undefined, env: Env, entries: Catalogue = catalogue()): InstalledModel | undefined {
  const wanted = name ?? entryNamed(undefined, entries).name;
  return namePattern.test(wanted) ? readInstalled(modelsDir(env), wanted) : undefined;
}

/** Names of the fill-in-the-middle tokens of a file that the catalogue knows, null where it knows that there are none; undefined: ask the GGUF. */
function fimTokensOf(sha256: string, entries: Catalogue = catalogue()): FimTokens | null | undefined {
  return entries.find((entry) => entry.sha256 === sha256)?.fim;
}

/** Fetches a model of the catalogue (the default where `name` is undefined) unless it lies there unharmed, and converts it. */
export async function pullModel(name: string | undefined, options: ModelOptions): Promise<{ model: InstalledModel; alreadyThere: boolean }> {
  const entry = entryNamed(name, options.entries);
  const root = modelsDir(options.env);
  const present = readInstalled(root, entry.name);
  const unharmed = present !== undefined && (await fileDigest(present.ggufPath, options)) === entry.sha256;
  if (!unharmed) {
    const { fetchEntry } = await import('./pull.js');
    const dir = await fetchEntry(entry, root, options);
    if (present) discard(present.dir);
    install(dir, { name: entry.name, file: entry.file, bytes: entry.bytes, sha256: entry.sha256, architecture: entry.architecture }, root);
    discardOrphans(root, entry.sha256);
  }
  const model = present && unharmed ? present : mustFind(root, entry.name);
  if (options.convertNow !== false) await convertInstalled(model, options);
  return { model, alreadyThere: unharmed };
}

/**
 * Installs any GGUF file of a supported architecture and tokenizer, by a hard link where the disk allows it, and converts it. A damaged model of its name and digest is replaced.
 * A file that the catalogue knows takes its name unless `name` says otherwise.
 */
export async function addModel(path: string, options: ModelOptions & { readonly name?: string }): Promise<{ model: InstalledModel; alreadyThere: boolean }> {
  const [{ openGguf }, { supportedModel }] = await Promise.all([import('../gguf/read.js'), import('../graph/supported.js')]);
  const gguf = await openGguf(path);
  supportedModel(gguf);
  const sha256 = await fileDigest(path, options);
  const root = modelsDir(options.env);
  const name = chooseName(path, sha256, options.name, options.entries ?? catalogue());
  const present = readInstalled(root, name);
  if (present && present.sha256 !== sha256) throw new UserError(`another model named ${name} is installed: choose a name with --name, or remove that one first (kedge model remove ${name})`);
  if (present && (await fileDigest(present.ggufPath, options)) === sha256) {
    await convertInstalled(present, options);
    return { model: present, alreadyThere: true };
  }
  const dir = claimPartial(root, sha256);
  try {
    await linkOrCopy(path, join(dir, MODEL_FILE));
    if (present) discard(present.dir);
    install(dir, { name, file: basename(path), bytes: (await stat(path)).size, sha256, architecture: gguf.architecture }, root);
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    throw error;
  }
  discardOrphans(root, sha256);
  const model = mustFind(root, name);
  try {
    await convertInstalled(model, options);
  } catch (error) {
    if (!options.signal?.aborted) discard(model.dir);
    throw error;
  }
  return { model, alreadyThere: false };
}

/** Deletes the model with all that was made of it. UserError where it is not installed. */
export function removeModel(name: string, env: Env): InstalledModel {
  const model = installedNamed(name, env);
  discard(model.dir);
  return model;
}

export interface Verified {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly expected: string;
  readonly found: string;
  readonly intact: boolean;
  /** Whether what this version made of the file is as long as it was written; null where it made nothing yet. Whoever uses the model next converts it again where not. */
  readonly conversionIntact: boolean | null;
}

/** Compares the file with the catalogue's digest, or with the one it had when it was added. */
export async function verifyModel(name: string, options: Pick<ModelOptions, 'env' | 'onProgress' | 'signal' | 'entries'>): Promise<Verified> {
  const model = installedNamed(name, options.env);
  const entries = options.entries ?? catalogue();
  const expected = entries.find((entry) => entry.name === name)?.sha256 ?? model.sha256;
  const found = await fileDigest(model.ggufPath, { ...options, label: `checking ${name}` });
  const conversionIntact = existsSync(model.convertedDir) ? isReady(model) : null;
  return { name, path: model.ggufPath, bytes: model.bytes, expected, found, intact: found === expected, conversionIntact };
}

/** Whether the model is converted, by this version and whole. */
export const isReady = (model: InstalledModel): boolean => readManifest(model.convertedDir) !== undefined;

/** Converts what this version has not yet, or what is not whole, for somebody who opens it now. */
export async function convertInstalled(model: InstalledModel, options: Pick<ModelOptions, 'onProgress' | 'convert' | 'entries'>): Promise<void> {
  sweepConversions(model);
  if (isReady(model)) return;
  const { openGguf } = await import('../gguf/read.js');
  const convert = options.convert ?? (await import('../graph/convert.js')).convertModel;
  await convert(await openGguf(model.ggufPath), model.convertedDir, { fim: fimTokensOf(model.sha256, options.entries), onProgress: options.onProgress });
}

function sweepConversions(model: InstalledModel): void {
  sweepAsides(model.dir, Date.now());
  if (isReady(model)) asFarAsAllowed(() => markUsed(model.convertedDir, Date.now()));
  asFarAsAllowed(() => forgottenConversions(model.dir, asideAgeMsMax, Date.now()).forEach(discard));
}

/** What is not ours to tidy is left, and so is what another process is tidying. */
function asFarAsAllowed(action: () => void): void {
  try {
    action();
  } catch {
    // Nothing depends on it.
  }
}

type Record = Pick<InstalledModel, 'name' | 'file' | 'bytes' | 'sha256' | 'architecture'>;

function readInstalled(root: string, name: string): InstalledModel | undefined {
  const dir = join(root, name);
  const ggufPath = join(dir, MODEL_FILE);
  try {
    const record = JSON.parse(readFileSync(join(dir, RECORD_FILE), 'utf8')) as Record;
    return existsSync(ggufPath) ? { ...record, name, dir, ggufPath, convertedDir: conversionOf(dir) } : undefined;
  } catch {
    return undefined;
  }
}

function installedNamed(name: string, env: Env): InstalledModel {
  const model = findModel(name, env);
  if (model) return model;
  const names = installedModels(env).map((installed) => installed.name);
  throw new UserError(`no model "${name}" is installed: ${names.length > 0 ? `there are ${names.join(', ')}` : 'none is; run kedge model pull'}`);
}

function mustFind(root: string, name: string): InstalledModel {
  const model = readInstalled(root, name);
  if (!model) throw new UserError(`${join(root, name)} was removed by another process while it was installed: run the command again`);
  return model;
}

/** Renames the finished folder into place. Where another process was faster, its model stays: the bytes are the same. */
function install(dir: string, record: Record, root: string): void {
  writeFileAtomically(join(dir, RECORD_FILE), `${JSON.stringify(record, null, 2)}\n`);
  const target = join(root, record.name);
  try {
    if (existsSync(target) && !readInstalled(root, record.name)) discard(target);
    renameSync(dir, target);
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    if (readInstalled(root, record.name)?.sha256 !== record.sha256) throw explainSystemError(error, target);
  }
}

/** Renamed first, so that nobody finds half a model. */
function discard(dir: string): void {
  const aside = asideOf(join(dir, '..', '.removed'));
  try {
    renameSync(dir, aside);
    rmSync(aside, { recursive: true, force: true });
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw explainSystemError(error, dir);
  }
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  rmSync(to, { force: true });
  try {
    linkSync(realpathSync(from), to);
  } catch {
    await copyFile(from, to, constants.COPYFILE_FICLONE).catch((error: unknown) => Promise.reject(explainSystemError(error, to)));
  }
}

function chooseName(path: string, sha256: string, asked: string | undefined, entries: Catalogue): string {
  const known = entries.find((entry) => entry.sha256 === sha256);
  const derived = basename(path).replace(/\.gguf$/i, '').toLowerCase().replace(/[^a-z0-9._-]+/g, '-').replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '').slice(0, 64);
  const name = asked ?? known?.name ?? derived;
  if (!namePattern.test(name)) throw new UserError(`"${name}" is no name for a model: give one of letters, digits, dots, dashes and underscores with --name`, 2);
  if (known?.name !== name && entries.some((entry) => entry.name === name)) {
    throw new UserError(`the name ${name} belongs to the catalogue's model, and ${path} is another file (SHA-256 ${sha256}): choose a name with --name`, 2);
  }
  return name;
}
