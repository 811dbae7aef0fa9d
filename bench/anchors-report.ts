// The stages of `bench -- anchors` as one HTML page that needs nothing else: tables, and retained gain over rows, bytes and time; the plots also one by one.
// Refuses to measure.
import type { StageFigures } from './anchors.js';

type Run = StageFigures['runs'][number];
/** What gain is retained of, in all of a stage. */
type Reference = keyof Run['retainedGain'];

interface Axis {
  readonly name: string;
  readonly title: string;
  readonly of: (run: Run) => number | null;
}

const AXES: readonly Axis[] = [
  { name: 'rows', title: 'rows resident, % of the context\'s tokens', of: ({ kv }) => (kv.rowReduction.value === null ? null : 100 * (1 - kv.rowReduction.value)) },
  { name: 'bytes', title: 'bytes resident, % of dense fp16', of: ({ kv }) => (kv.byteReduction.value === null ? null : 100 * (1 - kv.byteReduction.value)) },
  { name: 'time', title: 'ms from one token to the next, median', of: ({ latency: { tokenMsP50 } }) => tokenMsP50.value },
];
const [WIDTH, HEIGHT, MARGIN] = [520, 320, 44];
const GAIN_MAX_LEAST = 1.2;
/** Axes are logarithmic. */
const TICKS = [0.5, 1, 2, 5, 10, 20, 30, 40, 50, 100, 200, 500, 1000];
const COLOURS = ['#1b6ca8', '#c1440e', '#3a7d44', '#7b2d8b', '#b8860b', '#5f6b6d', '#d1495b', '#00798c', '#8c564b', '#111111', '#9acd32', '#ff7f0e'];

export function anchorsReport(title: string, figures: readonly StageFigures[]): string {
  const sections = figures.map(({ stage, runs }) => {
    const reference = referenceOf(runs);
    return `<h2>${stage}: ${runs[0].tasks} tasks, context at most ${runs[0].tokens} tokens, gain retained of ${reference}</h2>${AXES.map((axis) => plot(runs, axis, reference)).join('')}${table(runs, reference)}`;
  });
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escaped(title)}</title><style>body{font:15px/1.5 system-ui,sans-serif;max-width:1120px;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .7rem;text-align:right;border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}svg{margin:.5rem}text{font:12px system-ui,sans-serif}</style><h1>${escaped(title)}</h1>${sections.join('')}</html>\n`;
}

/** Each plot as a picture of its own, named by stage and axis. */
export const anchorsPlots = (figures: readonly StageFigures[]): { name: string; svg: string }[] =>
  figures.flatMap(({ stage, runs }) => AXES.flatMap((axis) => {
    const svg = plot(runs, axis, referenceOf(runs));
    return svg === '' ? [] : [{ name: `${stage}-${axis.name}`, svg: svg.replace('<svg', '<svg xmlns="http://www.w3.org/2000/svg" font-family="system-ui,sans-serif" font-size="12"') }];
  }));

const referenceOf = (runs: readonly Run[]): Reference => (runs.some(({ context }) => context === 'joint') ? 'joint' : 'dense');

function nameOf({ context, policy, stored, state, tokens }: Run): string {
  if (context === 'bm25') return `${context}, ${tokens} tokens`;
  if (context !== 'anchors') return context;
  if (policy === 'all-stored') return 'everything stored';
  return `${policy}, ${Math.round(100 * stored!)}% stored${state === 'first' ? ', just opened' : ''}`;
}

/** Lines through what differs in the share alone; '' where nothing has a place on the axis. */
function plot(runs: readonly Run[], { title, of }: Axis, reference: Reference): string {
  const lines = new Map<string, { x: number; gain: number; run: Run }[]>();
  for (const run of runs) {
    const x = of(run);
    const gain = run.retainedGain[reference].value;
    if (run.context !== 'anchors' || gain === null) continue;
    // Where some runs were not timed, the others say little.
    if (x === null || x <= 0) return '';
    lines.set(nameOf(run), [...(lines.get(nameOf(run)) ?? []), { x, gain, run }]);
  }
  const xs = [...lines.values()].flat().map(({ x }) => x);
  if (xs.length === 0) return '';
  const [low, high] = [Math.log(Math.min(...xs) * 0.9), Math.log(Math.max(...xs) * 1.1)];
  const gainMax = Math.max(GAIN_MAX_LEAST, ...[...lines.values()].flat().map(({ gain }) => gain));
  const left = (x: number): number => MARGIN + ((Math.log(x) - low) / (high - low)) * (WIDTH - 2 * MARGIN);
  const top = (gain: number): number => HEIGHT - MARGIN - (Math.max(0, gain) / gainMax) * (HEIGHT - 2 * MARGIN);
  const drawn = [...lines].map(([name, points], i) => {
    const colour = COLOURS[i % COLOURS.length];
    const inOrder = [...points].sort((a, b) => a.x - b.x);
    const path = inOrder.map(({ x, gain }, p) => `${p === 0 ? 'M' : 'L'}${left(x).toFixed(1)},${top(gain).toFixed(1)}`).join('');
    const dots = inOrder.map(({ x, gain, run }) => `<circle cx="${left(x).toFixed(1)}" cy="${top(gain).toFixed(1)}" r="3.5" fill="${colour}"><title>${escaped(name)}, ${Math.round(1000 * run.rows!) / 10}% allowed: ${gain.toFixed(2)} at ${x.toFixed(1)}</title></circle>`);
    return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="1.5"/>${dots.join('')}<text x="${WIDTH - MARGIN + 8}" y="${MARGIN + 16 * i}" fill="${colour}">${escaped(name)}</text>`;
  });
  const gains = [0, 0.25, 0.5, 0.75, 1].map((gain) => `<line x1="${MARGIN}" x2="${WIDTH - MARGIN}" y1="${top(gain)}" y2="${top(gain)}" stroke="#ddd"/><text x="6" y="${top(gain) + 4}">${gain}</text>`);
  const ticks = TICKS.filter((x) => Math.log(x) >= low && Math.log(x) <= high).map((x) => `<text x="${left(x).toFixed(1)}" y="${HEIGHT - MARGIN + 16}" text-anchor="middle">${x}</text>`);
  return `<svg width="${WIDTH + 180}" height="${HEIGHT}" role="img" aria-label="retained gain over ${escaped(title)}"><rect width="100%" height="100%" fill="#fff"/>${gains.join('')}${drawn.join('')}${ticks.join('')}<text x="${WIDTH / 2}" y="${HEIGHT - 8}" text-anchor="middle">${escaped(title)}</text><text x="6" y="16">retained gain, of ${reference}</text></svg>`;
}

function table(runs: readonly Run[], reference: Reference): string {
  const head = ['', 'share', 'bits/byte', 'retained gain', 'rows resident', 'exact match', 'less joint\'s', 'edit similarity', 'identifier F1'];
  const rows = runs.map((run) => [
    nameOf(run),
    run.rows === null ? '' : `${Math.round(1000 * run.rows) / 10}%`,
    interval(run.overall.bitsPerByte),
    run.retainedGain[reference].value === null ? (run.retainedGain[reference].note ?? '') : interval(run.retainedGain[reference]),
    run.kv.rowsResident.value === null ? '' : Math.round(run.kv.rowsResident.value).toString(),
    ...[run.overall.exactMatch, run.exactMatchDifference.joint, run.overall.editSimilarity, run.overall.identifierF1].map(interval),
  ]);
  const line = (cells: readonly string[], tag: 'th' | 'td'): string => `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  return `<table>${line(head, 'th')}${rows.map((cells) => line(cells, 'td')).join('')}</table>`;
}

function interval({ value, low, high }: { readonly value: number | null; readonly low: number | null; readonly high: number | null }): string {
  if (value === null) return '';
  return low === null || high === null ? value.toFixed(3) : `${value.toFixed(3)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
}

const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
