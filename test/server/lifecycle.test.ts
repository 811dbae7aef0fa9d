// A daemon's life around completions: saving, a missing model, tracing, idling, ending. Refuses to load a model.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CancellationTokenSource, type CompletionList } from 'vscode-languageserver/node';
import { UserError } from '../../base/errors.js';
import { openRepository } from '../../context/index.js';
import type { Engine } from '../../engine/index.js';
import { userConfigPath } from '../../server/config-files.js';
import { noModelMessage, offerMessage } from '../../server/model-offer.js';
import { temporaryFolder } from '../harness/folders.js';
import { ScriptedEngine } from '../harness/scripted-engine.js';
import { emptyList, mainText, notify, planIn, project, started, until, uriOf, type Started } from '../harness/started-daemon.js';

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
    expect([await request('textDocument/completion', 3), (await request('textDocument/inlineCompletion', 2)).items, daemon.engine.completions]).toEqual([emptyList, [], []]);
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
    expect(await client.complete(path, 2, 14)).toEqual(emptyList);
    if (asked > 0) await client.until('window/showMessageRequest');
    await client.until('window/showMessage', told.length);
    await until(() => pulled === pulls);
    expect(client.messages('window/showMessageRequest')).toEqual(asked === 0 ? [] : [{ type: 3, message: offerMessage, actions: [download, { title: 'Not now' }] }]);
    expect(client.messages('window/showMessage').map((params) => (params as { message: string }).message)).toEqual(told);
    if (installed) {
      await until(() => timers.pending.length > 0);
      timers.fire();
      await engine.until(({ reads }) => reads.length === 1);
    }
    expect((await client.complete(path, 2, 14)).items.map(({ label }) => label)).toEqual(installed ? ['user'] : []);
    expect(pulled).toBe(pulls);
  });
});

describe('a file whose context cannot be planned', () => {
  const startedWithBroken = async (): Promise<Started & { root: string; broken: string }> => {
    const root = project();
    const broken = join(root, 'broken.ts');
    const daemon = await started({
      roots: [root],
      deps: {
        openRepository: (roots, settings) => {
          const repository = openRepository({ roots, ...settings, inProcess: true });
          const prepare = repository.prepare.bind(repository);
          repository.prepare = (cursor, ...more) => (cursor.path === broken ? Promise.reject(new TypeError('no such node')) : prepare(cursor, ...more));
          return repository;
        },
      },
    });
    daemon.engine.answerAll = 'er';
    await daemon.client.open(join(root, 'main.ts'), mainText);
    await daemon.client.open(broken, mainText);
    return { ...daemon, root, broken };
  };

  it('is told once, and others are completed', async () => {
    const { client, engine, root, broken } = await startedWithBroken();
    for (let i = 0; i < 2; i += 1) expect(await client.complete(broken, 2, 14)).toEqual(emptyList);
    expect((await client.complete(join(root, 'main.ts'), 2, 14)).items.map(({ label }) => label)).toEqual(['user']);
    expect(client.messages('window/showMessage')).toEqual([{ type: 2, message: `Kedge: what ${broken} draws on cannot be planned (no such node): nothing is offered there, other files are completed` }]);
    expect(engine.closed).toBe(0);
  });

  it('keeps no other from being read ahead', async () => {
    const { client, engine, timers, broken } = await startedWithBroken();
    await client.complete(broken, 2, 14);
    const isRead = (): boolean => engine.reads.some(({ segments }) => segments.flat().some(({ path }) => path === 'user.ts'));
    while (!isRead()) {
      timers.fire();
      await new Promise(setImmediate);
    }
  });

  it('is the engine\'s trouble where that counts no tokens', async () => {
    const { client, engine, broken } = await startedWithBroken();
    engine.countTokens = () => Promise.reject(new Error('the engine is gone'));
    expect(await client.complete(broken, 2, 14)).toEqual(emptyList);
    expect(engine.closed).toBe(1);
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
      expect(await answer).toEqual(emptyList);
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
      return timers.pending.length;
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
