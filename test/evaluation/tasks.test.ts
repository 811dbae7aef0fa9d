// Tasks are read, checked and blanked; a task that does not hold is refused by name.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../base/errors.js';
import { countLines, isCopied } from '../../evaluation/copied.js';
import { blankTask, faultOf, readTasks, type Task } from '../../evaluation/tasks.js';
import { folderWith } from './folders.js';

const task = (more: Partial<Task>): Task => ({ id: 't', kind: 'line', lang: 'ts', file: 'repo/a.ts', offset: 0, target: 'x', ...more });

describe('a tasks file', () => {
  const good = { id: 'a', kind: 'line', lang: 'ts', file: 'repo/a.ts', offset: 3, target: 'return x;' };
  const cases: readonly [string, string, RegExp][] = [
    ['broken JSON', '{', /tasks\.jsonl, line 1: not JSON/],
    ['no object', 'null', /line 1: a task must be an object/],
    ['a missing target', JSON.stringify({ ...good, target: undefined }), /"target" must be a text/],
    ['an empty target', JSON.stringify({ ...good, target: '' }), /line 1: "target" must be a text, not empty/],
    ['an unknown kind', JSON.stringify({ ...good, kind: 'block' }), /"kind" must be crossfile or line, not block/],
    ['a negative offset', JSON.stringify({ ...good, offset: -1 }), /"offset" must be a whole number/],
    ['a fractional offset', JSON.stringify({ ...good, offset: 1.5 }), /"offset" must be a whole number/],
    ['a path that climbs out', JSON.stringify({ ...good, file: 'repo/../../etc/passwd' }), /"file" must be REPOSITORY\/PATH/],
    ['an absolute path', JSON.stringify({ ...good, file: '/etc/passwd' }), /"file" must be REPOSITORY\/PATH/],
    ['a file outside any repository', JSON.stringify({ ...good, file: 'a.ts' }), /"file" must be REPOSITORY\/PATH/],
    ['the same id twice', `${JSON.stringify(good)}\n\n${JSON.stringify(good)}`, /line 3: task a is on line 1 already/],
    ['no task at all', '\n\n', /holds no task/],
  ];
  it.each(cases)('is refused for %s', (_name, text, message) => {
    const root = folderWith({ 'tasks.jsonl': text });
    expect(() => readTasks(join(root, 'tasks.jsonl'))).toThrow(message);
    expect(() => readTasks(join(root, 'tasks.jsonl'))).toThrow(UserError);
  });

  const a = JSON.stringify(good);
  const b = JSON.stringify({ ...good, id: 'b' });
  it.each<[string, string, string[], RegExp[]]>([
    ['whatever the line ends', `${a}\r\n${b}\r\n`, ['a', 'b'], []],
    ['behind a byte order mark', `\ufeff${a}\n${b}`, ['a', 'b'], []],
    ['past a line that is cut short', `${a}\n{"id": \n${b}\n`, ['a', 'b'], [/tasks\.jsonl, line 2: not JSON/]],
    ['past everything that is no task', `null\n${a}\n\n${a}\n${JSON.stringify({ ...good, id: 'c', kind: 'go' })}\n${b}`, ['a', 'b'], [/line 1: a task must/, /line 4: task a is on line 2 already/, /line 5: "kind"/]],
  ])('is read line by line, %s', (_name, text, ids, refused) => {
    const root = folderWith({ 'tasks.jsonl': text });
    const told: string[] = [];
    expect(readTasks(join(root, 'tasks.jsonl'), (line) => told.push(line)).map(({ id }) => id)).toEqual(ids);
    expect(told).toEqual(refused.map((line) => expect.stringMatching(line) as string));
  });

  it('with nothing but refused lines holds no task', () => {
    const root = folderWith({ 'tasks.jsonl': '{' });
    expect(() => readTasks(join(root, 'tasks.jsonl'), () => {})).toThrow(/holds no task/);
  });

  it('that does not exist is named', () => {
    expect(() => readTasks('/nowhere/tasks.jsonl')).toThrow('/nowhere/tasks.jsonl does not exist');
  });
});

describe('whether a target holds', () => {
  const text = 'let a = "🦊";\r\n  return parse(a);\nlast = line(1)';
  const at = (target: string, from = 0): Pick<Task, 'offset' | 'target' | 'file'> => ({ file: 'repo/a.ts', target, offset: text.indexOf(target, from) });
  const cases: readonly [string, Pick<Task, 'offset' | 'target' | 'file'>, string | undefined][] = [
    ['to a CRLF, behind a character of two units', at('a = "🦊";'), undefined],
    ['to a line feed', at('parse(a);'), undefined],
    ['to the end of the file', at('last = line(1)'), undefined],
    ['one unit off', { ...at('parse(a);'), offset: text.indexOf('parse') + 1 }, 'does not stand in repo/a.ts'],
    ['cut short', at('return parse('), 'does not end at its line\'s end'],
    ['too short', at('line(1)'), 'fewer than 8 bytes'],
    ['over two lines', at('parse(a);\nlast = line(1)'), 'longer than a line'],
    ['swallowing the carriage return', at('a = "🦊";\r'), 'longer than a line'],
    ['beyond the end', { file: 'repo/a.ts', target: 'line(1) + more', offset: text.length }, 'does not stand'],
  ];
  it.each(cases)('%s', (_name, given, fault) => {
    if (fault === undefined) expect(faultOf(given, text)).toBeUndefined();
    else expect(faultOf(given, text)).toContain(fault);
  });
});

describe('blanking', () => {
  const root = folderWith({ 'repo/src/a.ts': 'one();\nconst b = 🦊two(b);\nthree();\n' });
  it('takes the target out and leaves the line break', () => {
    const blanked = blankTask(task({ file: 'repo/src/a.ts', offset: 13, target: 'b = 🦊two(b);' }), root);
    expect(blanked).toMatchObject({ text: 'one();\nconst \nthree();\n', repository: 'repo', pathInRepository: 'src/a.ts', repositoryRoot: join(root, 'repo') });
  });
  it.each([
    [task({ id: 'moved', file: 'repo/src/a.ts', offset: 2, target: 'b = 🦊two(b);' }), /^task moved refused: the target does not stand/],
    [task({ id: 'gone', file: 'repo/src/b.ts', target: 'something' }), /^task gone refused: .*b\.ts does not exist$/],
  ])('refuses by name: $id', (given, message) => {
    expect(() => blankTask(given, root)).toThrow(message);
  });
});

describe('a copied line', () => {
  const text = 'alpha(1);\n  beta(22222);\nif (x) beta(22222);\n';
  const root = folderWith({ 'a.ts': text, 'src/b.py': '\tbeta(22222);\n', 'node_modules/c.ts': 'alpha(1);\n', 'notes.txt': 'alpha(1);\n' });
  const counts = countLines(root);
  it.each([
    ['stands in another file, indented otherwise', 'beta(22222);', text.indexOf('beta'), true],
    ['stands in packages and notes only', 'alpha(1);', 0, false],
    ['stands elsewhere as a part of the line only', 'beta(22222);', text.lastIndexOf('beta'), false],
  ])('%s', (_name, target, offset, copied) => {
    expect(isCopied(text, offset, target, counts)).toBe(copied);
  });
});
