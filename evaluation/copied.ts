// Which lines stand more than once in a repository: a target on such a line may be copied rather than understood.
// Refuses to read anything but text files that a workspace would read.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const FILE_BYTES_MAX = 1_000_000;
const SOURCE_FILE = /\.(?:[mc]?[jt]sx?|pyi?)$/;

/** Repository-relative paths of its source files, sorted, dot folders and node_modules left out. */
export function sourceFiles(root: string): string[] {
  const paths: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const path = folder ? `${folder}/${entry.name}` : entry.name;
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile() && SOURCE_FILE.test(entry.name) && statSync(join(root, path)).size <= FILE_BYTES_MAX) paths.push(path);
    }
  };
  walk('');
  return paths.sort();
}

/** How often each line, stripped, stands in the repository's source files. */
export function countLines(root: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const path of sourceFiles(root)) {
    for (const line of readFileSync(join(root, path), 'utf8').split(/\r?\n/)) {
      const stripped = line.trim();
      if (stripped) counts.set(stripped, (counts.get(stripped) ?? 0) + 1);
    }
  }
  return counts;
}

/** Whether the whole line that ends with the target stands elsewhere too. */
export function isCopied(text: string, offset: number, target: string, counts: ReadonlyMap<string, number>): boolean {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return (counts.get(text.slice(start, offset + target.length).trim()) ?? 0) > 1;
}
