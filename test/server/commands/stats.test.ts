// `kedge stats`: what it prints for a reader and for a program. Refuses to start a daemon.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runtimeDir } from '../../../base/paths.js';
import { addStatsCommand, textFor } from '../../../server/commands/stats.js';
import type { DaemonStats } from '../../../server/stats.js';
import { runCommand } from '../../harness/command.js';
import { temporaryFolder } from '../../harness/folders.js';

const latency = (median: number, p95: number) => ({ median, p95, count: 9 });
const stats: DaemonStats = {
  format: 1, version: '0.1.0', pid: process.pid, startedMs: Date.now() - 60_000, client: { name: 'Neovim', version: '0.11.4', lacks: [] }, roots: ['/a', '/b'], now: 'reading', rssBytes: 812e6,
  requests: { offered: 1200, empty: 30, dropped: 4 }, firstTokenMs: latency(68.4, 120), totalMs: latency(400, 812), segments: { planned: 200, served: 150 }, tokens: { read: 12_345, saved: 1_000_000 },
};

it('prints what a daemon does', () => {
  expect(textFor({ ...stats, stats }, stats.startedMs + 60_000).split('\n')).toEqual([
    `Kedge 0.1.0, process ${process.pid}, for 60 s, for Neovim 0.11.4 in /a, /b`,
    '  now: reading, 812 MB of memory',
    '  requests: 1,234 (1,200 offered, 30 empty, 4 dropped)',
    '  first token: median 68 ms, p95 120 ms; in total: median 400 ms, p95 812 ms',
    '  cache: 150 of 200 segments (75%)',
    '  tokens: 12,345 read ahead, 1,000,000 saved',
  ]);
});

it('prints what there is of one that has done nothing, and of another version', () => {
  const fresh: DaemonStats = { ...stats, client: { name: '', lacks: ['completion'] }, roots: [], firstTokenMs: null, totalMs: null, segments: { planned: 0, served: 0 } };
  const text = textFor({ ...fresh, stats: fresh }, fresh.startedMs);
  for (const part of ['for an editor without a name\n', 'first token: not measured yet', 'cache: not asked yet', 'the editor lacks: completion']) expect(text).toContain(part);
  expect(textFor({ version: '9.0.0', pid: 3, startedMs: 0 }, 0)).toBe('Kedge 9.0.0, process 3, for 0 s: of another version, which says no more');
});

it('reads the files of the running, and gives a program the same', async () => {
  const env = { XDG_RUNTIME_DIR: temporaryFolder() };
  expect((await runCommand(addStatsCommand, env, 'stats')).out).toBe('no daemon is running: an editor starts one');
  expect((await runCommand(addStatsCommand, env, 'stats', '--json')).out).toBe('{"daemons":[]}');
  mkdirSync(runtimeDir(env));
  writeFileSync(join(runtimeDir(env), `daemon-${process.pid}.json`), JSON.stringify(stats));
  expect((await runCommand(addStatsCommand, env, 'stats')).out).toContain('for Neovim 0.11.4');
  expect(JSON.parse((await runCommand(addStatsCommand, env, 'stats', '--json')).out)).toEqual({ daemons: [stats] });
});
