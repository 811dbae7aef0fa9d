// The small files of running daemons: when they are written, who may read them, and what is cleaned up. Refuses to touch the user's own.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import { runtimeDir } from '../../base/paths.js';
import { lacksOf } from '../../server/client-needs.js';
import { Reporter, watchLimitMessage } from '../../server/reporter.js';
import { runningDaemons, systemProcesses, type Processes } from '../../server/stats.js';
import { temporaryFolder } from '../harness/folders.js';
import { ManualClock, ManualTimers } from '../harness/manual-timers.js';

const params = { clientInfo: { name: 'Emacs', version: '29' }, capabilities: { textDocument: { completion: {} } } };

function setup(env = { XDG_RUNTIME_DIR: temporaryFolder() }) {
  const clock = new ManualClock();
  const timers = new ManualTimers();
  const told: string[] = [];
  const warned: string[] = [];
  const exits: (() => void)[] = [];
  const log: Log = { info() {}, warn: (message) => warned.push(message), error() {} };
  const reporter = new Reporter(params, ['/project'], (message) => told.push(message), { env, clock, timers, log, atExit: (action) => exits.push(action) });
  const dir = runtimeDir(env);
  const file = join(dir, `daemon-${process.pid}.json`);
  return { reporter, clock, timers, told, warned, exits, env, dir, file, written: () => JSON.parse(readFileSync(file, 'utf8')) as { now: string; requests: { empty: number } } };
}

const everybody: Processes = { isAlive: () => true, bootMs: 0 };

describe('a daemon\'s file', () => {
  it('is the user\'s alone and says who works for whom', () => {
    const { timers, dir, file, env } = setup();
    timers.fire();
    expect([statSync(file).mode & 0o777, statSync(dir).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(runningDaemons(env, everybody)).toMatchObject([
      { pid: process.pid, version: expect.stringMatching(/^\d/) as string, startedMs: 1e9, stats: { client: { name: 'Emacs', version: '29', lacks: ['snippetSupport', 'workDoneProgress'] }, roots: ['/project'], now: 'idle' } },
    ]);
  });

  it('is written at most once a second while something changes, and by no timer otherwise', async () => {
    const { reporter, timers, clock, written } = setup();
    timers.fire();
    expect(timers.pending).toEqual([]);
    clock.pass(300);
    for (let n = 0; n < 50; n++) reporter.meter.answered('');
    expect(timers.pending.map(({ ms }) => ms)).toEqual([700]);
    expect(written().requests.empty).toBe(0);
    clock.pass(700);
    timers.fire();
    expect([written().requests.empty, timers.pending]).toEqual([50, []]);
    clock.pass(60_000);
    await reporter.meter.during('completing', () => {
      timers.fire();
      expect(written().now).toBe('completing');
      return Promise.resolve();
    });
    timers.fire();
    expect([written().now, timers.pending]).toEqual(['idle', []]);
  });

  it.each(['shutdown', 'exit'])('is gone after %s, for good', (how) => {
    const { reporter, timers, exits, dir } = setup();
    timers.fire();
    reporter.meter.answered('');
    if (how === 'shutdown') reporter.close();
    else for (const exit of exits) exit();
    expect([readdirSync(dir), timers.pending]).toEqual([[], []]);
    reporter.meter.answered('');
    expect(timers.pending).toEqual([]);
  });

  it('is done without where the folder cannot be written, which is said once', () => {
    const blocked = join(temporaryFolder(), 'file');
    writeFileSync(blocked, '');
    const { reporter, timers, warned } = setup({ XDG_RUNTIME_DIR: blocked });
    timers.fire();
    reporter.meter.answered('');
    expect([warned, timers.pending]).toEqual([[expect.stringContaining('could not be written (ENOTDIR)')], []]);
  });

  it('lies in the cache where there is no runtime folder', () => {
    expect(runtimeDir({ KEDGE_CACHE_DIR: '/c' })).toBe(join('/c', 'run'));
    expect(runtimeDir({ KEDGE_CACHE_DIR: '/c', XDG_RUNTIME_DIR: '/run/user/1' })).toBe(join('/run/user/1', 'kedge'));
  });
});

describe('of what a watcher meets', () => {
  it('the limit of watches is told once and noted, what the user can mend told once, and the rest neither', () => {
    const { reporter, told, timers, env } = setup();
    reporter.watchFailed(new Error('EACCES: permission denied, watch'));
    expect(told).toEqual([]);
    for (let n = 0; n < 2; n++) reporter.watchFailed(new UserError('the watcher ended: restart it'));
    expect(told.splice(0)).toEqual(['Kedge: the watcher ended: restart it']);
    for (let n = 0; n < 3; n++) reporter.watchFailed(Object.assign(new Error('ENOSPC: System limit for number of file watchers reached, watch'), { code: 'ENOSPC' }));
    timers.fire();
    expect([told, runningDaemons(env, everybody)[0].stats?.watchLimitReached]).toEqual([[watchLimitMessage], 'ENOSPC']);
  });
});

describe('the running daemons', () => {
  const env = { XDG_RUNTIME_DIR: temporaryFolder() };
  const dir = runtimeDir(env);
  const stats = (fields: object): string => JSON.stringify({ format: 1, version: '1.0.0', startedMs: 1000, ...fields });
  const files: Record<string, string> = {
    'daemon-10.json': stats({ startedMs: 3000 }),
    'daemon-11.json': stats({}),
    'daemon-11.json.tmp': 'half',
    'daemon-12.json': stats({ startedMs: 5 }),
    'daemon-13.json': stats({ format: 2, version: '2.0.0' }),
    'daemon-14.json': 'no JSON',
    'daemon-15.json': 'null',
    'notes.txt': 'mine',
  };
  const alive = new Set([10, 12, 13, 14, 15]);
  const processes: Processes = { isAlive: (pid) => alive.has(pid), bootMs: 500 };

  it('are those whose process lives and started with this machine; the files of others are deleted', () => {
    mkdirSync(dir, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
    expect(runningDaemons(env, processes).map(({ pid, version, stats }) => [pid, version, stats !== undefined])).toEqual([[13, '2.0.0', false], [10, '1.0.0', true]]);
    expect(readdirSync(dir).sort()).toEqual(['daemon-10.json', 'daemon-13.json', 'daemon-14.json', 'daemon-15.json', 'notes.txt']);
  });

  it('are none where nothing was ever written', () => {
    expect(runningDaemons({ XDG_RUNTIME_DIR: join(dir, 'none') }, processes)).toEqual([]);
  });

  it('are told from the dead by their process number', () => {
    const { isAlive, bootMs } = systemProcesses({ nowMs: () => 0, wallMs: Date.now });
    expect([isAlive(process.pid), isAlive(2 ** 22 + 1), bootMs < Date.now()]).toEqual([true, false, true]);
  });
});

describe('what a client lacks', () => {
  const cases: [object, string[]][] = [
    [{}, ['completion', 'snippetSupport', 'workDoneProgress']],
    [{ textDocument: { inlineCompletion: {} } }, ['workDoneProgress']],
    [{ textDocument: { completion: {} }, window: { workDoneProgress: true } }, ['snippetSupport']],
    [{ textDocument: { completion: { completionItem: { snippetSupport: true } } }, window: { workDoneProgress: true } }, []],
  ];
  it.each(cases)('of %j is %j', (capabilities, lacks) => expect(lacksOf(capabilities)).toEqual(lacks));
});
