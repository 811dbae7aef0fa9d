// What a package.json says: which files it names for what is asked of the package, whether they are there or not.
// Refuses to read anything but manifests.
import { join } from 'node:path';
import type { Disk } from '../disk.js';

export type Manifest = Readonly<Record<string, unknown>>;

/** Conditions of `exports` and `imports` that hold. */
export const conditionNames = ['source', 'types', 'import', 'node', 'require', 'default'];
/** Fields that name the entry of a package without `exports`, the nearest to its source first. */
export const mainFields = ['source', 'types', 'typings', 'module', 'main'];

/** Undefined where there is none that can be read. */
export function manifestAt(folder: string, disk: Disk): Manifest | undefined {
  const reading = disk.read(join(folder, 'package.json'));
  return 'text' in reading ? manifestOf(reading.text) : undefined;
}

/** Undefined where the text is none. */
export function manifestOf(text: string): Manifest | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the folder is a package's: what says no more than how its files are to be read is a build output's. */
export function isPackage(folder: string, disk: Disk): boolean {
  const manifest = manifestAt(folder, disk);
  return manifest !== undefined && (manifest.type === undefined || Object.keys(manifest).some((key) => key !== 'type' && key !== 'sideEffects'));
}

/** Paths from the manifest's folder that `request` leads to: `.` for the entry, `./sub` by `exports`, `#name` by `imports`. */
export function targetsOf(manifest: Manifest, request: string): string[] {
  const map = request.startsWith('#') ? manifest.imports : manifest.exports;
  if (map === undefined) return request === '.' ? pathsIn(mainFields.map((field) => manifest[field])) : [];
  const entries: Manifest = isRecord(map) && Object.keys(map).some((key) => /^[.#]/.test(key)) ? map : { '.': map };
  const key = Object.hasOwn(entries, request) ? request : patternFor(Object.keys(entries), request);
  if (key === undefined) return [];
  const [before, after] = key.split('*');
  return pathsIn(entries[key]).map((path) => path.replaceAll('*', request.slice(before.length, request.length - (after ?? '').length)));
}

/** The key with a `*` that says most of what stands before it. */
function patternFor(keys: readonly string[], request: string): string | undefined {
  const matching = keys.filter((key) => {
    const [before, after] = key.split('*');
    return after !== undefined && request.length > before.length + after.length && request.startsWith(before) && request.endsWith(after);
  });
  return matching.sort((a, b) => b.indexOf('*') - a.indexOf('*'))[0];
}

/** Of every condition that holds, those of declarations alone last: `dist/types/a.d.ts` says less of its source than `dist/a.js`. */
function pathsIn(target: unknown): string[] {
  if (typeof target === 'string') return [target];
  const within = Array.isArray(target) ? target : isRecord(target) ? Object.keys(target).filter((key) => conditionNames.includes(key)).map((key) => target[key]) : [];
  const paths = within.flatMap(pathsIn);
  return [...paths.filter((path) => !isDeclaration(path)), ...paths.filter(isDeclaration)];
}

const isDeclaration = (path: string): boolean => /\.d\.[cm]?ts$/.test(path);

const isRecord = (value: unknown): value is Manifest => typeof value === 'object' && value !== null && !Array.isArray(value);
