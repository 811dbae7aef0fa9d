// Places as commands take them: FILE:LINE:COLUMN with the project that it is in, and a folder. Refuses places beyond the text and files that Kedge does not read.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { explainSystemError, UserError } from '../../base/errors.js';
import { LocalRepository, type Cursor, type Snapshot } from '../../context/index.js';
import { repositorySettings, type Config } from '../config.js';
import { projectOf } from '../files.js';
import { commandConfig } from './engine.js';
import type { CommandIo } from './io.js';

/** Counted from 1; the column in UTF-16 units. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The project that a place is in, under the settings that count there. UserError where there is no such place, or none that may be read. */
export function openPlace(place: string, io: CommandIo): { readonly config: Config; readonly repository: LocalRepository; readonly cursor: Cursor } {
  const at = parsePlace(place);
  const path = resolve(at.file);
  const { root } = projectOf(path);
  const config = commandConfig(io, root);
  const repository = new LocalRepository({ roots: [root], ...repositorySettings(config, io.env) });
  return { config, repository, cursor: { path, offset: offsetIn(textOf(repository.workspace.snapshot, at.file), at) } };
}

export function parsePlace(place: string): Place {
  const match = /^(.+):(\d+):(\d+)$/.exec(place);
  if (!match) throw new UserError(`"${place}" is not FILE:LINE:COLUMN, as in src/order.ts:12:7`, 2);
  return { file: match[1], line: Number(match[2]), column: Number(match[3]) };
}

/** UTF-16 offset of a place counted from 1; UserError beyond the text. */
export function offsetIn(text: string, { file, line, column }: Place): number {
  const lines = text.split('\n');
  if (line < 1 || line > lines.length) throw new UserError(`${file}:${line}:${column} is beyond the end: the file has ${lines.length} lines`);
  const length = lines[line - 1].replace(/\r$/, '').length;
  if (column < 1 || column > length + 1) throw new UserError(`${file}:${line}:${column} is beyond the end: line ${line} has columns 1 to ${length + 1}`);
  return lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0) + column - 1;
}

/** The absolute path of a folder, this one by default. */
export function folderNamed(dir: string | undefined): string {
  const folder = resolve(String(dir ?? '.'));
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw new UserError(`${folder} is not a folder`);
  return folder;
}

/** UserError where there is no such text, or none that may be read. */
export function textOf(snapshot: Snapshot, file: string): string {
  try {
    if (!statSync(file).isFile()) throw new UserError(`${file} is not a file`);
  } catch (error) {
    throw explainSystemError(error, file);
  }
  const text = snapshot.read(resolve(file));
  if (text === undefined) throw new UserError(`${file} is not read: Kedge reads text under 1 MB that is neither ignored nor secret`);
  return text;
}
