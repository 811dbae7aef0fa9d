// Completion tasks: reads them from JSONL, checks each against its file, and gives the document under completion with the target blanked.
// Refuses a line that is no task, by its number, and a task that does not hold, by its id.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError, explainSystemError } from '../base/errors.js';

export const taskKinds = ['crossfile', 'line'] as const;
export type TaskKind = (typeof taskKinds)[number];

/** One line of a tasks file (docs/tasks.md). `offset` counts UTF-16 code units. */
export interface Task {
  readonly id: string;
  readonly kind: TaskKind;
  readonly lang: string;
  /** Relative to the root, with forward slashes; its first folder is the repository. */
  readonly file: string;
  readonly offset: number;
  readonly target: string;
  /** Crossfile: the target's first identifier, the file that declares it (relative to the root) and the line there, trimmed. */
  readonly name?: string;
  readonly declaredIn?: string;
  readonly declaration?: string;
  /** The target's line stands verbatim elsewhere in its repository. Worked out by the runner where the file does not say. */
  readonly copied?: boolean;
}

/** A document with its target blanked: all that anything may read of that file. */
export interface BlankedTask {
  readonly task: Task;
  readonly repository: string;
  /** Absolute. */
  readonly repositoryRoot: string;
  readonly path: string;
  /** Relative to the repository. */
  readonly pathInRepository: string;
  readonly text: string;
}

export const TARGET_BYTES_MIN = 8;

/** Told in one line of what is refused. */
export type OnRefused = (line: string) => void;

const stopAt: OnRefused = (line) => {
  throw new UserError(line);
};

/** `onRefused` is told of each line that is no task; without it the first one is a UserError, as a file without any task always is. */
export function readTasks(path: string, onRefused: OnRefused = stopAt): Task[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    throw explainSystemError(error, path);
  }
  const tasks = new Map<string, { readonly task: Task; readonly line: number }>();
  for (const [index, content] of text.split(/\r?\n/).entries()) {
    if (content.trim() === '') continue;
    const line = index + 1;
    try {
      const task = parseTask(content);
      const before = tasks.get(task.id);
      if (before) throw new UserError(`task ${task.id} is on line ${before.line} already`);
      tasks.set(task.id, { task, line });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      onRefused(`${path}, line ${line}: ${error.message}`);
    }
  }
  if (tasks.size === 0) throw new UserError(`${path} holds no task`);
  return [...tasks.values()].map(({ task }) => task);
}

function parseTask(line: string): Task {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(line) as Record<string, unknown>;
  } catch {
    throw new UserError('not JSON');
  }
  if (typeof value !== 'object' || value === null) throw new UserError('a task must be an object');
  for (const field of ['id', 'kind', 'lang', 'file', 'target'] as const) if (typeof value[field] !== 'string' || value[field] === '') throw new UserError(`"${field}" must be a text, not empty`);
  for (const field of ['name', 'declaredIn', 'declaration'] as const) if (value[field] !== undefined && typeof value[field] !== 'string') throw new UserError(`"${field}" must be a text`);
  if (value.copied !== undefined && typeof value.copied !== 'boolean') throw new UserError('"copied" must be true or false');
  if (!taskKinds.some((kind) => kind === value.kind)) throw new UserError(`"kind" must be ${taskKinds.join(' or ')}, not ${String(value.kind)}`);
  if (!Number.isInteger(value.offset) || (value.offset as number) < 0) throw new UserError('"offset" must be a whole number from 0 on');
  const parts = (value.file as string).split('/');
  if (parts.length < 2 || parts.some((part) => part === '' || part === '.' || part === '..') || (value.file as string).includes('\\'))
    throw new UserError(`"file" must be REPOSITORY/PATH relative to the root, not ${String(value.file)}`);
  return value as unknown as Task;
}

/** `limit` tasks at even distances, so that every repository keeps its part. */
export function spread(tasks: readonly Task[], limit: number): readonly Task[] {
  if (tasks.length <= limit) return tasks;
  return Array.from({ length: limit }, (_, index) => tasks[Math.floor((index * tasks.length) / limit)]);
}

/** Reads the task's file below `root` and blanks the target. Throws a UserError naming the task when it does not hold. */
export function blankTask(task: Task, root: string): BlankedTask {
  const path = join(root, ...task.file.split('/'));
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const explained = explainSystemError(error, path);
    throw explained instanceof UserError ? new UserError(`task ${task.id} refused: ${explained.message}`) : explained;
  }
  const fault = faultOf(task, text);
  if (fault) throw new UserError(`task ${task.id} refused: ${fault}`);
  const [repository, ...rest] = task.file.split('/');
  return {
    task,
    repository,
    repositoryRoot: join(root, repository),
    path,
    pathInRepository: rest.join('/'),
    text: text.slice(0, task.offset) + text.slice(task.offset + task.target.length),
  };
}

/** Why the task does not hold in `text`, or undefined when it does. */
export function faultOf(task: Pick<Task, 'offset' | 'target' | 'file'>, text: string): string | undefined {
  const end = task.offset + task.target.length;
  if (/[\r\n]/.test(task.target)) return 'the target is longer than a line';
  if (Buffer.byteLength(task.target) < TARGET_BYTES_MIN) return `the target has fewer than ${TARGET_BYTES_MIN} bytes`;
  if (text.slice(task.offset, end) !== task.target) return `the target does not stand in ${task.file} at offset ${task.offset}`;
  if (end < text.length && text[end] !== '\n' && text.slice(end, end + 2) !== '\r\n') return 'the target does not end at its line\'s end';
  return undefined;
}
