// Progress lines and exit codes, on a clock of the test's own. Refuses to test cli-progress's drawing.
import { describe as suite, expect, it } from 'vitest';
import { UserError } from '../../base/errors.js';
import { duration } from '../../server/quantities.js';
import { describe, exitCodeOf, terminalProgress, type ProgressStream } from '../../server/terminal.js';

suite('progress where there is no terminal', () => {
  it('is a line every few seconds and one at the end of each label', () => {
    let text = '';
    let nowMs = 0;
    const stream = { write: (chunk: string) => ((text += chunk), true) } as unknown as ProgressStream;
    const progress = terminalProgress(stream, { nowMs: () => nowMs, wallMs: () => 0 });
    for (let done = 0; done <= 12; done += 1) {
      progress.on({ label: 'model', done: done * 1e6, total: 12e6, unit: 'bytes' });
      nowMs += 1000;
    }
    progress.on({ label: 'read', done: 0, total: 10, unit: 'tokens' });
    nowMs += 500;
    progress.on({ label: 'read', done: 10, total: 10, unit: 'tokens' });
    progress.on({ label: 'read', done: 10, total: 10, unit: 'tokens' });
    progress.stop();
    expect(text.split('\n')).toEqual([
      'model: 5.0 of 12.0 MB, 1.0 MB/s, 7 s left',
      'model: 10.0 of 12.0 MB, 1.0 MB/s, 2 s left',
      'model: 12.0 of 12.0 MB, 1.0 MB/s',
      'read: 10 of 10 tokens, 20 tokens/s',
      '',
    ]);
  });

  it('says amount, rate and time left', () => {
    expect(describe({ done: 1500, total: 90_000, unit: 'tokens' }, 500, 2000)).toBe('1,500 of 90,000 tokens, 500 tokens/s, 3 min left');
    expect(describe({ done: 3, total: 4, unit: 'tasks' }, 0, 2000)).toBe('3 of 4 tasks, 1.5 tasks/s, 1 s left');
    expect(describe({ done: 5, total: 0, unit: 'tokens' }, 5, 2000)).toBe('5 tokens');
    expect(duration(2 * 3600 + 300)).toBe('2 h 5 min');
  });
});

suite('an error', () => {
  const cases: [string, unknown, Record<string, string>, number, RegExp][] = [
    ['of the user', new UserError('no such file'), {}, 1, /^kedge: no such file$/],
    ['of the call', new UserError('no command "x"', 2), {}, 2, /^kedge: no command "x"$/],
    ['of the argument parser', Object.assign(new Error('Unknown option `--x`'), { name: 'CACError' }), {}, 2, /^kedge: Unknown option `--x` \(kedge --help/],
    ['that nobody expected', new TypeError('boom\nmore'), {}, 1, /^kedge: unexpected error: boom \(KEDGE_DEBUG=1/],
    ['while debugging', new TypeError('boom'), { KEDGE_DEBUG: '1' }, 1, /TypeError: boom\n\s+at /],
  ];
  for (const [name, error, env, code, text] of cases) {
    it(`${name} ends with ${code} and one line`, () => {
      const lines: string[] = [];
      expect(exitCodeOf(error, (line) => lines.push(line), env)).toBe(code);
      expect(lines.join('\n')).toMatch(text);
    });
  }
});
