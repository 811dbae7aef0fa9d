// The summary as text for a reader at a terminal. Refuses to compute.
import type { Interval } from './bootstrap.js';
import type { Recipe } from './measure.js';
import type { Gain, RunSummary, Scores, Summary } from './summary.js';

const number = (value: number | null, digits: number): string => (value === null ? '-' : value.toFixed(digits));
const withInterval = ({ value, low, high }: Interval, digits: number, scale = 1): string => {
  if (value === null) return '-';
  const around = low === null || high === null ? '' : ` [${number(low * scale, digits)}, ${number(high * scale, digits)}]`;
  return number(value * scale, digits) + around;
};
const percent = (interval: Interval): string => withInterval(interval, 1, 100);
const gain = (value: Gain, digits = 2, scale = 1): string => (value.value === null ? (value.note ?? '-') : withInterval(value, digits, scale));

export function reportText({ runs }: Summary): string {
  const parts = [
    runs.map(headOf).join('\n'),
    table('all tasks', runs, ({ overall }) => overall),
    table('crossfile', runs, ({ byKind }) => byKind.crossfile),
    table('line', runs, ({ byKind }) => byKind.line),
    ...[...new Set(runs.flatMap(({ byLanguage }) => Object.keys(byLanguage)))].sort().map((lang) => table(`language ${lang}`, runs, ({ byLanguage }) => byLanguage[lang])),
    table('crossfile, declaration in the plan', runs, ({ slices }) => slices.inPlan),
    table('crossfile, declaration not in the plan', runs, ({ slices }) => slices.notInPlan),
    table('copied: the line stands elsewhere in the repository', runs, ({ slices }) => slices.copied),
    'Without importers and tests of the file: not measured; it is the same as all tasks where the sources are imports and own-file alone.',
    kvTable(runs),
    gainTable(runs),
    'Intervals: 95%, bootstrapped by repository. bits/byte: lower is better. Percentages but for retained gain. Latencies are of the completions made on this machine.',
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

const share = (value: number): string => `${Number((100 * value).toFixed(2))}%`;
const nameOf = ({ context, policy, rows, stored }: Recipe): string => (context === 'anchors' ? `${policy} ${share(rows!)} of ${share(stored!)}` : context);

const headOf = (run: RunSummary): string =>
  `${nameOf(run)}: ${run.model}, ${run.tasks} tasks, context at most ${run.tokens} tokens, prefix ${run.prefix}, suffix ${run.suffix}, ${run.state}; planRecall ${percent(run.planRecall)} (${run.planRecall.count})`;

function table(title: string, runs: readonly RunSummary[], pick: (run: RunSummary) => Scores | undefined): string {
  const rows = runs.flatMap((run) => {
    const scores = pick(run);
    if (!scores || scores.bitsPerByte.count === 0) return [];
    return [[nameOf(run), withInterval(scores.bitsPerByte, 3), percent(scores.exactMatch), percent(scores.editSimilarity), percent(scores.identifierF1), String(scores.bitsPerByte.count)]];
  });
  return aligned(title, ['context', 'bits/byte', 'exact match', 'edit similarity', 'identifier F1', 'tasks'], rows);
}

function kvTable(runs: readonly RunSummary[]): string {
  const rows = runs.map(({ kv, latency, overall, ...run }) => [
    nameOf(run),
    number(kv.contextTokens.value, 0),
    number(kv.rowsStored.value, 0),
    number(kv.rowsResident.value, 0),
    number(kv.rowsAttended.value, 0),
    number(kv.rowsExchanged.value, 1),
    percent(kv.rowReduction),
    number(kv.bytesResident.value === null ? null : kv.bytesResident.value / 1e6, 1),
    number(kv.bytesStored.value === null ? null : kv.bytesStored.value / 1e6, 1),
    percent(kv.byteReduction),
    percent(kv.byteReductionStored),
    `${number(latency.firstTokenMsP50.value, 0)} / ${number(latency.firstTokenMsP95.value, 0)}`,
    `${number(latency.totalMsP50.value, 0)} / ${number(latency.totalMsP95.value, 0)}`,
    number(latency.tokenMsP50.value, 1),
    `${latency.firstTokenMsP50.count} of ${overall.exactMatch.count}`,
  ]);
  const head = ['context', 'tokens', 'stored', 'resident', 'attended', 'exchanged', 'row reduction', 'MB resident', 'MB stored', 'byte reduction', 'stored byte reduction', 'first token ms p50/p95', 'total ms p50/p95', 'ms a token p50', 'latencies of'];
  return aligned('rows and bytes (means over tasks), latency', head, rows);
}

function gainTable(runs: readonly RunSummary[]): string {
  const rows = runs.filter(({ context }) => context !== 'none').map((run) => [nameOf(run), gain(run.retainedGain.joint), gain(run.retainedGain.dense), gain(run.exactMatchDifference.joint, 1, 100)]);
  return aligned('retained gain, and exact match less that of joint', ['context', 'of joint', 'of dense', 'exact match less joint\'s'], rows);
}

function aligned(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column].length)));
  const line = (cells: readonly string[]): string => cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  ').trimEnd();
  return [title, line(head), ...rows.map(line)].join('\n');
}
