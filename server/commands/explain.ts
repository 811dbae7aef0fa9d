// `kedge explain FILE:LINE:COLUMN`: the context plan at a place in its order, each segment with its reason, and what was left out and why.
// Refuses to run the model: of it the tokenizer alone is asked, and where none is installed tokens are estimated and said to be.
import type { CountTokens } from '../../base/segment.js';
import { explain, type Explained } from '../../context/index.js';
import { findModel } from '../../engine/index.js';
import type { Config } from '../config.js';
import { sourcesOf } from '../planning.js';
import { engineFlags, withEngine, type EngineFlags } from './engine.js';
import type { AddCommand, CommandIo } from './io.js';
import { openPlace } from './place.js';

interface Flags extends EngineFlags {
  readonly json?: boolean;
}

export const addExplainCommand: AddCommand = (cli, io) => {
  engineFlags(cli.command('explain <place>', 'Say what context a completion at FILE:LINE:COLUMN draws on, and why'))
    .option('--json', 'One JSON object on stdout')
    .example('  $ kedge explain src/order.ts:12:7')
    .action((place: string, flags: Flags) => run(String(place), flags, io));
};

/** About so many bytes of code are a token. */
const tokenBytes = 3.6;
const estimated: CountTokens = (texts) => Promise.resolve(texts.map((text) => Math.ceil(Buffer.byteLength(text) / tokenBytes)));

async function run(place: string, flags: Flags, io: CommandIo): Promise<void> {
  const { config, repository, cursor } = openPlace(place, io);
  const explained = (countTokens: CountTokens): Promise<Explained> => explain(repository.workspace.snapshot, cursor, { ...config, ...sourcesOf(config), countTokens });
  const isCounted = flags.model !== undefined || findModel(config.model, io.env) !== undefined;
  const found = isCounted ? await withEngine(io, flags, (engine) => explained((texts) => engine.countTokens(texts)), { config }) : await explained(estimated);
  io.out(flags.json ? JSON.stringify(jsonOf(found, config, isCounted)) : textFor(found, config, isCounted));
}

/** The fields that scripts rely on. */
function jsonOf({ plan, leftOut }: Explained, { contextTokensMax }: Config, isCounted: boolean): object {
  const segments = plan.segments.map(({ segment, source, tokens, share, reason }) => ({ source, path: segment.path, tokens, share, reason }));
  return { tokens: plan.tokens, tokensMax: contextTokensMax, tokensEstimated: !isCounted, segments, leftOut };
}

function textFor({ plan, leftOut }: Explained, { contextTokensMax, model }: Config, isCounted: boolean): string {
  const rows = plan.segments.map(({ segment, source, tokens, share, reason }) => [String(tokens), `${Math.round(100 * share)}%`, source, segment.path, reason]);
  const missing = leftOut.map(({ source, path, pieces, reason }) => [source, [path, pieces === undefined ? undefined : `(${pieces} ${pieces === 1 ? 'piece' : 'pieces'})`].filter(Boolean).join(' '), reason]);
  return [
    `${plan.tokens} of at most ${contextTokensMax} tokens in ${plan.segments.length} segments, the most relevant last${isCounted ? '' : ` (estimated: no model ${model === undefined ? '' : `"${model}" `}is installed)`}`,
    ...table([['tokens', 'share', 'source', 'path', 'reason'], ...rows]),
    ...(missing.length > 0 ? ['', 'left out:', ...table(missing)] : []),
  ].join('\n');
}

/** Columns of one width, the last as it is. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => `  ${row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]))).join('  ')}`);
}
