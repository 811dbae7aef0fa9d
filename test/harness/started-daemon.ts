// A daemon in this process over a small project, with a scripted engine and timers that the test fires. Refuses to load a model.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CompletionList } from 'vscode-languageserver/node';
import { systemClock } from '../../base/clock.js';
import { openRepository, type FileChange } from '../../context/index.js';
import type { DaemonDeps } from '../../server/daemon.js';
import { connectDaemon, type LspClient } from './client.js';
import { temporaryFolder } from './folders.js';
import { ManualTimers } from './manual-timers.js';
import { ScriptedEngine } from './scripted-engine.js';

export const mainText = 'import { userName } from \'./user\';\n\nconst who = us\n';
export const emptyList: CompletionList = { isIncomplete: true, items: [] };

export function project(userText = 'export function userName(): string {\n  return "on disk";\n}\n', root = temporaryFolder()): string {
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, 'main.ts'), mainText);
  writeFileSync(join(root, 'user.ts'), userText);
  return root;
}

export interface Started {
  readonly client: LspClient;
  readonly engine: ScriptedEngine;
  readonly timers: ManualTimers;
  /** Folders that Kedge watches by itself, one entry each time that it begins; and those that it let go. */
  readonly watched: string[][];
  readonly released: string[][];
  readonly exits: number[];
  change(...paths: string[]): void;
}

interface Start {
  readonly roots?: readonly string[];
  readonly capabilities?: object;
  readonly initializationOptions?: object;
  readonly deps?: Partial<DaemonDeps>;
  /** What the client answers to requests of a method. */
  readonly answers?: Readonly<Record<string, (params: unknown) => unknown>>;
}

export async function started({ roots = [], capabilities = {}, initializationOptions, deps, answers = {} }: Start): Promise<Started> {
  const engine = new ScriptedEngine();
  const timers = new ManualTimers();
  const [watched, released, exits]: [string[][], string[][], number[]] = [[], [], []];
  let tell: (changes: FileChange[]) => void = () => {};
  const client = connectDaemon({
    clock: systemClock, timers,
    openEngine: () => Promise.resolve(engine),
    openRepository: (given, settings) => {
      const repository = openRepository({ roots: given, ...settings, inProcess: true });
      repository.watch = (folders, onChanges) => {
        watched.push([...folders]);
        tell = onChanges;
        return { ready: Promise.resolve(), close: () => Promise.resolve(void released.push([...folders])) };
      };
      return repository;
    },
    exit: (code) => void exits.push(code),
    ...deps,
  });
  for (const [method, answer] of Object.entries(answers)) client.answers.set(method, answer);
  await client.start({ processId: null, rootUri: null, workspaceFolders: roots.map(folderOf), clientInfo: { name: 'test' }, capabilities, initializationOptions });
  return { client, engine, timers, watched, released, exits, change: (...paths) => tell(paths.map((path) => ({ kind: 'disk', path }))) };
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

/** The plan at the end of main.ts once the user rests there. */
export async function planIn({ client, engine, timers }: Started, root: string): Promise<string> {
  engine.answerAll = 'x';
  await client.complete(join(root, 'main.ts'), 2, 14);
  const { length } = engine.settled;
  while (engine.settled.length === length) {
    timers.fire();
    await new Promise(setImmediate);
  }
  return JSON.stringify(engine.settled.at(-1)?.context);
}

export const notify = ({ client }: Started, method: string, params: object): Promise<void> => client.connection.sendNotification(method, params);
export const uriOf = (path: string): string => pathToFileURL(path).href;
export const folderOf = (root: string) => ({ uri: uriOf(root), name: root });
