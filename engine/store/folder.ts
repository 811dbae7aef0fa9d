// The store's folder: which names mean what.
// Refuses to look inside a pack, and to touch a file that is not of the store's making.
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isAside } from '../../base/aside.js';
import { systemCode } from '../../base/errors.js';

export interface FolderFile {
  readonly name: string;
  readonly kind: 'pack' | 'aside' | 'foreign';
  readonly bytes: number;
  /** Milliseconds since 1970: for a pack when it was last used, to the minute. */
  readonly modifiedMs: number;
}

const packPattern = /^[0-9a-f]{32}\.pack$/;

export const packName = (id: string): string => `${id}.pack`;

/** Every visible file in the folder; one that vanishes meanwhile is left out, a folder that does not exist is empty. */
export function listFolder(dir: string): FolderFile[] {
  const files: FolderFile[] = [];
  for (const name of namesIn(dir)) {
    if (name.startsWith('.')) continue;
    const stat = statSync(join(dir, name), { throwIfNoEntry: false });
    if (!stat) continue;
    const kind = !stat.isFile() ? 'foreign' : packPattern.test(name) ? 'pack' : isAside(name) ? 'aside' : 'foreign';
    files.push({ name, kind, bytes: stat.size, modifiedMs: stat.mtimeMs });
  }
  return files;
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Removes a file if it is there and may be removed; says whether it is gone now. */
export function removeFile(dir: string, name: string): boolean {
  try {
    rmSync(join(dir, name), { force: true });
    return true;
  } catch {
    return false;
  }
}
