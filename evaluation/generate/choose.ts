// Chooses a repository's tasks among candidates, by a seed: spread over files and names, never more than five a file.
// Refuses to look at what any model or plan would make of them.
import { digestOf } from '../../base/digest.js';
import { isCopied } from '../copied.js';
import { TARGET_BYTES_MIN, faultOf, type Task } from '../tasks.js';

/** An identifier that an imported file declares and that stands nowhere else in its own. Paths are relative to the repository. */
export interface Candidate {
  readonly file: string;
  readonly offset: number;
  readonly name: string;
  readonly declaredIn: string;
  readonly declaration: string;
}

export interface ChooseOptions {
  readonly repository: string;
  /** Tasks of each kind. */
  readonly limit: number;
  readonly seed: number;
}

const FILE_TASKS_MAX = 5;
const FILE_CROSSFILE_MAX = 3;
const TARGET_UNITS_MAX = 160;
const NOT_TASK_FILE = /(?:^|\/)(?:tests?|__tests__|testing|examples?|fixtures|generated|_generated|migrations)\/|\.(?:test|spec|test-d|bench|gen)\.|(?:^|\/)(?:test_[^/]*|conftest)\.py$|\.d\.[mc]?ts$|_pb2(?:_grpc)?\.pyi?$|\.pyi$/;
const GENERATED = /@generated|do not edit|auto-?generated/i;

/** `texts`: the repository's source files by path. `lineCounts`: of countLines. The same in, the same tasks out. */
export function chooseTasks(candidates: readonly Candidate[], texts: ReadonlyMap<string, string>, lineCounts: ReadonlyMap<string, number>, options: ChooseOptions): Task[] {
  const taskFiles = new Set([...texts].filter(([path, text]) => !NOT_TASK_FILE.test(path) && !GENERATED.test(text.slice(0, 1_000))).map(([path]) => path));
  const order = (path: string, offset: number): string => digestOf(String(options.seed), options.repository, path, String(offset));
  const perFile = new Map<string, number>();
  const linesTaken = new Set<string>();
  const names = new Set<string>();
  const tasks: Task[] = [];

  const take = (kind: Task['kind'], path: string, offset: number, target: string, more: Partial<Task>): void => {
    const text = texts.get(path)!;
    perFile.set(path, (perFile.get(path) ?? 0) + 1);
    linesTaken.add(`${path}:${text.lastIndexOf('\n', offset - 1)}`);
    const file = `${options.repository}/${path}`;
    tasks.push({ id: `${file}:${offset}`, kind, lang: languageOf(path), file, offset, target, ...more, copied: isCopied(text, offset, target, lineCounts) });
  };
  const targetAt = (path: string, offset: number): string | undefined => {
    const text = texts.get(path)!;
    const target = /^[^\r\n]*/.exec(text.slice(offset))![0];
    const free = !linesTaken.has(`${path}:${text.lastIndexOf('\n', offset - 1)}`) && target.length <= TARGET_UNITS_MAX && target === target.trimEnd();
    return free && faultOf({ file: path, offset, target }, text) === undefined ? target : undefined;
  };

  const sorted = candidates.filter(({ file }) => taskFiles.has(file)).map((candidate) => ({ candidate, key: order(candidate.file, candidate.offset) }));
  for (const { candidate } of sorted.sort((a, b) => (a.key < b.key ? -1 : 1))) {
    if (tasks.length >= options.limit) break;
    const { file, offset, name } = candidate;
    const target = targetAt(file, offset);
    if (!target?.startsWith(name) || names.has(name) || (perFile.get(file) ?? 0) >= FILE_CROSSFILE_MAX) continue;
    names.add(name);
    take('crossfile', file, offset, target, { name, declaredIn: `${options.repository}/${candidate.declaredIn}`, declaration: candidate.declaration });
  }

  const crossfileCount = tasks.length;
  const lines = [...taskFiles].flatMap((path) => lineStarts(texts.get(path)!).map((offset) => ({ path, offset, key: order(path, offset) })));
  for (const { path, offset } of lines.sort((a, b) => (a.key < b.key ? -1 : 1))) {
    if (tasks.length - crossfileCount >= options.limit) break;
    if ((perFile.get(path) ?? 0) >= FILE_TASKS_MAX) continue;
    const target = targetAt(path, offset);
    if (target) take('line', path, offset, target, {});
  }
  return tasks.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.offset - b.offset));
}

/** The first non-blank character of every line that is long enough. */
function lineStarts(text: string): number[] {
  return [...text.matchAll(/^[^\S\r\n]*(\S[^\r\n]*)/gm)].filter(([, rest]) => Buffer.byteLength(rest) >= TARGET_BYTES_MIN).map((match) => match.index + match[0].length - match[1].length);
}

export function languageOf(path: string): string {
  if (/\.[mc]?tsx?$/.test(path)) return 'ts';
  return /\.pyi?$/.test(path) ? 'py' : 'js';
}
