// Which form of segments gives most for its memory: whole files, declarations, outlines, at equal resident rows.
// Refuses to decode: bits only.
import { prepare, Workspace, type SegmentForm } from '../context/index.js';
import type { AnchorSettings, ContextForm, Engine } from '../engine/index.js';
import { blankTask, readTasks } from '../evaluation/index.js';

export interface FormsOptions {
  readonly tasksPath: string;
  readonly root: string;
  readonly limit: number;
  readonly contextTokensMax: number;
  /** Rows resident in every form, per layer and KV head. */
  readonly rows: number;
  readonly onTask: (line: string) => void;
}

const FORMS: readonly SegmentForm[] = ['file', 'declaration', 'outline'];

/** Sums over tasks: bits of the targets, their bytes, and context tokens, for each form and way of composing. */
export async function benchForms(engine: Engine, options: FormsOptions): Promise<Record<string, { bits: number; bytes: number; contextTokens: number; tasks: number }>> {
  const crossfile = readTasks(options.tasksPath).filter(({ kind }) => kind === 'crossfile');
  const step = Math.max(1, crossfile.length / options.limit);
  const tasks = crossfile.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step)).slice(0, options.limit);
  const sums: Record<string, { bits: number; bytes: number; contextTokens: number; tasks: number }> = {};
  const countTokens = (texts: readonly string[]) => engine.countTokens(texts);
  for (const task of tasks) {
    const blanked = blankTask(task, options.root);
    const snapshot = new Workspace([blanked.repositoryRoot]).apply([{ kind: 'open', path: blanked.path, text: blanked.text }]);
    const measured: string[] = [];
    for (const form of FORMS) {
      const { prompt, plan } = await prepare(snapshot, { path: blanked.path, offset: task.offset }, { contextTokensMax: options.contextTokensMax, prefixTokensMax: 512, suffixTokensMax: 64, importTokensMax: 256, countTokens, form });
      const composed = (anchors: AnchorSettings): ContextForm => ({ form: 'composed', plan, anchors });
      const residentShare = Math.min(1, options.rows / Math.max(1, plan.tokens));
      const ways: Record<string, ContextForm> = {
        every: composed({ policy: 'every-row', residentShare: 1, storedShare: 1, state: 'first' }),
        stored: composed({ policy: 'all-stored', residentShare: 1, storedShare: 0.5, state: 'first' }),
        chosen: composed({ policy: 'two-stage', residentShare, storedShare: 0.5, state: 'warm' }),
        joint: { form: 'joint', files: plan.segments.map(({ segment: { path, text } }) => ({ path, text })) },
        none: { form: 'none' },
      };
      for (const [way, context] of Object.entries(ways)) {
        const name = way === 'none' ? way : `${form} ${way}`;
        if (way === 'none' && form !== FORMS[0]) continue;
        const { bits } = await engine.likelihood({ client: 'bench', document: 'task', prompt, context, target: task.target });
        const sum = (sums[name] ??= { bits: 0, bytes: 0, contextTokens: 0, tasks: 0 });
        sum.bits += bits;
        sum.bytes += Buffer.byteLength(task.target);
        sum.contextTokens += plan.tokens;
        sum.tasks++;
        measured.push(`${name} ${bits.toFixed(1)}`);
        await engine.forget('bench', 'task');
      }
    }
    options.onTask(`${task.id}: ${measured.join(', ')}`);
  }
  return sums;
}

/** For the decision record: one line a way. */
export const formsText = (sums: Awaited<ReturnType<typeof benchForms>>): string =>
  Object.entries(sums)
    .map(([name, { bits, bytes, contextTokens, tasks }]) => `${name.padEnd(24)}${(bits / bytes).toFixed(4)} bits/byte  ${Math.round(contextTokens / tasks)} context tokens  ${tasks} tasks`)
    .join('\n');
