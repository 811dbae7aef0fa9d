// Whether a plan holds a declaration: by the generator's line, or by what a declaration looks like.
import { describe, expect, it } from 'vitest';
import type { ContextPlan } from '../../base/segment.js';
import { inPlan } from '../../evaluation/recall.js';
import type { Task } from '../../evaluation/tasks.js';

const plan = (...files: readonly [string, string][]): ContextPlan => ({
  tokens: 0,
  segments: files.map(([path, text]) => ({ segment: { path, text, ranges: [], digest: '' }, source: 'imports', reason: '', tokens: 0, share: 1 })),
});
const crossfile: Task = { id: 't', kind: 'crossfile', lang: 'ts', file: 'repo/src/a.ts', offset: 0, target: 'parseUser(body)' };
const named: Task = { ...crossfile, name: 'parseUser', declaredIn: 'repo/src/user.ts', declaration: 'export function parseUser(' };

describe('planRecall', () => {
  it.each<[string, Task, ContextPlan, boolean | undefined]>([
    ['a line task has none', { ...crossfile, kind: 'line' }, plan(), undefined],
    ['the line in the declaring file', named, plan(['src/user.ts', 'x\n  export function parseUser(\n']), true],
    ['a path from a package inside the repository', named, plan(['user.ts', 'export function parseUser(']), true],
    ['the same line in another file', named, plan(['src/other.ts', 'export function parseUser(']), false],
    ['another piece of the declaring file', named, plan(['src/user.ts', 'const x = parseUser(1);']), false],
    ['an empty plan', named, plan(), false],
    ['no line known: a function', crossfile, plan(['src/user.ts', 'export async function parseUser<T>(b) {']), true],
    ['no line known: a Python method', crossfile, plan(['src/user.py', '    async def parseUser(self):']), true],
    ['no line known: a field', crossfile, plan(['src/user.ts', '  private readonly parseUser?: Parser;']), true],
    ['no line known: a use is no declaration', crossfile, plan(['src/user.ts', 'return parseUser;\nreturn x.parseUser(1)']), false],
    ['no line known: a longer name', crossfile, plan(['src/user.ts', 'function parseUserName() {}']), false],
    ['no line known: in the file itself', crossfile, plan(['src/a.ts', 'function parseUser() {}']), false],
  ])('%s', (_name, task, given, wanted) => {
    expect(inPlan(task, 'src/a.ts', given)).toBe(wanted);
  });
});
