// What the daemon promises whatever the model says: cancellation, newest wins, held plans, errors, progress, no model.
// Refuses to load a model: the engine is scripted.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CancellationTokenSource, type CompletionList, type InlineCompletionList, type MessageType, type PublishDiagnosticsParams } from 'vscode-languageserver/node';
import { systemClock, type Clock } from '../../base/clock.js';
import { UserError } from '../../base/errors.js';
import type { Engine } from '../../engine/index.js';
import type { Config } from '../../server/config.js';
import { noModelMessage } from '../../server/model-offer.js';
import { idleMs, type Timers } from '../../server/scheduler.js';
import { runningDaemons, type SeenDaemon } from '../../server/stats.js';
import { temporaryFolder } from '../harness/folders.js';
import { connectDaemon, type ClientOptions, type LspClient } from '../harness/client.js';
import { ScriptedEngine } from '../harness/scripted-engine.js';

/** Nobody rests for two seconds in a test. */
const timers: Timers = { set: (action, ms) => setTimeout(action, ms === idleMs ? 20 : ms), clear: (timer) => clearTimeout(timer as NodeJS.Timeout) };
const clock = systemClock;
const root = mkdtempSync(join(tmpdir(), 'kedge-daemon-'));
const main = join(root, 'src', 'main.ts');
const mainText = 'import { userName } from \'./user\';\n\nconst who = us\n';

beforeAll(() => {
  mkdirSync(join(root, 'src'));
  writeFileSync(main, mainText);
  writeFileSync(join(root, 'src', 'user.ts'), 'export function userName(id: number): string {\n  return `user ${id}`;\n}\n');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A second passes whenever somebody looks. */
function slowClock(): Clock {
  let nowMs = 0;
  return { nowMs: () => (nowMs += 1000), wallMs: () => 0 };
}

async function started(openEngine: (config: Config) => Promise<Engine | undefined>, options: ClientOptions = {}): Promise<LspClient> {
  const client = connectDaemon({ openEngine, clock: slowClock(), timers });
  await client.initialize({ root, ...options });
  return client;
}

async function opened(options: ClientOptions = {}): Promise<{ client: LspClient; engine: ScriptedEngine }> {
  const engine = new ScriptedEngine();
  const client = await started(() => Promise.resolve(engine), options);
  await client.open(main, mainText);
  return { client, engine };
}

const empty: CompletionList = { isIncomplete: true, items: [] };
const shown = (client: LspClient): string[] => client.messages('window/showMessage').map((params) => (params as { type: MessageType; message: string }).message);

describe('the daemon', () => {
  it('announces what it can do', async () => {
    const client = connectDaemon({ openEngine: () => Promise.resolve(undefined), clock, timers });
    const { capabilities, serverInfo } = await client.initialize({ root, capabilities: { general: { positionEncodings: ['utf-32'] } } });
    expect(serverInfo?.name).toBe('kedge');
    expect(capabilities).toMatchObject({ positionEncoding: 'utf-32', textDocumentSync: { openClose: true, change: 2 }, inlineCompletionProvider: {} });
    expect(capabilities.completionProvider?.triggerCharacters).toEqual(expect.arrayContaining(['.', '(', '=', ':', ' ']));
    expect(capabilities.completionProvider?.resolveProvider).toBeUndefined();
  });

  it('completes the typed word, with the imported file in the plan', async () => {
    const { client, engine } = await opened();
    engine.answerAll = 'erName(1)';
    const list = await client.complete(main, 2, 14);
    expect(list.items.map(({ label, filterText }) => [label, filterText])).toEqual([['userName(1)', 'us']]);
    const { context, prompt } = engine.completions[0].request;
    expect(context.form === 'composed' && context.plan.segments.map(({ segment, source }) => [segment.path, source])).toContainEqual(['src/user.ts', 'imports']);
    expect(prompt.prefix.endsWith('const who = us')).toBe(true);
  });

  it('applies edits one after another, in the client\'s encoding', async () => {
    const { client, engine } = await opened({ capabilities: { general: { positionEncodings: ['utf-8'] } } });
    engine.answerAll = 'x';
    const at = (line: number, character: number) => ({ line, character });
    await client.change(main, 2,
      { range: { start: at(2, 12), end: at(2, 14) }, text: '"😀ä" + ' },
      { range: { start: at(2, 23), end: at(2, 23) }, text: 'naïve' },
    );
    await client.complete(main, 2, 29);
    expect(engine.completions.at(-1)?.request.prompt.prefix.endsWith('const who = "😀ä" + naïve')).toBe(true);
    await client.change(main, 3, { text: 'const whole = ' });
    await client.complete(main, 9, 99);
    expect(engine.completions.at(-1)?.request.prompt.prefix).toBe('const whole = ');
  });

  it('answers a cancelled request with an empty list and aborts the engine', async () => {
    const { client, engine } = await opened();
    const cancel = new CancellationTokenSource();
    const answer = client.connection.sendRequest<CompletionList>('textDocument/completion', { textDocument: { uri: pathToFileURL(main).href }, position: { line: 2, character: 14 } }, cancel.token);
    await engine.until(({ completions }) => completions.length === 1);
    cancel.cancel();
    expect(await answer).toEqual(empty);
    expect(engine.completions[0].signal?.aborted).toBe(true);
  });

  it('lets the newest request win where the client never cancels', async () => {
    const { client, engine } = await opened();
    const first = client.complete(main, 2, 14);
    await engine.until(({ completions }) => completions.length === 1);
    const second = client.complete(main, 2, 14);
    await engine.until(({ completions }) => completions.length === 2);
    engine.completions[1].answer('erName');
    expect(await first).toEqual(empty);
    expect((await second).items[0].label).toBe('userName');
  });

  it('ends a request when its own document is edited, not when another is', async () => {
    const { client, engine } = await opened();
    const first = client.complete(main, 2, 14);
    await engine.until(({ completions }) => completions.length === 1);
    await client.open(join(root, 'src', 'other.ts'), 'x');
    expect(engine.completions[0].signal?.aborted).toBe(false);
    await client.change(main, 2, { text: mainText + '\n' });
    expect(await first).toEqual(empty);
  });

  it('answers a popup and ghost text at one place from one completion, and asks again where nothing was offered', async () => {
    const { client, engine } = await opened();
    const at = { textDocument: { uri: pathToFileURL(main).href }, position: { line: 2, character: 14 } };
    const ask = (): Promise<string[]> =>
      Promise.all([
        client.complete(main, 2, 14).then(({ items }) => items.map(({ label }) => label).join()),
        client.connection.sendRequest<InlineCompletionList>('textDocument/inlineCompletion', { ...at, context: { triggerKind: 1 } }).then(({ items }) => items.map(({ insertText }) => String(insertText)).join()),
      ]);
    const nothing = ask();
    await engine.until(({ completions }) => completions.length === 1);
    engine.completions[0].answer('');
    await engine.until(({ completions }) => completions.length === 2);
    engine.completions[1].answer('');
    expect(await nothing).toEqual(['', '']);
    const both = ask();
    await engine.until(({ completions }) => completions.length === 3);
    // Messages are taken in order: what was asked before has come by then.
    await client.complete(join(root, 'nowhere.py'), 0, 0);
    engine.completions[2].answer('erName(1)');
    expect([await both, engine.completions.length]).toEqual([['userName(1)', 'erName(1)'], 3]);
  });

  it('keeps the plan while somebody types', async () => {
    const { client, engine } = await opened();
    engine.answerAll = 'x';
    await client.complete(main, 2, 14);
    await client.change(main, 2, { range: { start: { line: 2, character: 14 }, end: { line: 2, character: 14 } }, text: 'e' });
    await client.complete(main, 2, 15);
    const [before, after] = engine.completions.map(({ request }) => request.context);
    expect(before.form === 'composed' && after.form === 'composed' && after.plan.segments).toEqual(before.form === 'composed' && before.plan.segments);
  });

  it('plans anew and settles on the cursor\'s queries once the user rests', async () => {
    const { client, engine } = await opened();
    engine.answerAll = 'x';
    await client.complete(main, 2, 14);
    await client.change(main, 2, { range: { start: { line: 2, character: 14 }, end: { line: 2, character: 14 } }, text: 'e' });
    await client.complete(main, 2, 15);
    await engine.until(({ settled }) => settled.some(({ prompt }) => prompt.prefix.endsWith('= use')));
    const { document, context } = engine.settled[engine.settled.length - 1];
    expect(document).toBe(pathToFileURL(main).href);
    expect(context.form === 'composed' && context.plan.segments.map(({ segment }) => segment.path)).toContain('src/user.ts');
  });

  it('gives up choosing rows once the user goes on, by typing or elsewhere', async () => {
    const { client, engine } = await opened();
    engine.answerAll = 'x';
    engine.settlesNever = true;
    await client.complete(main, 2, 14);
    await engine.until(({ settled }) => settled.length === 1);
    await client.complete(main, 2, 14);
    expect(engine.settlingAborted).toBe(0);
    await client.complete(main, 1, 0);
    await engine.until(({ settlingAborted }) => settlingAborted === 1);
    await engine.until(({ settled }) => settled.length === 2);
    await client.change(main, 2, { range: { start: { line: 2, character: 14 }, end: { line: 2, character: 14 } }, text: 'e' });
    await engine.until(({ settlingAborted }) => settlingAborted === 2);
    await client.connection.sendRequest('shutdown');
  });

  it('sees a file that changed on disk in the next plan', async () => {
    const { client, engine } = await opened();
    engine.answerAll = 'x';
    await client.complete(main, 2, 14);
    await engine.until(({ settled }) => settled.length > 0);
    // The watcher may not be ready yet.
    const writing = setInterval(() => writeFileSync(join(root, 'src', 'user.ts'), `export function userName(): string {\n  return "changed on disk ${Date.now()}";\n}\n`), 50);
    await engine.until(({ settled }) => settled.some(({ context }) => JSON.stringify(context).includes('changed on disk')));
    clearInterval(writing);
    await client.complete(main, 2, 14);
    expect(JSON.stringify(engine.completions.at(-1)?.request.context)).toContain('changed on disk');
    await client.connection.sendRequest('shutdown');
  });

  it('reads the plan of an opened document in the background, and shows progress where the client can', async () => {
    const engine = new ScriptedEngine();
    engine.readProgress = [[10, 100], [10, 100], [60, 100], [100, 100]];
    const client = await started(() => Promise.resolve(engine), { capabilities: { window: { workDoneProgress: true } } });
    await client.open(main, mainText);
    await engine.until(({ reads }) => reads.length === 1);
    expect(engine.reads[0]).toMatchObject({ priority: 'reading' });
    expect(engine.reads[0].segments.flat().map(({ path }) => path)).toContain('src/user.ts');
    await client.until('$/progress', 4);
    expect(client.messages('window/workDoneProgress/create')).toHaveLength(1);
    expect(client.messages('$/progress').map((params) => (params as { value: { kind: string; percentage?: number } }).value).map(({ kind, percentage }) => [kind, percentage]))
      .toEqual([['begin', 10], ['report', 60], ['report', 100], ['end', undefined]]);
  });

  it('reads for the other open documents next, then for the files that import one, and then stops', async () => {
    const files = {
      'shape.ts': 'export function area(side: number): number {\n  return side * side;\n}\n',
      'label.ts': "import { area } from './shape';\n\nexport function label(side: number): string {\n  return `area ${area(side)}`;\n}\n",
      'page.ts': "import { label } from './label';\n\nexport const page = (): string => label(3);\n",
      'site.ts': "import { page } from './page';\n\nexport const site = [page()];\n",
    };
    const folder = temporaryFolder();
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const engine = new ScriptedEngine();
    const client = connectDaemon({ openEngine: () => Promise.resolve(engine), clock: slowClock(), timers });
    await client.initialize({ root: folder });
    // What was open once is known to import label.ts without outlining the whole folder.
    await client.open(join(folder, 'page.ts'), files['page.ts']);
    await engine.until(({ reads }) => reads.length === 1);
    await client.connection.sendNotification('textDocument/didClose', { textDocument: { uri: pathToFileURL(join(folder, 'page.ts')).href } });
    for (const name of ['label.ts', 'shape.ts'] as const) await client.open(join(folder, name), files[name]);
    const readFor = (engine: ScriptedEngine): string[] => engine.reads.filter(({ priority }) => priority === 'background').map(({ segments }) => segments.flat().map(({ path }) => path).join());
    await engine.until((one) => readFor(one).length > 1);
    const [forLabel, forPage, ...more] = readFor(engine);
    expect([forLabel, forPage.includes('label.ts'), more]).toEqual(['label.ts,shape.ts', true, []]);
    await client.connection.sendRequest('shutdown');
  });

  it('shows no progress to a client that cannot, nor where nothing is left to read', async () => {
    const { client, engine } = await opened();
    engine.readProgress = [[10, 100]];
    await engine.until(({ reads }) => reads.length === 1);
    engine.answerAll = 'x';
    await client.complete(main, 2, 14);
    expect(client.messages('window/workDoneProgress/create')).toEqual([]);
  });

  it('says once what to run when there is no model, and completes as soon as there is one', async () => {
    const engine = new ScriptedEngine();
    engine.answerAll = 'er';
    let pulled = false;
    const client = await started(() => Promise.resolve(pulled ? engine : undefined));
    await client.open(main, mainText);
    expect(await client.complete(main, 2, 14)).toEqual(empty);
    expect(await client.complete(main, 2, 14)).toEqual(empty);
    expect(shown(client)).toEqual([noModelMessage]);
    pulled = true;
    expect((await client.complete(main, 2, 14)).items[0].label).toBe('user');
  });

  it('answers empty lists over an engine that fails, says it once, and opens another later', async () => {
    let nowMs = 0;
    const engines: ScriptedEngine[] = [];
    const client = connectDaemon({
      openEngine: () => {
        engines.push(new ScriptedEngine());
        return Promise.resolve(engines[engines.length - 1]);
      },
      clock: { nowMs: () => nowMs, wallMs: () => 0 },
      timers,
    });
    await client.initialize({ root });
    await client.open(main, mainText);
    const first = client.complete(main, 2, 14);
    while (engines.length === 0) await new Promise(setImmediate);
    await engines[0].until(({ completions }) => completions.length === 1);
    engines[0].completions[0].fail(new Error('worker ended'));
    expect(await first).toEqual(empty);
    expect(await client.complete(main, 2, 14)).toEqual(empty);
    expect([engines.length, engines[0].closed]).toEqual([1, 1]);
    nowMs += 2000;
    const later = client.complete(main, 2, 14);
    while (engines.length === 1) await new Promise(setImmediate);
    await engines[1].until(({ completions }) => completions.length === 1);
    engines[1].completions[0].answer('er');
    expect((await later).items).toHaveLength(1);
    expect(shown(client)).toHaveLength(1);
  });

  it('shows a user\'s trouble in its own words', async () => {
    const client = await started(() => Promise.reject(new UserError('/models/x.gguf is cut short: run kedge model pull')));
    await client.open(main, mainText);
    expect(await client.complete(main, 2, 14)).toEqual(empty);
    expect(shown(client)).toEqual(['Kedge: /models/x.gguf is cut short: run kedge model pull']);
  });

  it('tells once of what keeps it from reading while the user rests, and goes on completing', async () => {
    const { client, engine } = await opened();
    engine.readFails = new UserError('the segment store /store could not be written: the disk is full');
    engine.answerAll = 'er';
    for (let rests = 1; rests <= 2; rests++) {
      expect((await client.complete(main, 2, 14)).items).toHaveLength(1);
      const before = engine.reads.length;
      await engine.until(({ reads }) => reads.length > before);
    }
    await client.complete(main, 2, 14);
    expect([shown(client), engine.closed]).toEqual([['Kedge: the segment store /store could not be written: the disk is full'], 0]);
    await client.connection.sendRequest('shutdown');
  });

  describe('has settings', () => {
    const file = join(root, 'kedge.json');
    afterEach(() => rmSync(file, { force: true }));
    const published = (client: LspClient) => client.messages('textDocument/publishDiagnostics') as PublishDiagnosticsParams[];
    /** Resolves once what was published last says so of kedge.json; nothing where `part` is undefined. */
    const untilFault = async (client: LspClient, part: string | undefined): Promise<void> => {
      const holds = ({ uri, diagnostics }: PublishDiagnosticsParams): boolean =>
        uri === pathToFileURL(file).href && (part === undefined ? diagnostics.length === 0 : diagnostics.some(({ message }) => String(message).includes(part)));
      for (let count = 1; !published(client).slice(-1).some(holds); count = published(client).length + 1) await client.until('textDocument/publishDiagnostics', count);
    };

    it('of which a fault is a diagnostic in kedge.json, while the rest counts', async () => {
      writeFileSync(file, '{\n "model": "evil", // no\n "triggerCharacters": ["."] }');
      const client = connectDaemon({ openEngine: () => Promise.resolve(undefined), clock, timers });
      const { capabilities } = await client.initialize({ root });
      expect(capabilities.completionProvider?.triggerCharacters).toEqual(['.']);
      await untilFault(client, '"model" may be set');
      expect(published(client).map(({ diagnostics }) => diagnostics.map(({ range }) => range.start))).toEqual([[{ line: 1, character: 1 }]]);
      expect(shown(client)).toEqual([]);
    });

    it('that follow kedge.json in a buffer and on disk', async () => {
      const { client, engine } = await opened();
      engine.answerAll = 'x';
      await client.open(file, '{ "completionTokensMax": 7 }', 'jsonc');
      await client.complete(main, 2, 14);
      await client.change(file, 2, { text: '{ "completionTokensMax": "x" }' });
      await untilFault(client, '"completionTokensMax" must be integer');
      await client.complete(main, 2, 14);
      writeFileSync(file, '{ "completionTokensMax": 9 }');
      await client.connection.sendNotification('textDocument/didClose', { textDocument: { uri: pathToFileURL(file).href } });
      await untilFault(client, undefined);
      await client.complete(main, 2, 14);
      expect(engine.completions.map(({ request }) => request.tokensMax)).toEqual([7, 7, 9]);
      const writing = setInterval(() => writeFileSync(file, `{ "completionTokensMax": 9, "colour": ${Date.now()} }`), 50);
      await untilFault(client, '"colour" is no setting');
      clearInterval(writing);
      await client.connection.sendRequest('shutdown');
    });

    it('that are asked for where the client offers it, and asked for again when they change', async () => {
      const engine = new ScriptedEngine();
      engine.answerAll = 'x';
      const client = connectDaemon({ openEngine: () => Promise.resolve(engine), clock, timers });
      client.settings = { completionTokensMax: 5 };
      await client.initialize({ root, initializationOptions: { completionTokensMax: 3 }, capabilities: { workspace: { configuration: true, didChangeConfiguration: { dynamicRegistration: true } } } });
      await client.open(main, mainText);
      await client.until('workspace/configuration');
      expect(client.messages('workspace/configuration')).toEqual([{ items: [{ section: 'kedge' }] }]);
      expect(client.messages('client/registerCapability')).toMatchObject([{ registrations: [{ method: 'workspace/didChangeConfiguration', registerOptions: { section: 'kedge' } }] }]);
      await client.complete(main, 2, 14);
      client.settings = { completionTokensMax: 6, residentShare: 'all' };
      await client.connection.sendNotification('workspace/didChangeConfiguration', { settings: null });
      await client.until('window/showMessage');
      await client.complete(main, 2, 14);
      expect(engine.completions.map(({ request }) => request.tokensMax)).toEqual([5, 6]);
      expect(shown(client)).toEqual(['Kedge: the editor\'s settings: "residentShare" must be number']);
    });

    it('that a client sends which cannot be asked, in their own section', async () => {
      const { client, engine } = await opened({ initializationOptions: { completionTokensMax: 3 } });
      engine.answerAll = 'x';
      for (const settings of [{ kedge: { completionTokensMax: 5 } }, { other: { completionTokensMax: 9 } }, null, { kedge: null }]) {
        await client.connection.sendNotification('workspace/didChangeConfiguration', { settings });
        await client.complete(main, 2, 14);
      }
      expect(client.messages('workspace/configuration')).toEqual([]);
      expect(engine.completions.map(({ request }) => request.tokensMax)).toEqual([5, 5, 5, 3]);
    });

    it('by which files are left out of the context from now on', async () => {
      const { client, engine } = await opened({ initializationOptions: { exclude: ['other.ts'] } });
      engine.answerAll = 'x';
      const paths = (): string[] | false => {
        const { context } = engine.completions[engine.completions.length - 1].request;
        return context.form === 'composed' && context.plan.segments.map(({ segment }) => segment.path);
      };
      await client.complete(main, 2, 14);
      expect(paths()).toContain('src/user.ts');
      await client.open(file, '{ "exclude": ["user.*"] }', 'jsonc');
      await client.complete(main, 2, 14);
      expect(paths()).toEqual([]);
      await client.change(file, 2, { text: '{ "exclude": ["!user.*"] }' });
      await untilFault(client, '"exclude.0" must be');
      await client.complete(main, 2, 14);
      expect(paths()).toEqual([]);
      await client.change(file, 3, { text: '{}' });
      await client.complete(main, 2, 14);
      expect(paths()).toContain('src/user.ts');
    });

    it('by which another engine is opened', async () => {
      const opens: [string | undefined, ScriptedEngine][] = [];
      const client = await started(({ model }) => {
        const engine = new ScriptedEngine();
        engine.answerAll = 'x';
        opens.push([model, engine]);
        return Promise.resolve(engine);
      });
      await client.open(main, mainText);
      await client.complete(main, 2, 14);
      await client.connection.sendNotification('workspace/didChangeConfiguration', { settings: { kedge: { model: 'other' } } });
      expect((await client.complete(main, 2, 14)).items).toHaveLength(1);
      expect(opens.map(([model, { closed }]) => [model, closed])).toEqual([[undefined, 1], ['other', 0]]);
      expect(shown(client)).toEqual([]);
    });

    it.each([['always', false, true], ['onBattery', true, true], ['onBattery', false, false], ['never', true, false]])('of which readingPaused %s, on battery %s, leaves to read only what a completion asks for: %s', async (readingPaused, onBattery, pauses) => {
      const engine = new ScriptedEngine();
      engine.answerAll = 'x';
      const power = { onBattery: () => Promise.resolve(onBattery) };
      const client = connectDaemon({ openEngine: () => Promise.resolve(engine), clock, timers, power });
      await client.initialize({ root, initializationOptions: { readingPaused } });
      await client.open(main, mainText);
      if (pauses) for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
      else await engine.until(({ reads }) => reads.length > 0);
      expect(engine.reads.map(({ priority }) => priority)).toEqual(pauses ? [] : ['reading']);
      expect((await client.complete(main, 2, 14)).items).toHaveLength(1);
      await engine.until(({ settled }) => settled.length > 0);
      expect(engine.reads.map(({ priority }) => priority)).toContain('reading');
    });
  });

  it('offers nothing in a language that is off, in an unknown document, or in no file at all', async () => {
    const { client, engine } = await opened({ initializationOptions: { languages: ['python'] } });
    engine.answerAll = 'x';
    expect(await client.complete(main, 2, 14)).toEqual(empty);
    expect(await client.complete(join(root, 'nowhere.py'), 0, 0)).toEqual(empty);
    await client.connection.sendNotification('textDocument/didOpen', { textDocument: { uri: 'untitled:1', languageId: 'python', version: 1, text: 'x' } });
    expect(await client.connection.sendRequest('textDocument/completion', { textDocument: { uri: 'untitled:1' }, position: { line: 0, character: 1 } })).toEqual(empty);
    expect(engine.completions).toEqual([]);
  });

  it('offers something in any language, and nothing where secrets are kept', async () => {
    const { client, engine } = await opened();
    engine.answerAll = 'x';
    const [go, env] = [join(root, 'main.go'), join(root, '.env')];
    await client.open(go, 'package main\n', 'go');
    await client.open(env, 'KEY=1\n', 'dotenv');
    expect((await client.complete(go, 1, 0)).items).toHaveLength(1);
    expect(await client.complete(env, 1, 0)).toEqual(empty);
    expect(JSON.stringify([engine.completions, engine.reads])).not.toContain('KEY');
  });

  it('completes on from what the popup has selected', async () => {
    const { client, engine } = await opened();
    engine.answerAll = '(1)';
    const range = { start: { line: 2, character: 12 }, end: { line: 2, character: 14 } };
    const list = await client.connection.sendRequest<InlineCompletionList>('textDocument/inlineCompletion', {
      textDocument: { uri: pathToFileURL(main).href }, position: { line: 2, character: 14 }, context: { triggerKind: 2, selectedCompletionInfo: { range, text: 'userName' } },
    });
    expect(list.items).toEqual([{ insertText: 'userName(1)', range }]);
    expect(engine.completions[0].request.prompt.prefix.endsWith('const who = userName')).toBe(true);
  });

  it('lets go of a closed document\'s rows', async () => {
    const { client, engine } = await opened();
    engine.answerAll = 'x';
    await client.complete(main, 2, 14);
    await client.connection.sendNotification('textDocument/didClose', { textDocument: { uri: pathToFileURL(main).href } });
    await engine.until(({ forgotten }) => forgotten.length === 1);
    expect(await client.complete(main, 2, 14)).toEqual(empty);
  });

  it('closes the engine at shutdown', async () => {
    const { client, engine } = await opened();
    await engine.until(({ reads }) => reads.length === 1);
    await client.connection.sendRequest('shutdown');
    expect(engine.closed).toBe(1);
  });

  it('tells what it does in the user\'s runtime folder until it ends', async () => {
    const env = { XDG_RUNTIME_DIR: temporaryFolder(), HOME: temporaryFolder() };
    const engine = new ScriptedEngine();
    const client = connectDaemon({ openEngine: () => Promise.resolve(engine), clock, timers, env });
    await client.initialize({ root, clientInfo: { name: 'Emacs' } });
    await client.open(main, mainText);
    const answer = client.complete(main, 2, 14);
    await engine.until(({ completions }) => completions.length === 1);
    engine.completions[0].answer('erName', { tokensDecoded: 2, timing: { composeMs: 0, prefillMs: 0, firstTokenMs: 0, totalMs: 0, tokenMs: 0 } });
    await answer;
    const daemon = (): SeenDaemon | undefined => runningDaemons(env, { isAlive: () => true, bootMs: 0 })[0];
    while (daemon()?.stats?.requests.offered !== 1) await new Promise(setImmediate);
    expect(daemon()).toMatchObject({ pid: process.pid, stats: { client: { name: 'Emacs' }, roots: [root], totalMs: { count: 1 }, segments: { planned: 1, served: 0 } } });
    await client.connection.sendRequest('shutdown');
    expect(daemon()).toBeUndefined();
  });

  it('refuses requests before initialize with the protocol\'s error', async () => {
    const client = connectDaemon({ openEngine: () => Promise.resolve(undefined), clock, timers });
    await expect(client.complete(main, 0, 0)).rejects.toMatchObject({ code: -32002 });
  });
});
