// What `kedge index` reads of a folder: source files that git does not ignore, and what was left out, with the reason.
// Refuses to follow symbolic links, so that nothing outside the folder is read and no cycle is walked.
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../base/errors.js';
import { isInside } from '../base/inside.js';
import { fileBytesMax, systemDisk, type LeftOutReason } from './disk.js';
import { IgnoreRules } from './ignore-rules.js';
import { isSource } from './parse.js';
import { isSecret, isSecretFolder } from './secrets.js';
import type { WorkspaceDeps } from './workspace.js';

export interface FileList {
  /** Real absolute paths in a constant order. */
  readonly files: readonly string[];
  /** The workspace that they are files of: `project` where that holds them, else the folder itself; real. */
  readonly workspace: string;
  /** Source files and secrets that stand there and are not read; ignored folders and files of other kinds are not named. */
  readonly leftOut: readonly { readonly path: string; readonly reason: LeftOutReason }[];
}

export interface ListOptions extends Pick<WorkspaceDeps, 'disk' | 'exclude'> {
  /** The folder, `root` or one around it, whose patterns `exclude` are. */
  readonly project?: string;
}

/** Throws a UserError when `root` is not a folder that can be listed. Content is judged when it is read: see Workspace. */
export function listFiles(root: string, { disk = systemDisk, exclude = [], project = root }: ListOptions = {}): FileList {
  const real = disk.real(root);
  if (real === undefined) throw new UserError(`${root} does not exist`);
  if (!disk.isDirectory(real)) throw new UserError(`${root} is not a folder`);
  const around = disk.real(project);
  const rules = new IgnoreRules(around !== undefined && isInside(around, real) ? around : real, disk, { patterns: exclude });
  const files: string[] = [];
  const leftOut: { path: string; reason: LeftOutReason }[] = [];
  const pending = [real];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    const entries = disk.list(folder);
    if (entries === undefined) {
      if (folder === real) throw new UserError(`${root} is not readable: check its permissions`);
      leftOut.push({ path: folder, reason: 'unreadable' });
      continue;
    }
    const folders: string[] = [];
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (rules.ignores(path, entry.isDirectory())) continue;
      if (entry.isDirectory()) {
        if (isSecretFolder(path)) leftOut.push({ path, reason: 'secret' });
        else folders.push(path);
      } else if (isSecret(path)) leftOut.push({ path, reason: 'secret' });
      else if (entry.isSymbolicLink()) leftOut.push({ path, reason: 'symlink' });
      else if (!entry.isFile() || !isSource(path)) continue;
      else if ((lstatSync(path, { throwIfNoEntry: false })?.size ?? 0) > fileBytesMax) leftOut.push({ path, reason: 'too large' });
      else files.push(path);
    }
    pending.push(...folders.reverse());
  }
  return { files, workspace: rules.root, leftOut };
}
