// Reads every byte of a store from disk and says which files are not as they were written.
// Refuses to repair, and to count as a fault what another process removes meanwhile.
import { join } from 'node:path';
import { systemCode } from '../../base/errors.js';
import { listFolder } from './folder.js';
import { checkPack } from './pack.js';
import type { Directory } from './format.js';

export interface VerifyReport {
  /** Whole or not. */
  readonly packs: number;
  /** Distinct keys in whole packs. */
  readonly entries: number;
  readonly bytes: number;
  /** Packs whose bytes are not what was written, and files that are not the store's; `reason` continues the sentence that the file's name begins. */
  readonly damaged: readonly { readonly file: string; readonly reason: string }[];
}

/** Checks every pack under `dir`; a folder that does not exist is an empty store. */
export function verifyStore(dir: string): VerifyReport {
  const keys = new Set<string>();
  const damaged: { file: string; reason: string }[] = [];
  let packs = 0;
  let bytes = 0;
  for (const file of listFolder(dir)) {
    if (file.kind === 'foreign') damaged.push({ file: file.name, reason: 'is not a file of the store' });
    const checked = file.kind === 'pack' ? check(join(dir, file.name)) : undefined;
    if (checked === undefined) continue;
    packs += 1;
    bytes += file.bytes;
    if (typeof checked === 'string') damaged.push({ file: file.name, reason: checked });
    else for (const key of checked.keys()) keys.add(key);
  }
  return { packs, entries: keys.size, bytes, damaged };
}

function check(path: string): Directory | string | undefined {
  try {
    return checkPack(path);
  } catch (error) {
    const code = systemCode(error);
    return code === 'ENOENT' ? undefined : `cannot be read (${code ?? String(error)})`;
  }
}
