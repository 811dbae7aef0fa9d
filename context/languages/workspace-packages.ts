// The packages of a JavaScript workspace by name, from what its manifests say: they count before anything is installed.
// Refuses to read anything but manifests.
import { join } from 'node:path';
import type { Disk } from '../disk.js';
import { manifestAt } from './manifests.js';

const packagesMax = 2000;
/** Folders that `**` goes down. */
const depthMax = 3;

/** Folder by package name, of the workspaces that start at `roots`. */
export function workspacePackages(roots: readonly string[], disk: Disk): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const root of roots) {
    for (const folder of patternsAt(root, disk).flatMap((pattern) => expand(root, pattern.split('/').filter((part) => part !== '' && part !== '.'), disk))) {
      if (found.size >= packagesMax) return found;
      const name = manifestAt(folder, disk)?.name;
      if (typeof name === 'string' && !found.has(name)) found.set(name, folder);
    }
  }
  return found;
}

function patternsAt(root: string, disk: Disk): string[] {
  const workspaces = manifestAt(root, disk)?.workspaces;
  const listed: unknown = Array.isArray(workspaces) ? workspaces : (workspaces as { packages?: unknown } | undefined)?.packages;
  const pnpm = disk.read(join(root, 'pnpm-workspace.yaml'));
  const block = 'text' in pnpm ? (/^packages:[^\S\n]*\n((?:[ \t]*(?:-.*|#.*)?\n?)*)/m.exec(pnpm.text.replaceAll('\r\n', '\n'))?.[1] ?? '') : '';
  const fromPnpm = [...block.matchAll(/^\s*-\s*['"]?([^'"#\n]+?)['"]?\s*(?:#.*)?$/gm)].map((match) => match[1]);
  return [...(Array.isArray(listed) ? listed.filter((one) => typeof one === 'string') : []), ...fromPnpm].filter((pattern) => !pattern.startsWith('!') && !pattern.split('/').includes('..'));
}

function expand(folder: string, parts: readonly string[], disk: Disk, depthLeft = depthMax): string[] {
  if (parts.length === 0) return [folder];
  const [part, ...rest] = parts;
  if (!part.includes('*')) return expand(join(folder, part), rest, disk, depthLeft);
  const deep = part === '**';
  const matches = new RegExp(`^${part.split(/\*+/).map((piece) => piece.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`);
  const inside = (disk.list(folder) ?? []).filter((entry) => entry.isDirectory() && entry.name !== 'node_modules' && !entry.name.startsWith('.') && matches.test(entry.name)).map((entry) => join(folder, entry.name));
  if (!deep) return inside.flatMap((next) => expand(next, rest, disk, depthLeft));
  return [...expand(folder, rest, disk, depthLeft), ...(depthLeft > 0 ? inside.flatMap((next) => expand(next, parts, disk, depthLeft - 1)) : [])];
}
