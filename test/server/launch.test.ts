// The spawned program: exit codes, what may stand on stdout, the parent's death, and bad calls. Refuses to need a model.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noModelMessage } from '../../server/model-offer.js';
import { openChannel } from '../../server/transport.js';
import { mainPath, outsideMessages, spawnDaemon, spawnOver } from '../harness/client.js';

const dir = mkdtempSync(join(tmpdir(), 'kedge-launch-'));
const file = join(dir, 'a.ts');
const env = { KEDGE_CACHE_DIR: join(dir, 'cache') };
/** Loaded into the daemon: prints as a careless library would, as soon as stdout is claimed. */
const noisy = join(dir, 'noisy.mjs');

beforeAll(() => {
  writeFileSync(file, 'const a = 1;\n');
  writeFileSync(noisy, 'const first = process.stdout.write; setInterval(() => { if (process.stdout.write === first) return; console.log("log"); console.info("info"); process.stdout.write("raw\\n"); }, 5).unref();');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function run(...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [mainPath, ...args], { env: { ...process.env, ...env }, encoding: 'utf8', cwd: dir });
  return { code: status, stdout, stderr };
}

describe.each(['stdio', 'node-ipc', 'socket', 'pipe'] as const)('the daemon over %s', (kind) => {
  const endings: Record<string, { end: (daemon: Awaited<ReturnType<typeof spawnOver>>) => Promise<void> | void; code: number }> = {
    'exit follows shutdown': {
      code: 0,
      end: async ({ client }) => {
        await client.connection.sendRequest('shutdown');
        await client.connection.sendNotification('exit');
      },
    },
    'the editor does not wait for the answer to shutdown': {
      code: 0,
      end: async ({ client }) => {
        client.connection.sendRequest('shutdown').catch(() => {});
        await client.connection.sendNotification('exit');
      },
    },
    'exit comes without shutdown': { code: 1, end: ({ client }) => client.connection.sendNotification('exit') },
    'it is asked to terminate': { code: 1, end: ({ child }) => void child.kill('SIGTERM') },
    'the editor is killed': { code: 1, end: (daemon) => daemon.hangUp() },
    'the editor is killed after shutdown': {
      code: 0,
      end: async (daemon) => {
        await daemon.client.connection.sendRequest('shutdown');
        daemon.hangUp();
      },
    },
  };
  for (const [name, { end, code }] of Object.entries(endings)) {
    it(`ends with ${code} when ${name}`, async () => {
      const daemon = await spawnOver(kind, env, [`--clientProcessId=${process.pid}`]);
      const { capabilities } = await daemon.client.initialize({ root: dir, capabilities: { workspace: { didChangeWatchedFiles: { dynamicRegistration: true, relativePatternSupport: true } } } });
      expect(capabilities.positionEncoding).toBe('utf-16');
      await daemon.client.until('client/registerCapability');
      await daemon.client.complete(file, 0, 0); // After its answer the daemon knows that it is being told of files.
      await end(daemon);
      expect([await daemon.ended, daemon.strayOutput(), daemon.stderr()]).toEqual([code, '', '']);
    });
  }

  it('ends when the process of --clientProcessId is gone', async () => {
    const parent = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const { client, ended } = await spawnOver(kind, env, ['--clientProcessId', String(parent.pid)]);
    await client.initialize();
    parent.kill('SIGKILL');
    expect(await ended).toBe(1);
  });
});

describe('the daemon\'s process', () => {
  it('ends when the process that it was started for is gone, even where its input stays open', async () => {
    const parent = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const { client, ended } = spawnDaemon(env);
    await client.connection.sendRequest('initialize', { processId: parent.pid, rootUri: null, capabilities: {}, workspaceFolders: null });
    parent.kill('SIGKILL');
    expect(await ended).toBe(1);
  });

  const ask = (id: number, method: string, params: object = {}): object => ({ id, method, params });
  const uri = pathToFileURL(file).href;
  const opening = [ask(1, 'initialize', { processId: null, rootUri: null, capabilities: {} }), { method: 'initialized', params: {} }, { method: 'textDocument/didOpen', params: { textDocument: { uri, languageId: 'typescript', version: 1, text: 'const a = 1;\n' } } }];
  it.each([
    ['an exit that does not wait for the answer to shutdown', ['1'], [ask(2, 'shutdown'), { method: 'exit' }], 0],
    ['a completion', ['1', '2'], [ask(2, 'textDocument/completion', { textDocument: { uri }, position: { line: 0, character: 5 } })], 1],
  ])('answers what was written before its input ended: %s', (_, answered, more, code) => {
    const input = [...opening, ...more].map((message) => JSON.stringify({ jsonrpc: '2.0', ...message })).map((body) => `Content-Length: ${body.length}\r\n\r\n${body}`).join('');
    const { status, stdout } = spawnSync(process.execPath, [mainPath, '--stdio'], { env: { ...process.env, ...env }, encoding: 'utf8', input });
    expect([status, Array.from(stdout.matchAll(/"id":(\d),"result":[^n]/g), ([, id]) => id)]).toEqual([code, answered]);
  });

  it('writes protocol only to stdout, whatever else is printed in it', async () => {
    const { client, ended, strayOutput, stderr } = spawnDaemon(env, ['--stdio'], ['--import', noisy]);
    await client.initialize({ root: dir });
    await client.open(file, 'const a = 1;\n');
    for (let i = 0; i < 20; i += 1) expect(await client.complete(file, 0, 5)).toEqual({ isIncomplete: true, items: [] });
    await client.until('window/showMessage');
    await client.connection.sendRequest('shutdown');
    await client.connection.sendNotification('exit');
    expect(await ended).toBe(0);
    expect(client.messages('window/showMessage')).toEqual([{ type: 2, message: noModelMessage }]);
    expect(strayOutput()).toBe('');
    for (const line of ['log\n', 'info\n', 'raw\n']) expect(stderr()).toContain(line);
  });

  it('would notice a stray byte', () => {
    expect(outsideMessages(Buffer.from('Content-Length: 2\r\n\r\n{}xContent-Length: 2\r\n\r\n{}\n'))).toBe('x\n');
  });
});

it('what is written to an editor that is gone is dropped', async () => {
  const editor = createServer((socket) => socket.destroy()).listen({ port: 0, host: '127.0.0.1' });
  await once(editor, 'listening');
  const { writer, onGone } = await openChannel({ kind: 'socket', port: (editor.address() as AddressInfo).port }, process.stdout);
  await new Promise<void>(onGone);
  editor.close();
  await expect(writer.write({ jsonrpc: '2.0' })).resolves.toBeUndefined();
});

describe('the program', () => {
  const version = (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;

  it('tells its version and commands', () => {
    expect(run('--version')).toEqual({ code: 0, stdout: `kedge ${version}\n`, stderr: '' });
    const { code, stdout, stderr } = run('--help');
    expect([code, stderr]).toEqual([0, '']);
    for (const command of ['model', 'index', 'complete', 'demo', 'eval', 'cache', 'doctor', '--stdio', '--node-ipc', '--socket <port>', '--pipe <name>']) expect(stdout).toContain(command);
    expect(run('index', '--help').stdout).toContain('--threads');
  });

  const bad: Record<string, { args: string[]; code: number; says: RegExp }> = {
    'an unknown command': { args: ['fly'], code: 2, says: /no command "fly"/ },
    'an unknown option': { args: ['index', '--fast'], code: 2, says: /Unknown option `--fast`/ },
    'an option without a command': { args: ['--fast'], code: 2, says: /no option "--fast"/ },
    'an option beside --stdio': { args: ['--stdio', '--fast'], code: 2, says: /"--fast" does not go with --stdio/ },
    'two transports': { args: ['--stdio', '--socket=6009'], code: 2, says: /--stdio and --socket do not go together/ },
    'a socket without a port': { args: ['--socket=no'], code: 2, says: /--socket no names no port/ },
    'a socket with a flag for a port': { args: ['--socket', '--stdio'], code: 2, says: /--socket names no port/ },
    'a process without a number': { args: ['--clientProcessId', '--stdio', '--fast'], code: 2, says: /"--fast" does not go with --stdio/ },
    'a pipe without a name': { args: ['--pipe'], code: 2, says: /--pipe names no pipe/ },
    'a port on which nobody listens': { args: ['--socket=1'], code: 1, says: /no editor listens on port 1 of this machine/ },
    'a pipe on which nobody listens': { args: ['--pipe=gone.sock'], code: 1, says: /no editor listens on gone\.sock/ },
    'an IPC channel that is not there': { args: ['--node-ipc'], code: 2, says: /--node-ipc needs the IPC channel/ },
    'no place': { args: ['complete'], code: 2, says: /missing required args/ },
    'a place without a column': { args: ['complete', 'a.ts:3'], code: 2, says: /"a\.ts:3" is not FILE:LINE:COLUMN/ },
    'a file that is not there': { args: ['complete', 'b.ts:1:1'], code: 1, says: /b\.ts does not exist/ },
    'a folder for a file': { args: ['complete', '.:1:1'], code: 1, says: /\. is not a file/ },
    'a line beyond the end': { args: ['complete', 'a.ts:9:1'], code: 1, says: /a\.ts:9:1 is beyond the end: the file has 2 lines/ },
    'a column beyond the end': { args: ['complete', 'a.ts:1:14'], code: 1, says: /a\.ts:1:14 is beyond the end: line 1 has columns 1 to 13/ },
    'a column of zero': { args: ['complete', 'a.ts:1:0'], code: 1, says: /beyond the end/ },
    'context that is not there': { args: ['complete', 'a.ts:1:1', '--with', 'c.ts'], code: 1, says: /c\.ts does not exist/ },
    'files without --with': { args: ['complete', 'a.ts:1:1', 'c.ts'], code: 2, says: /"c\.ts" stands alone/ },
    'no model': { args: ['complete', 'a.ts:1:1'], code: 1, says: /no model is installed yet: run kedge model pull/ },
    'an unknown model': { args: ['complete', 'a.ts:1:1', '--model', 'big'], code: 1, says: /no model "big" is installed/ },
    'threads that are no number': { args: ['index', '--threads', 'many'], code: 2, says: /--threads many is not a whole number/ },
    'an index of nothing': { args: ['index', 'nowhere'], code: 1, says: /nowhere does not exist/ },
    'an index of a file': { args: ['index', 'a.ts'], code: 1, says: /a\.ts is not a folder/ },
  };
  for (const [name, { args, code, says }] of Object.entries(bad)) {
    it(`answers ${name} with one line and ${code}`, () => {
      const result = run(...args);
      expect(result.stderr).toMatch(says);
      expect(result.stderr.trimEnd().split('\n')).toHaveLength(1);
      expect([result.code, result.stdout]).toEqual([code, '']);
    });
  }

  it('diagnoses a machine without a model', () => {
    const { code, stdout, stderr } = run('doctor', '--json');
    const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: { name: string; state: string; todo?: string }[] };
    expect([code, stderr, ok]).toEqual([1, '', false]);
    expect(checks.map(({ name }) => name)).toEqual(['Node', 'runtime', 'store', 'settings', 'watches', 'daemons', 'editors', 'model']);
    expect(checks.filter(({ state }) => state === 'failed')).toEqual([expect.objectContaining({ name: 'model', todo: 'kedge model pull' })]);
  });
});
