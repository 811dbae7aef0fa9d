// What is written aside before it gets its name: each file or folder names its writer, so that what a dead one left can be told and deleted.
// Refuses locks, and to touch anything that is not named so.
import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { digestOf } from './digest.js';
import { systemCode } from './errors.js';

/** A leftover after this long even if a process of its writer's number is alive: numbers are used again, and other machines' processes cannot be asked. */
export const asideAgeMsMax = 7 * 24 * 3600 * 1000;

/** This machine, in the names of what its processes write. */
export const host = digestOf(hostname()).slice(0, 8);

const pattern = /\.([0-9a-f]{8})-(\d+)-[0-9a-f]{8}\.tmp$/;

/** Beside `path`, and nobody else's. */
export const asideOf = (path: string, pid = process.pid): string => `${path}.${host}-${pid}-${randomBytes(4).toString('hex')}.tmp`;

export const isAside = (name: string): boolean => pattern.test(name);

/** Whether what is named so can have no writer any more; times are milliseconds since 1970. */
export function isLeftover(name: string, modifiedMs: number, wallMs: number): boolean {
  const [, writerHost, pid] = pattern.exec(name) ?? [];
  if (!pid) return false;
  return wallMs - modifiedMs > asideAgeMsMax || (writerHost === host && !isAlive(Number(pid)));
}

/** Deletes what dead writers left in the folder, as far as that can be done. */
export function sweepAsides(dir: string, wallMs: number): void {
  try {
    for (const name of readdirSync(dir)) {
      const stat = isAside(name) ? statSync(join(dir, name), { throwIfNoEntry: false }) : undefined;
      if (stat && isLeftover(name, stat.mtimeMs, wallMs)) rmSync(join(dir, name), { recursive: true, force: true });
    }
  } catch {
    // No such folder, or not ours to tidy.
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}
