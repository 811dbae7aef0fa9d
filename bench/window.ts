// How much of the current file the local window should hold: prefix, suffix and import block, with and without context.
// Refuses to decode: bits only.
import { prepare } from '../context/index.js';
import type { ContextForm, Engine } from '../engine/index.js';
import { crossfileTasks, Sums } from './tasks.js';

export interface WindowOptions {
  readonly tasksPath: string;
  readonly root: string;
  readonly limit: number;
  readonly contextTokensMax: number;
  readonly onTask: (line: string) => void;
}

/** Prefix, suffix and import tokens at most. */
const SIZES: readonly { prefix: number; suffix: number; imports: number }[] = [
  { prefix: 128, suffix: 32, imports: 256 },
  { prefix: 256, suffix: 8, imports: 256 },
  { prefix: 256, suffix: 32, imports: 0 },
  { prefix: 256, suffix: 32, imports: 256 },
  { prefix: 256, suffix: 64, imports: 256 },
  { prefix: 512, suffix: 32, imports: 256 },
  { prefix: 512, suffix: 64, imports: 0 },
  { prefix: 512, suffix: 64, imports: 256 },
];

export async function benchWindow(engine: Engine, options: WindowOptions): Promise<string> {
  const sums = new Sums();
  const countTokens = (texts: readonly string[]) => engine.countTokens(texts);
  for (const { blanked, snapshot } of crossfileTasks(options.tasksPath, options.root, options.limit)) {
    const { task } = blanked;
    for (const { prefix, suffix, imports } of SIZES) {
      const { prompt, plan } = await prepare(snapshot, { path: blanked.path, offset: task.offset }, { contextTokensMax: options.contextTokensMax, prefixTokensMax: prefix, suffixTokensMax: suffix, importTokensMax: imports, countTokens });
      const ways: Record<string, ContextForm> = {
        'no context': { form: 'none' },
        context: { form: 'composed', plan, anchors: { policy: 'all-stored', residentShare: 1, storedShare: 0.5, state: 'first' } },
      };
      for (const [way, context] of Object.entries(ways)) {
        const { bits, tokensPrefilled } = await engine.likelihood({ client: 'bench', document: 'task', prompt, context, target: task.target });
        sums.add(`${prefix}, ${suffix}, imports ${imports}: ${way}`, bits, Buffer.byteLength(task.target), tokensPrefilled);
        await engine.forget('bench', 'task');
      }
    }
    options.onTask(task.id);
  }
  return sums.text('prompt tokens');
}
