// What the system says of another process's memory. Refuses to guess where it says nothing.
import { readFileSync } from 'node:fs';

const KB = 1024;

/** Resident memory in megabytes, now or at its peak; undefined where the system does not tell. */
export function residentMb(pid: number | undefined, when: 'now' | 'peak'): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const found = new RegExp(`${when === 'now' ? 'VmRSS' : 'VmHWM'}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return found ? (Number(found[1]) * KB) / 1e6 : undefined;
}
