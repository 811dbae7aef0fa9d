// What of a package is built from what: the sources behind `dist/a.js` and its like, by their places alone.
// Refuses to read build configurations.
import { dirname, join } from 'node:path';
import type { Disk } from '../disk.js';
import { isPackage } from './manifests.js';

/** Folders that are built into, often one inside another. */
const buildFolder = /^(?:dist|build|lib|out|esm|cjs|types)[\\/]/;
const builtEnding = /(?:\.d\.[cm]?ts|\.[cm]?jsx?)$/;

const typescriptEndings = ['.ts', '.tsx', '.mts', '.cts'];
const scriptEndings = ['.js', '.jsx', '.mjs', '.cjs'];

/** `src/a.ts` for `dist/a.d.ts` or `lib/esm/a.js`, where it is there; `src/a.js` too where the path is known to be of no source. */
export function sourceOf(path: string, isOutput: boolean, disk: Disk): string | undefined {
  if (!builtEnding.test(path)) return undefined;
  for (const folder of foldersAbove(path)) {
    const inside = path.slice(folder.length + 1).replace(builtEnding, '');
    if (!buildFolder.test(inside) || !isPackage(folder, disk)) continue;
    const stems: string[] = [];
    for (let stem = inside; buildFolder.test(stem); stems.push(stem)) stem = stem.replace(buildFolder, '');
    // Of `dist/types/a.js` the `types` may be a folder of the source, but hardly where there are declarations alone.
    if (/\.d\.[cm]?ts$/.test(path) && !disk.isFile(path.replace(/\.d\.([cm]?)ts$/, '.$1js'))) stems.reverse();
    for (const stem of stems) {
      // JavaScript beside an output often passes it on.
      const source = firstSource([join(folder, 'src', stem)], isOutput, disk) ?? firstSource([join(folder, stem)], false, disk);
      if (source !== undefined) return source;
    }
  }
  return undefined;
}

/** The first of `stems` that is a file in TypeScript, or in JavaScript where that counts too. */
export function firstSource(stems: readonly string[], scriptsToo: boolean, disk: Disk): string | undefined {
  const endings = scriptsToo ? [...typescriptEndings, ...scriptEndings] : typescriptEndings;
  return stems.flatMap((stem) => endings.map((ending) => stem + ending)).find((path) => disk.isFile(path));
}

/** The folder of the package that holds `file`. */
export const packageAbove = (file: string, disk: Disk): string | undefined => foldersAbove(file).find((folder) => isPackage(folder, disk));

/** The nearest first. */
export function foldersAbove(path: string): string[] {
  const found: string[] = [];
  for (let folder = dirname(path); folder !== found.at(-1); folder = dirname(folder)) found.push(folder);
  return found;
}
