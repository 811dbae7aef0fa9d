// `kedge stats`: what the running daemons of this user do, how fast they answer and what the store spares them.
// Refuses to wake them: it reads the small file that each keeps.
import { systemClock } from '../../base/clock.js';
import type { Latency } from '../meter.js';
import { runningDaemons, systemProcesses, type DaemonStats, type SeenDaemon } from '../stats.js';
import { duration } from '../quantities.js';
import type { AddCommand } from './io.js';

export const addStatsCommand: AddCommand = (cli, io) => {
  cli
    .command('stats', 'What running daemons do: latencies, cache hits, tokens read and saved, memory')
    .option('--json', 'One JSON object on stdout')
    .action(({ json }: { json?: boolean }) => {
      const daemons = runningDaemons(io.env, systemProcesses(systemClock));
      if (json) io.out(JSON.stringify({ daemons: daemons.map((daemon) => daemon.stats ?? daemon) }));
      else io.out(daemons.length === 0 ? 'no daemon is running: an editor starts one' : daemons.map((daemon) => textFor(daemon, systemClock.wallMs())).join('\n\n'));
    });
};

/** `nowMs`: since 1970. */
export function textFor({ version, pid, startedMs, stats }: SeenDaemon, nowMs: number): string {
  const head = `Kedge ${version}, process ${pid}, for ${duration(Math.max(0, nowMs - startedMs) / 1000)}`;
  if (!stats) return `${head}: of another version, which says no more`;
  const { client, now, roots, requests, firstTokenMs, totalMs, segments, tokens, rssBytes } = stats;
  const { offered, empty, dropped } = requests;
  return [
    `${head}, for ${editorOf(stats)}${roots.length > 0 ? ` in ${roots.join(', ')}` : ''}`,
    `  now: ${now}, ${Math.round(rssBytes / 1e6)} MB of memory`,
    `  requests: ${number(offered + empty + dropped)} (${number(offered)} offered, ${number(empty)} empty, ${number(dropped)} dropped)`,
    `  first token: ${latency(firstTokenMs)}; in total: ${latency(totalMs)}`,
    `  cache: ${segments.planned === 0 ? 'not asked yet' : `${number(segments.served)} of ${number(segments.planned)} segments (${Math.round((100 * segments.served) / segments.planned)}%)`}`,
    `  tokens: ${number(tokens.read)} read ahead, ${number(tokens.saved)} saved`,
    ...(client.lacks.length > 0 ? [`  the editor lacks: ${client.lacks.join(', ')} (kedge doctor says what that means)`] : []),
  ].join('\n');
}

export const editorOf = ({ client: { name, version } }: Pick<DaemonStats, 'client'>): string => [name === '' ? 'an editor without a name' : name, version].filter((part) => part !== undefined).join(' ');

const number = (value: number): string => Math.round(value).toLocaleString('en');
const latency = (value: Latency | null): string => (value ? `median ${Math.round(value.median)} ms, p95 ${Math.round(value.p95)} ms` : 'not measured yet');
