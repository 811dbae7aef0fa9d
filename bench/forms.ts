// Which form of segments gives most for its memory: whole files, declarations, outlines, at equal resident rows.
// Refuses to decode: bits only.
import { prepare, type SegmentForm } from '../context/index.js';
import type { AnchorSettings, ContextForm, Engine } from '../engine/index.js';
import { windowByDefault } from '../evaluation/index.js';
import { crossfileTasks, Sums } from './tasks.js';

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

/** Every way of composing each form; the engine stores every row. */
export async function benchForms(engine: Engine, options: FormsOptions): Promise<string> {
  const sums = new Sums();
  const countTokens = (texts: readonly string[]) => engine.countTokens(texts);
  for (const { blanked, snapshot } of crossfileTasks(options.tasksPath, options.root, options.limit)) {
    const { task } = blanked;
    for (const form of FORMS) {
      const { prompt, plan } = await prepare(snapshot, { path: blanked.path, offset: task.offset }, { ...windowByDefault, contextTokensMax: options.contextTokensMax, countTokens, form });
      const composed = (anchors: AnchorSettings): ContextForm => ({ form: 'composed', plan, anchors });
      const residentShare = Math.min(1, options.rows / Math.max(1, plan.tokens));
      const ways: Record<string, ContextForm> = {
        ...(form === FORMS[0] && { none: { form: 'none' } }),
        [`${form}, every row`]: composed({ policy: 'every-row', residentShare: 1, storedShare: 1, state: 'first' }),
        [`${form}, all stored`]: composed({ policy: 'all-stored', residentShare: 1, storedShare: 0.5, state: 'first' }),
        [`${form}, ${options.rows} chosen`]: composed({ policy: 'two-stage', residentShare, storedShare: 0.5, state: 'warm' }),
        [`${form}, joint`]: { form: 'joint', files: plan.segments.map(({ segment: { path, text } }) => ({ path, text })) },
      };
      for (const [way, context] of Object.entries(ways)) {
        const { bits } = await engine.likelihood({ client: 'bench', document: 'task', prompt, context, target: task.target });
        sums.add(way, bits, Buffer.byteLength(task.target), plan.tokens);
        await engine.forget('bench', 'task');
      }
    }
    options.onTask(task.id);
  }
  return sums.text('context tokens');
}
