// Each editor as it was recorded (clients/NAME.json): its `initialize`, its requests, and what it needs as answers, through one check.
// Refuses to run a model: the engine says what the recording wants said.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CancellationTokenSource, type CompletionList, type InitializeParams, type InlineCompletionList } from 'vscode-languageserver/node';
import { systemClock } from '../../base/clock.js';
import { openRepository } from '../../context/index.js';
import type { Timers } from '../../server/scheduler.js';
import { connectDaemon } from '../harness/client.js';
import { temporaryFolder } from '../harness/folders.js';
import { ScriptedEngine } from '../harness/scripted-engine.js';

interface Recording {
  readonly client: string;
  readonly source: string;
  /** `$ROOT` and `$DOCUMENT` stand for addresses. */
  readonly initialize: InitializeParams;
  readonly expects: { readonly positionEncoding: string; readonly watching: 'client' | 'kedge' };
  readonly steps: readonly Step[];
}

type Step =
  | { readonly notify: string; readonly params: object }
  | {
      readonly request: string;
      readonly params: object;
      /** What the model says, null where it is not to be asked or does not come to an end. */
      readonly engine: string | null;
      readonly answer: CompletionList | InlineCompletionList;
      /** Before the model says anything, the client cancels or asks again. */
      readonly cancelled?: true;
      readonly superseded?: true;
      /** Whether the model may go on after the line. */
      readonly blocks?: boolean;
      readonly why?: string;
    };

const folder = join(import.meta.dirname, 'clients');
const user = 'export class User {\n  rename(to: string): void {}\n}\n';
/** Nobody rests in a recording, and no answer comes late. */
const timers: Timers = { set: () => undefined, clear: () => {} };

async function check(name: string): Promise<void> {
  const root = temporaryFolder();
  mkdirSync(join(root, 'src'));
  writeFileSync(join(root, 'src', 'user.ts'), user);
  const text = readFileSync(join(folder, name), 'utf8');
  const { initialize, expects, steps } = JSON.parse(text.replaceAll('$ROOT', pathToFileURL(root).href).replaceAll('$DOCUMENT', pathToFileURL(join(root, 'src', 'main.ts')).href)) as Recording;
  const engine = new ScriptedEngine();
  let watched = 0;
  const client = connectDaemon({
    openEngine: () => Promise.resolve(engine), clock: systemClock, timers,
    openRepository: (roots) => {
      const repository = openRepository({ roots, inProcess: true });
      repository.watch = () => {
        watched += 1;
        return { ready: Promise.resolve(), close: () => Promise.resolve() };
      };
      return repository;
    },
  });
  const { capabilities } = await client.start({ ...initialize, processId: process.pid });
  expect(capabilities.positionEncoding).toBe(expects.positionEncoding);
  const registered = (): number => client.messages('client/registerCapability').filter((params) => JSON.stringify(params).includes('workspace/didChangeWatchedFiles')).length;
  // Messages are answered in order: what follows `initialized` has come by then.
  await client.connection.sendRequest('textDocument/completion', { textDocument: { uri: 'untitled:1' }, position: { line: 0, character: 0 } });
  expect([registered(), watched]).toEqual(expects.watching === 'client' ? [1, 0] : [0, 1]);
  let superseded: Promise<unknown> | undefined;
  for (const step of steps) {
    if ('notify' in step) {
      await client.connection.sendNotification(step.notify, step.params);
      continue;
    }
    const what = `${step.request} ${step.why ?? ''}`;
    const asked = engine.completions.length;
    const cancel = new CancellationTokenSource();
    const answer = client.connection.sendRequest(step.request, step.params, cancel.token);
    const runs = step.engine !== null || step.cancelled || step.superseded;
    if (runs) await engine.until(({ completions }) => completions.length > asked);
    if (step.cancelled) cancel.cancel();
    if (step.superseded) {
      superseded = answer;
      continue;
    }
    if (superseded) expect(await superseded, what).toEqual(step.request === 'textDocument/completion' ? { isIncomplete: true, items: [] } : { items: [] });
    superseded = undefined;
    if (step.engine !== null) engine.completions[asked].answer(step.engine, { context: [{ source: 'imports', path: 'src/user.ts', tokens: 10, rows: 2 }] });
    const found = (await answer) as CompletionList;
    expect(found, what).toMatchObject(step.answer);
    expect(found.items, what).toHaveLength(step.answer.items.length);
    if (!runs) expect(engine.completions, what).toHaveLength(asked);
    if (step.cancelled) expect(engine.completions[asked].signal?.aborted, what).toBe(true);
    if (step.blocks !== undefined) expect(engine.completions[asked].request.stop, what).toBe(step.blocks ? 'block' : 'line');
    for (const item of found.items) if ('label' in item) expect([item.label, item.additionalTextEdits], what).toEqual([expect.not.stringMatching(/\n/), undefined]);
  }
}

describe('as recorded', () => {
  for (const name of readdirSync(folder)) it(basename(name, '.json'), () => check(name));
});
