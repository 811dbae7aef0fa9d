// Showing long work: what the editor sees, and that an editor which refuses, dies or never answers holds nothing up.
import { expect, it } from 'vitest';
import type { WorkDoneProgressReporter } from 'vscode-languageserver';
import type { OnProgress } from '../../base/progress.js';
import { showing, type WorkDone } from '../../server/work-done.js';

const clock = { nowMs: () => (now += 200), wallMs: () => now };
let now = 0;
const read = (on: OnProgress): Promise<string> => {
  for (const done of [1, 2, 3]) on({ label: 'reading', done, total: 4, unit: 'tokens' });
  on({ label: 'sealing', done: 1, total: 2, unit: 'tokens' });
  return Promise.resolve('done');
};
const dead = (): never => {
  throw new Error('the connection is closed');
};

const editors: Readonly<Record<string, WorkDone['createProgress']>> = {
  'refuses to show progress': () => Promise.reject(new Error('no such method')),
  'never answers': () => new Promise(() => {}),
  'is gone': dead,
  'is gone while it shows': () => Promise.resolve({ begin: dead, report: dead, done: dead } as unknown as WorkDoneProgressReporter),
};
it.each(Object.entries(editors))('work ends as it would without an editor that %s', async (_, createProgress) => {
  expect(await showing({ createProgress, clock }, 'Kedge', read)).toBe('done');
  await expect(showing({ createProgress, clock }, 'Kedge', (on) => read(on).then(() => Promise.reject(new Error('no room'))))).rejects.toThrow('no room');
  await new Promise(setImmediate);
});

it('shows each label as work of its own, and its end', async () => {
  const shown: string[] = [];
  const reporter = (): WorkDoneProgressReporter => ({ begin: (title: string, percent: number, message: string) => shown.push(`${title} ${percent} ${message}`), report: (percent: number, message: string) => shown.push(`${percent} ${message}`), done: () => shown.push('done') }) as unknown as WorkDoneProgressReporter;
  await showing({ createProgress: () => Promise.resolve(reporter()), clock }, 'Kedge', read);
  await new Promise(setImmediate);
  expect(shown).toEqual(['Kedge 50 reading: 2 of 4 tokens', '75 reading: 3 of 4 tokens', 'done', 'Kedge 50 sealing: 1 of 2 tokens', 'done']);
});
