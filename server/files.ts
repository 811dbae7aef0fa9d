// Files as commands and the daemon name them: which project one belongs to, and its segments.
// Refuses to read what context does not.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Segment } from '../base/segment.js';
import { segmentsOf, type Snapshot } from '../context/index.js';

const markers = ['.git', 'package.json', 'pyproject.toml', 'setup.py', 'kedge.json'];

/** The nearest folder above `path` (absolute) that a repository or package starts at, else the file's own folder. */
export function projectRootOf(path: string): string {
  const own = dirname(path);
  for (let dir = own; ; dir = dirname(dir)) {
    if (markers.some((marker) => existsSync(join(dir, marker)))) return dir;
    if (dirname(dir) === dir) return own;
  }
}

/** The same segments, to the digest, as a plan takes from the file; undefined where it is not read. */
export function segmentsOfFile(snapshot: Snapshot, path: string): Segment[] | undefined {
  const text = snapshot.read(path);
  return text === undefined ? undefined : segmentsOf(snapshot.nameOf(path), text, snapshot.outline(path));
}
