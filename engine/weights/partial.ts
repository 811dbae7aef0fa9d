// Folders in which models are put together before they are renamed into place: one owner each, taken over once the owner is gone.
// Refuses locks: a folder's name says who writes to it, and renaming it is how it changes hands.
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { asideAgeMsMax, host, isAlive, sweepAsides } from '../../base/aside.js';
import { explainSystemError } from '../../base/errors.js';

export const MODEL_FILE = 'model.gguf';

const prefix = '.partial-';
const keyLength = 16;

interface Partial {
  readonly path: string;
  readonly key: string;
  readonly bytes: number;
  /** Nobody writes to it any more. */
  readonly orphaned: boolean;
  readonly changedMs: number;
}

/** A folder of ours for the file with this digest, holding what an ended attempt had fetched. Deletes forgotten folders. */
export function claimPartial(modelsDir: string, sha256: string): string {
  try {
    mkdirSync(modelsDir, { recursive: true, mode: 0o700 });
    const key = sha256.slice(0, keyLength);
    const own = join(modelsDir, `${prefix}${key}-${host}-${process.pid}-${randomBytes(4).toString('hex')}`);
    sweepAsides(modelsDir, Date.now());
    const found = partialsIn(modelsDir);
    for (const partial of found) if (Date.now() - partial.changedMs > asideAgeMsMax) rmSync(partial.path, { recursive: true, force: true });
    for (const partial of found.filter((candidate) => candidate.key === key && candidate.orphaned).sort((a, b) => b.bytes - a.bytes)) {
      if (!renamed(partial.path, own)) continue;
      for (const name of readdirSync(own)) if (name !== MODEL_FILE) rmSync(join(own, name), { recursive: true, force: true });
      return own;
    }
    mkdirSync(own, { mode: 0o700 });
    return own;
  } catch (error) {
    throw explainSystemError(error, modelsDir);
  }
}

/** Leaves what was fetched to the next attempt; an empty folder is deleted. */
export function releasePartial(dir: string): void {
  const orphan = dir.replace(`-${host}-${process.pid}-`, '-free-0-');
  if (fileBytes(dir) === 0 || !renamed(dir, orphan)) rmSync(dir, { recursive: true, force: true });
}

/** Deletes what ended attempts for this digest left: it is installed now. */
export function discardOrphans(modelsDir: string, sha256: string): void {
  for (const partial of partialsIn(modelsDir)) {
    if (partial.key === sha256.slice(0, keyLength) && partial.orphaned) rmSync(partial.path, { recursive: true, force: true });
  }
}

function partialsIn(modelsDir: string): Partial[] {
  const names = readdirSync(modelsDir).filter((name) => name.startsWith(prefix));
  return names.flatMap((name) => {
    const path = join(modelsDir, name);
    const [key, owner, pid] = name.slice(prefix.length).split('-');
    const changed = statSync(path, { throwIfNoEntry: false });
    if (!changed) return [];
    const orphaned = owner === 'free' || (owner === host && !isAlive(Number(pid)));
    return [{ path, key, bytes: fileBytes(path), orphaned, changedMs: Math.max(changed.mtimeMs, fileChangedMs(path)) }];
  });
}

const fileBytes = (dir: string): number => statSync(join(dir, MODEL_FILE), { throwIfNoEntry: false })?.size ?? 0;

const fileChangedMs = (dir: string): number => statSync(join(dir, MODEL_FILE), { throwIfNoEntry: false })?.mtimeMs ?? 0;

function renamed(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}
