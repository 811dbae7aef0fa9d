// What of a package is source: cases by path, and second copies.
import { describe, expect, it } from 'vitest';
import { keepSources } from '../../../evaluation/generate/layout.js';

const kept = (files: Readonly<Record<string, string>>): string[] => [...keepSources(new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]))).keys()];
const long = (name: string): string => `export const ${name} = 1; // ${'x'.repeat(300)}\n`;

describe('a package laid out', () => {
  it.each<[string, Record<string, string>, string[]]>([
    ['build folders go, sources stay', { 'src/a.ts': '1', 'dist/a.js': '1', 'lib/a.js': '2', 'build/a.d.ts': '3', 'esm/a.js': '4' }, ['src/a.ts']],
    ['lib stays where it is the source', { 'lib/a.ts': '1', 'package.json': '{}' }, ['lib/a.ts', 'package.json']],
    ['a folder named build inside src stays', { 'src/build/a.ts': '1' }, ['src/build/a.ts']],
    ['maps, minified files and locks go', { 'src/a.ts': '1', 'a.js.map': '{}', 'a.min.js': '1', 'package-lock.json': '{}', 'b.js': `var a=1;${'x'.repeat(3000)}` }, ['src/a.ts']],
    ['what was made from a source beside it goes', { 'src/a.ts': '1', 'src/a.d.ts': '2', 'src/a.js': '3', 'src/b.tsx': '4', 'src/b.jsx': '5' }, ['src/a.ts', 'src/b.tsx']],
    ['declarations written by hand stay', { 'src/types.d.ts': '1', 'src/a.ts': '2' }, ['src/a.ts', 'src/types.d.ts']],
    ['a second copy goes, the one in src stays', { 'copy/a.ts': long('a'), 'src/a.ts': long('a') }, ['src/a.ts']],
    ['short files may be alike', { 'a/__init__.py': '', 'b/__init__.py': '' }, ['a/__init__.py', 'b/__init__.py']],
    ['wheels lose their metadata', { 'pkg/a.py': '1', 'pkg-1.0.dist-info/METADATA.md': 'x', 'pkg-1.0.data/scripts/a.py': 'x', 'pkg/image.png': 'x' }, ['pkg/a.py']],
    ['installed packages go', { 'src/a.ts': '1', 'src/node_modules/b/index.ts': '2', 'node_modules/b/index.ts': '3' }, ['src/a.ts']],
  ])('%s', (_name, files, wanted) => {
    expect(kept(files)).toEqual(wanted);
  });
});
