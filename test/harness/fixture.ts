// Small repositories as one string: `--- path` opens a file, `--- link -> target` a symbolic link, `‸` or `/*|*/` marks the cursor.
// Refuses to hold what needs code.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryFolder } from './folders.js';

export interface Fixture {
  /** Text by relative path, cursor marks taken out. */
  readonly files: ReadonlyMap<string, string>;
  readonly links: ReadonlyMap<string, string>;
  /** Relative path and UTF-16 offset of the mark. */
  readonly cursor?: { readonly path: string; readonly offset: number };
}

const marks = /‸|\/\*\|\*\//;

/** Throws when more than one cursor is marked. */
export function parseFixture(source: string): Fixture {
  const files = new Map<string, string>();
  const links = new Map<string, string>();
  let cursor: Fixture['cursor'];
  for (const part of source.split(/^--- /m).slice(1)) {
    const newline = part.indexOf('\n');
    const head = (newline < 0 ? part : part.slice(0, newline)).trim();
    const body = newline < 0 ? '' : part.slice(newline + 1);
    const link = head.split(' -> ');
    if (link.length === 2) {
      links.set(link[0], link[1]);
      continue;
    }
    const at = body.search(marks);
    if (at >= 0) {
      if (cursor) throw new Error('a fixture has one cursor');
      cursor = { path: head, offset: at };
    }
    files.set(head, body.replace(marks, ''));
  }
  return { files, links, cursor };
}

/** The fixture on disk: its folder and the cursor with an absolute path. Links are relative to the folder that holds them. */
export function layOut(source: string): { root: string; fixture: Fixture; cursor: { path: string; offset: number } } {
  const fixture = parseFixture(source);
  const root = temporaryFolder();
  const placed = (path: string): string => {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    return file;
  };
  for (const [path, text] of fixture.files) writeFileSync(placed(path), text);
  for (const [path, target] of fixture.links) symlinkSync(target, placed(path));
  const { cursor } = fixture;
  return { root, fixture, cursor: cursor ? { path: join(root, cursor.path), offset: cursor.offset } : { path: root, offset: 0 } };
}
