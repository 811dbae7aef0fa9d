// A daemon's life around completions: folders, who watches, saving, a missing model, tracing, idling, ending. Refuses to load a model.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CancellationTokenSource, type CompletionList } from 'vscode-languageserver/node';
import { systemClock } from '../../base/clock.js';
import { UserError } from '../../base/errors.js';
import { openRepository, type FileChange } from '../../context/index.js';
import type { Engine } from '../../engine/index.js';
import { userConfigPath } from '../../server/config-files.js';
import type { DaemonDeps } from '../../server/daemon.js';
import { noModelMessage, offerMessage } from '../../server/model-offer.js';
import type { Timers } from '../../server/scheduler.js';
import { connectDaemon, type LspClient } from '../harness/client.js';
import { temporaryFolder } from '../harness/folders.js';
import { ScriptedEngine } from '../harness/scripted-engine.js';

/** Fires when the test says so, and knows what is still to come. */
class ManualTimers implements Timers {
  readonly pending = new Map<object, () => void>();
  set(action: () => void): unknown {
    const timer = {};
    this.pending.set(timer, action);
    return timer;
  }
  clear(timer: unknown): void {
    this.pending.delete(timer as object);
  }
  fire(): void {
    const due = [...this.pending.values()];
    this.pending.clear();
    for (const action of due) action();
  }
}

const mainText = 'import { userName } from \'./user\';\n\nconst who = us\n';
const watching = { workspace: { didChangeWatchedFiles: { dynamicRegistration: true, relativePatternSupport: true }, workspaceFolders: true } };
const empty: CompletionList = { isIncomplete: true, items: [] };

function project(userText = 'export function userName(): string {\n  return "on disk";\n}\n', root = temporaryFolder()): string {
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, 'main.ts'), mainText);
  writeFileSync(join(root, 'user.ts'), userText);
  return root;
}

interface Started {
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

async function started({ roots = [], capabilities = {}, initializationOptions, deps, answers = {} }: Start): Promise<Started> {
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

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

/** The plan at the end of main.ts once the user rests there. */
async function planIn({ client, engine, timers }: Started, root: string): Promise<string> {
  engine.answerAll = 'x';
  await client.complete(join(root, 'main.ts'), 2, 14);
  const { length } = engine.settled;
  while (engine.settled.length === length) {
    timers.fire();
    await new Promise(setImmediate);
  }
  return JSON.stringify(engine.settled.at(-1)?.context);
}

const notify = ({ client }: Started, method: string, params: object): Promise<void> => client.connection.sendNotification(method, params);
const uriOf = (path: string): string => pathToFileURL(path).href;
const folderOf = (root: string) => ({ uri: uriOf(root), name: root });

describe('the workspace\'s folders', () => {
  it('are watched by the client that offers it, and by it alone', async () => {
    const root = project();
    const daemon = await started({ roots: [root], capabilities: watching });
    await daemon.client.until('client/registerCapability');
    const [{ registrations }] = daemon.client.messages('client/registerCapability') as { registrations: { method: string; registerOptions: { watchers: { globPattern: { baseUri: string; pattern: string } }[] } }[] }[];
    expect(registrations[0].method).toBe('workspace/didChangeWatchedFiles');
    expect(new Set(registrations[0].registerOptions.watchers.map(({ globPattern }) => globPattern.baseUri))).toEqual(new Set([uriOf(root)]));
    expect(daemon.watched).toEqual([]);
    await daemon.client.open(join(root, 'main.ts'), mainText);
    expect(await planIn(daemon, root)).toContain('on disk');
    writeFileSync(join(root, 'user.ts'), 'export function userName(): string {\n  return "seen by the client";\n}\n');
    await notify(daemon, 'workspace/didChangeWatchedFiles', { changes: [{ uri: uriOf(join(root, 'user.ts')), type: 2 }] });
    expect(await planIn(daemon, root)).toContain('seen by the client');
  });

  it('are read again for what changed, and not for what no plan draws on', async () => {
    const root = project();
    const daemon = await started({ roots: [root], capabilities: watching });
    await daemon.client.open(join(root, 'main.ts'), mainText);
    await planIn(daemon, root);
    const turns = async (): Promise<void> => { for (let i = 0; i < 200; i++) await new Promise(setImmediate); };
    await turns();
    const begun = async (name: string): Promise<number> => {
      const before = daemon.timers.pending.size;
      writeFileSync(join(root, name), `// ${name}\n`);
      await notify(daemon, 'workspace/didChangeWatchedFiles', { changes: [{ uri: uriOf(join(root, name)), type: 2 }] });
      await turns();
      return daemon.timers.pending.size - before;
    };
    expect([await begun('metrics.json'), await begun('user.ts'), await begun('new.ts')]).toEqual([0, 1, 0]);
  });

  it('lose what was in a folder of which the client says only that it is gone', async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'people'));
    writeFileSync(join(root, 'main.ts'), mainText.replace('./user', './people/user'));
    writeFileSync(join(root, 'people', 'user.ts'), 'export const userName = "in the folder";\n');
    const daemon = await started({ roots: [root], capabilities: watching });
    await daemon.client.until('client/registerCapability');
    expect(JSON.stringify(daemon.client.messages('client/registerCapability'))).toContain('"pattern":"**/*"},"kind":4');
    await daemon.client.open(join(root, 'main.ts'), mainText.replace('./user', './people/user'));
    expect(await planIn(daemon, root)).toContain('in the folder');
    rmSync(join(root, 'people'), { recursive: true });
    await notify(daemon, 'workspace/didChangeWatchedFiles', { changes: [{ uri: uriOf(join(root, 'people')), type: 3 }] });
    expect(await planIn(daemon, root)).not.toContain('in the folder');
  });

  it('hold no shutdown up where the client never says whether it watches', async () => {
    const daemon = await started({ roots: [project()], capabilities: watching, answers: { 'client/registerCapability': () => new Promise(() => {}) } });
    await daemon.client.until('client/registerCapability');
    expect(await daemon.client.connection.sendRequest('shutdown')).toBeNull();
  });

  it('are not watched by Kedge where the client refuses after the shutdown', async () => {
    let refuse: (error: Error) => void = () => {};
    const daemon = await started({ roots: [project()], capabilities: watching, answers: { 'client/registerCapability': () => new Promise((_, reject) => (refuse = reject)) } });
    await daemon.client.until('client/registerCapability');
    await daemon.client.connection.sendRequest('shutdown');
    refuse(new Error('not here'));
    // One more message there and back: the refusal was heard.
    await daemon.client.connection.sendRequest('shutdown').catch(() => {});
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    expect(daemon.watched).toEqual([]);
  });

  it('are watched by Kedge where the client refuses', async () => {
    const root = project();
    const refuse = (): never => {
      throw new Error('not here');
    };
    const daemon = await started({ roots: [root], capabilities: watching, answers: { 'client/registerCapability': refuse } });
    await until(() => daemon.watched.length > 0);
    expect(daemon.watched).toEqual([[root]]);
  });

  it.each([['announces folders', { workspace: { workspaceFolders: true } }], ['does not', {}]])('come and go where the client %s', async (_, capabilities) => {
    const [first, second] = [project(), project('export function userName(): string {\n  return "of the second";\n}\n')];
    const daemon = await started({ roots: [first], capabilities });
    await notify(daemon, 'workspace/didChangeWorkspaceFolders', { event: { added: [folderOf(second)], removed: [] } });
    await daemon.client.open(join(second, 'main.ts'), mainText);
    expect(await planIn(daemon, second)).toContain('of the second');
    expect(daemon.watched).toEqual([[first], [first, second]]);
    await notify(daemon, 'workspace/didChangeWorkspaceFolders', { event: { added: [], removed: [folderOf(second)] } });
    expect(await planIn(daemon, second)).not.toContain('of the second');
    expect([daemon.watched, daemon.released]).toEqual([[[first], [first, second], [first]], [[first], [first, second]]]);
  });

  it('are several from the start', async () => {
    const [first, second] = [project(), project('export function userName(): string {\n  return "of the second";\n}\n')];
    const daemon = await started({ roots: [first, second] });
    for (const [root, text] of [[first, 'on disk'], [second, 'of the second']]) {
      await daemon.client.open(join(root, 'main.ts'), mainText);
      expect(await planIn(daemon, root)).toContain(text);
    }
    expect(daemon.watched).toEqual([[first, second]]);
  });

  it('are not watched where the first file belongs to no project', async () => {
    const root = project();
    const daemon = await started({});
    await daemon.client.open(join(root, 'main.ts'), mainText);
    expect(await planIn(daemon, root)).toContain('on disk');
    expect(daemon.watched).toEqual([]);
  });

  it('are the first file\'s project where the client names none', async () => {
    const root = project();
    mkdirSync(join(root, '.git'));
    const daemon = await started({ capabilities: watching });
    await daemon.client.open(join(root, 'main.ts'), mainText);
    expect(await planIn(daemon, root)).toContain('on disk');
    expect([daemon.watched, daemon.client.messages('client/registerCapability')]).toEqual([[[root]], []]);
    const added = project();
    await notify(daemon, 'workspace/didChangeWorkspaceFolders', { event: { added: [folderOf(added)], removed: [] } });
    await daemon.client.until('client/registerCapability');
    expect(JSON.stringify(daemon.client.messages('client/registerCapability'))).not.toContain(uriOf(root));
  });
});

describe('an open document', () => {
  it('beats the disk until it is closed, and once saved is what the disk has', async () => {
    const root = project();
    const user = join(root, 'user.ts');
    const daemon = await started({ roots: [root] });
    await daemon.client.open(join(root, 'main.ts'), mainText);
    expect(await planIn(daemon, root)).toContain('on disk');
    await daemon.client.open(user, 'export function userName(): string {\n  return "in the buffer";\n}\n');
    expect(await planIn(daemon, root)).toContain('in the buffer');
    writeFileSync(user, 'export function userName(): string {\n  return "saved";\n}\n');
    daemon.change(user);
    expect(await planIn(daemon, root)).toContain('in the buffer');
    await notify(daemon, 'textDocument/didSave', { textDocument: { uri: uriOf(user) } });
    await notify(daemon, 'textDocument/didClose', { textDocument: { uri: uriOf(user) } });
    expect(await planIn(daemon, root)).toContain('saved');
  });

  it('is the text that a change with a range of null brings', async () => {
    const root = project();
    const daemon = await started({ roots: [root] });
    await daemon.client.open(join(root, 'main.ts'), '');
    await daemon.client.change(join(root, 'main.ts'), 2, { range: null, text: mainText });
    expect(await planIn(daemon, root)).toContain('on disk');
  });

  it('asks for nothing after a deletion, unless the user does', async () => {
    const root = project();
    const daemon = await started({ roots: [root] });
    const path = join(root, 'main.ts');
    await daemon.client.open(path, mainText);
    daemon.engine.answerAll = 'er';
    const request = (method: string, triggerKind: number): Promise<CompletionList> => daemon.client.connection.sendRequest(method, { textDocument: { uri: uriOf(path) }, position: { line: 2, character: 13 }, context: { triggerKind } });
    await daemon.client.change(path, 2, { range: { start: { line: 2, character: 13 }, end: { line: 2, character: 14 } }, text: '' });
    expect([await request('textDocument/completion', 3), (await request('textDocument/inlineCompletion', 2)).items, daemon.engine.completions]).toEqual([empty, [], []]);
    expect([(await request('textDocument/completion', 1)).items.length, (await request('textDocument/inlineCompletion', 1)).items.length]).toEqual([1, 1]);
    await daemon.client.change(path, 3, { range: { start: { line: 2, character: 13 }, end: { line: 2, character: 13 } }, text: 's' });
    await daemon.client.change(path, 4); // Nothing changed: no deletion either.
    expect([(await request('textDocument/completion', 3)).items.length, (await request('textDocument/inlineCompletion', 2)).items.length]).toEqual([1, 1]);
  });
});

describe('without a model', () => {
  const message = { window: { showMessage: { messageActionItem: {} } } };
  const download = { title: 'Download (491 MB)' };
  interface Case {
    readonly policy?: 'ask' | 'always' | 'never';
    readonly capabilities: object;
    readonly chosen?: object | null;
    readonly asked: number;
    readonly pulls: number;
    readonly told: readonly string[];
    readonly fails?: Error;
  }
  const cases: Record<string, Case> = {
    'it is pulled when the user agrees': { capabilities: message, chosen: download, asked: 1, pulls: 1, told: [] },
    'nothing is pulled when the user does not': { capabilities: message, chosen: { title: 'Not now' }, asked: 1, pulls: 0, told: [] },
    'nothing is pulled when the question is waved away': { capabilities: message, chosen: null, asked: 1, pulls: 0, told: [] },
    'a client that cannot ask says what to run': { capabilities: {}, asked: 0, pulls: 0, told: [noModelMessage] },
    'settings allow it without a question': { policy: 'always', capabilities: message, asked: 0, pulls: 1, told: [] },
    'settings forbid it': { policy: 'never', capabilities: message, asked: 0, pulls: 0, told: [noModelMessage] },
    'what prevents it is said in its own words': { policy: 'always', capabilities: {}, asked: 0, pulls: 1, fails: new UserError('the disk is full'), told: ['Kedge: the disk is full'] },
  };
  it.each(Object.entries(cases))('%s', async (_, { policy, capabilities, chosen, asked, pulls, told, fails }) => {
    const root = project();
    const engine = new ScriptedEngine();
    engine.answerAll = 'er';
    let pulled = 0;
    let installed: Engine | undefined;
    const { client, timers } = await started({
      roots: [root], capabilities, initializationOptions: policy && { modelPull: policy }, answers: { 'window/showMessageRequest': () => chosen },
      deps: {
        openEngine: () => Promise.resolve(installed),
        pullable: {
          bytes: 491_400_064,
          pull: () => {
            pulled += 1;
            if (!fails) installed = engine;
            return fails ? Promise.reject(fails) : Promise.resolve();
          },
        },
      },
    });
    const path = join(root, 'main.ts');
    await client.open(path, mainText);
    expect(await client.complete(path, 2, 14)).toEqual(empty);
    if (asked > 0) await client.until('window/showMessageRequest');
    await client.until('window/showMessage', told.length);
    await until(() => pulled === pulls);
    expect(client.messages('window/showMessageRequest')).toEqual(asked === 0 ? [] : [{ type: 3, message: offerMessage, actions: [download, { title: 'Not now' }] }]);
    expect(client.messages('window/showMessage').map((params) => (params as { message: string }).message)).toEqual(told);
    if (installed) {
      await until(() => timers.pending.size > 0);
      timers.fire();
      await engine.until(({ reads }) => reads.length === 1);
    }
    expect((await client.complete(path, 2, 14)).items.map(({ label }) => label)).toEqual(installed ? ['user'] : []);
    expect(pulled).toBe(pulls);
  });
});

describe('while the model opens', () => {
  it('requests that are cancelled do not keep it from opening, once', async () => {
    const root = project();
    const opening: ((engine: Engine) => void)[] = [];
    const { client } = await started({ roots: [root], deps: { openEngine: () => new Promise((resolve) => opening.push(resolve)) } });
    const path = join(root, 'main.ts');
    await client.open(path, mainText);
    for (let i = 0; i < 3; i += 1) {
      const cancel = new CancellationTokenSource();
      const answer = client.connection.sendRequest<CompletionList>('textDocument/completion', { textDocument: { uri: uriOf(path) }, position: { line: 2, character: 14 } }, cancel.token);
      await until(() => opening.length > 0);
      cancel.cancel();
      expect(await answer).toEqual(empty);
    }
    const answer = client.complete(path, 2, 14);
    const engine = new ScriptedEngine();
    engine.answerAll = 'er';
    opening[0](engine);
    expect([(await answer).items.map(({ label }) => label), opening.length]).toEqual([['user'], 1]);
  });
});

describe('the editor\'s trace', () => {
  it('holds a line for each completion, and the plan with its reasons and times where it is verbose', async () => {
    const root = project();
    const daemon = await started({ roots: [root] });
    await daemon.client.open(join(root, 'main.ts'), mainText);
    await planIn(daemon, root);
    expect(daemon.client.messages('$/logTrace')).toEqual([]);
    await notify(daemon, '$/setTrace', { value: 'messages' });
    await planIn(daemon, root);
    await notify(daemon, '$/setTrace', { value: 'verbose' });
    await planIn(daemon, root);
    await daemon.client.until('$/logTrace', 2);
    const [brief, verbose] = daemon.client.messages('$/logTrace') as { message: string; verbose?: string }[];
    expect(brief).toEqual({ message: expect.stringMatching(/main\.ts: 0 tokens for "x" in \d+ ms$/) });
    expect(verbose.verbose).toMatch(/planMs \d+, .*totalMs \d+.*\nimports user\.ts: /);
  });
});

describe('a daemon with nothing to do', () => {
  it('has no timer running', async () => {
    const root = project();
    const { client, engine, timers } = await started({ roots: [root] });
    const path = join(root, 'main.ts');
    /** What is due is done; a timer that set itself anew would be seen. */
    const rested = (): number => {
      timers.fire();
      timers.fire();
      return timers.pending.size;
    };
    expect(rested()).toBe(0);
    await client.open(path, mainText);
    engine.answerAll = 'er';
    await client.complete(path, 2, 14);
    timers.fire();
    await engine.until(({ settled }) => settled.length === 1);
    await new Promise(setImmediate);
    expect(rested()).toBe(0);
    await client.connection.sendNotification('textDocument/didClose', { textDocument: { uri: uriOf(path) } });
    await engine.until(({ forgotten }) => forgotten.length === 1);
    expect(rested()).toBe(0);
  });
});

describe('the protocol\'s order', () => {
  const outcome = ({ client }: Started, method: string, params?: object): Promise<unknown> => client.connection.sendRequest(method, params).then(() => 'answered', ({ code }: { code: number }) => code);
  const completion = { textDocument: { uri: uriOf('/a.ts') }, position: { line: 0, character: 0 } };

  it('is kept by saying what came too early, twice or too late', async () => {
    const daemon = await started({ roots: [project()] });
    const again = { processId: null, rootUri: null, capabilities: {} };
    expect(await outcome(daemon, 'initialize', again)).toBe(-32600);
    expect(await outcome(daemon, 'shutdown')).toBe('answered');
    for (const [method, params] of [['textDocument/completion', completion], ['initialize', again], ['shutdown', undefined]] as const) expect(await outcome(daemon, method, params), method).toBe(-32600);
    await notify(daemon, 'exit', {});
    await until(() => daemon.exits.length > 0);
    expect(daemon.exits).toEqual([0]);
  });
});

it('finds a project whose folder\'s URI ends in a slash', async () => {
  const root = project();
  const daemon = await started({ roots: [`${root}/`] });
  await daemon.client.open(join(root, 'main.ts'), mainText);
  expect(await planIn(daemon, root)).toContain('on disk');
});

it('goes on reading where a file became shorter than its cursor', async () => {
  const root = project();
  const daemon = await started({ roots: [root] });
  const { client, engine } = daemon;
  await client.open(join(root, 'main.ts'), mainText);
  await planIn(daemon, root);
  const { length } = engine.settled;
  await client.change(join(root, 'main.ts'), 2, { range: { start: { line: 0, character: 5 }, end: { line: 9, character: 0 } }, text: '' });
  while (engine.settled.length === length) {
    daemon.timers.fire();
    await new Promise(setImmediate);
  }
  expect(engine.settled.at(-1)?.prompt.prefix).toBe('impor');
});

describe('the end', () => {
  it.each([[true, 0], [false, 1]] as const)('comes after the engine is closed; shutdown %s: code %i', async (shutdown, code) => {
    const root = project();
    const { client, engine, exits, released } = await started({ roots: [root] });
    await client.open(join(root, 'main.ts'), mainText);
    engine.answerAll = 'er';
    await client.complete(join(root, 'main.ts'), 2, 14);
    if (shutdown) await client.connection.sendRequest('shutdown');
    await client.connection.sendNotification('exit');
    await until(() => exits.length > 0);
    expect([exits, engine.closed, released]).toEqual([[code], 1, [[root]]]);
  });

  it('does not wait for an engine that does not close', async () => {
    const root = project();
    const stuck = new ScriptedEngine();
    stuck.close = () => new Promise(() => {});
    stuck.answerAll = 'er';
    const { client, timers, exits } = await started({ roots: [root], deps: { openEngine: () => Promise.resolve(stuck) } });
    await client.open(join(root, 'main.ts'), mainText);
    await client.complete(join(root, 'main.ts'), 2, 14);
    await client.connection.sendNotification('exit');
    await until(() => {
      timers.fire();
      return exits.length > 0;
    });
    expect(exits).toEqual([1]);
  });
});

it.skipIf(process.platform === 'win32')('goes on with a buffer that is open under two names when one of them is closed', async () => {
  const root = project();
  const link = join(temporaryFolder(), 'link');
  symlinkSync(root, link);
  const daemon = await started({ roots: [link] });
  await daemon.client.open(join(link, 'user.ts'), 'export const userName = "typed";\n');
  await daemon.client.open(join(root, 'user.ts'), 'export const userName = "typed";\n');
  await daemon.client.open(join(root, 'main.ts'), mainText);
  await notify(daemon, 'textDocument/didClose', { textDocument: { uri: uriOf(join(root, 'user.ts')) } });
  expect(await planIn(daemon, root)).toContain('typed');
});

it('heeds and follows the kedge.json of the project that its folder is part of, which nobody watches', async () => {
  const around = temporaryFolder();
  const root = project(undefined, join(around, 'sub'));
  writeFileSync(join(around, 'kedge.json'), '{ "exclude": ["/sub/user.ts"] }');
  const daemon = await started({ roots: [root] });
  await daemon.client.open(join(root, 'main.ts'), mainText);
  expect(await planIn(daemon, root)).not.toContain('on disk');
  rmSync(join(around, 'kedge.json'));
  while (!(await planIn(daemon, root)).includes('on disk')) await new Promise(setImmediate);
  await daemon.client.connection.sendRequest('shutdown');
});

it('follows the user\'s own settings file, whoever writes it', async () => {
  const env = { XDG_CONFIG_HOME: temporaryFolder() };
  const daemon = await started({ deps: { env } });
  const user = userConfigPath(env);
  mkdirSync(dirname(user));
  writeFileSync(user, '{ "colour": "blue" }');
  await daemon.client.until('textDocument/publishDiagnostics');
  expect(daemon.client.messages('textDocument/publishDiagnostics')).toMatchObject([{ uri: uriOf(user), diagnostics: [{ message: expect.stringContaining('"colour"') as string }] }]);
  await daemon.client.connection.sendRequest('shutdown');
});
