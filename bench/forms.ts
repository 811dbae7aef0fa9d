// Experiment: which form of segments gives most for its memory: whole files, declarations, outlines, outlines with what the cursor mentions whole, at equal resident rows.
// Refuses to decode: bits only. On no branch that ships.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { readTogether, segmentsToRead } from '../base/segment.js';
import { prepare, type SegmentForm } from '../context/index.js';
import type { AnchorSettings, ContextForm, Engine } from '../engine/index.js';
import { crossfileTasks, localWindow } from './tasks.js';

export interface FormsOptions {
  readonly tasksPath: string;
  readonly root: string;
  readonly limit: number;
  readonly contextTokensMax: number;
  /** Rows resident in every form, per layer and KV head. */
  readonly rows: number;
  readonly onTask: (line: string) => void;
}

const FORMS: Readonly<Record<string, { form: SegmentForm; mentionedOnly?: boolean }>> = {
  declarations: { form: 'declaration' },
  'outlines, mentioned bodies': { form: 'declaration', mentionedOnly: true },
  outlines: { form: 'outline' },
  files: { form: 'file' },
};

/** Lines go to FILE, one a task and way; tasks FROM, FROM + STEP ... of the spread. */
export async function benchForms(engine: Engine, options: FormsOptions): Promise<string> {
  const file = process.env.FILE!;
  const [from, step] = [Number(process.env.FROM ?? 0), Number(process.env.STEP ?? 1)];
  const done = new Set((existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []).map((line) => { const { task, form } = JSON.parse(line) as { task: string; form: string }; return `${task} ${form}`; }));
  const countTokens = (texts: readonly string[]) => engine.countTokens(texts);
  const tasks = [...crossfileTasks(options.tasksPath, options.root, options.limit)].filter((_, i) => i % step === from);
  for (const { blanked, snapshot } of tasks) {
    const { task } = blanked;
    for (const [name, how] of Object.entries(FORMS)) {
      const { prompt, plan } = await prepare(snapshot, { path: blanked.path, offset: task.offset }, { ...localWindow, contextTokensMax: options.contextTokensMax, countTokens, ...how });
      const composed = (anchors: AnchorSettings): ContextForm => ({ form: 'composed', plan, anchors });
      const share = (rows: number): number => Math.min(1, rows / Math.max(1, plan.tokens));
      await engine.read({ client: 'bench', priority: 'reading', segments: segmentsToRead(plan), storedShare: 0.5 });
      const ways: Record<string, ContextForm> = {
        ...(name === 'declarations' && { none: { form: 'none' } }),
        [`${name}, all stored`]: composed({ policy: 'all-stored', residentShare: 1, storedShare: 0.5, state: 'first' }),
        [`${name}, ${2 * options.rows} rows`]: composed({ policy: 'two-stage', residentShare: share(2 * options.rows), storedShare: 0.5, state: 'warm' }),
        [`${name}, ${options.rows} rows`]: composed({ policy: 'two-stage', residentShare: share(options.rows), storedShare: 0.5, state: 'warm' }),
      };
      for (const [way, context] of Object.entries(ways)) {
        if (done.has(`${task.id} ${way}`)) continue;
        const { bits, kv } = await engine.likelihood({ client: 'bench', document: 'task', prompt, context, target: task.target });
        appendFileSync(file, `${JSON.stringify({ task: task.id, form: way, bits, bytes: Buffer.byteLength(task.target), tokens: plan.tokens, segments: readTogether(plan.segments).length, rows: kv.rowsResident, attended: kv.rowsAttended })}\n`);
        await engine.forget('bench', 'task');
      }
    }
    options.onTask(task.id);
  }
  return '';
}
