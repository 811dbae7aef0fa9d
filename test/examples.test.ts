// The sample repository keeps what the demo promises: each cursor's text is on disk, and its identifier stands only in a file that this one imports.
// Refuses to run a model: whether the completions are right is the demo's to show.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listFiles, outlineOf, Workspace } from '../context/index.js';
import { blank, type DemoCursor } from '../server/commands/demo.js';

const root = join(import.meta.dirname, '..', 'examples', 'harbour');
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');
const cursors = JSON.parse(textOf('cursors.json')) as readonly DemoCursor[];
const words = (text: string): string[] => text.match(/[\p{L}\p{N}_$]+/gu) ?? [];

describe('the sample repository', () => {
  it('has about 20 files of each language, within 12,000 tokens at 3 bytes each', () => {
    const { files } = listFiles(root);
    const bytes = files.reduce((sum, file) => sum + readFileSync(file).byteLength, 0);
    expect(files.filter((file) => file.endsWith('.ts'))).toHaveLength(20);
    expect(files.filter((file) => file.endsWith('.py'))).toHaveLength(20);
    expect(bytes).toBeLessThan(36_000);
  });

  it('has eight cursors, four of each language', () => {
    expect(cursors).toHaveLength(8);
    expect(cursors.filter(({ file }) => file.endsWith('.py'))).toHaveLength(4);
  });

  it.each(cursors)('$file:$line asks for $identifier, which only $definedIn names', (cursor) => {
    const text = textOf(cursor.file);
    const { before, offset, blanked } = blank(text, cursor);
    expect(text.split('\n')[cursor.line - 1]).toBe(before + cursor.text);
    expect(words(cursor.text)[0]).toBe(cursor.identifier);
    expect(words(blanked)).not.toContain(cursor.identifier);
    expect(blanked.slice(0, offset) + cursor.text + blanked.slice(offset)).toBe(text);
    expect(words(textOf(cursor.definedIn))).toContain(cursor.identifier);
    const { snapshot } = new Workspace([root]);
    const imports = outlineOf(cursor.file, text)?.imports ?? [];
    const resolve = (specifier: string): string | undefined => (cursor.file.endsWith('.py') ? snapshot.resolveModule(join(root, cursor.file), specifier)?.file : snapshot.resolveSpecifier(join(root, cursor.file), specifier));
    expect(imports.map(({ specifier }) => resolve(specifier))).toContain(join(root, dirname(cursor.definedIn), cursor.definedIn.split('/')[1]));
  });
});
