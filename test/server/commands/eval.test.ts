// The flags of `kedge eval`: which runs they make, and which are refused in one line with exit code 2.
import { join } from 'node:path';
import { cac, type CAC } from 'cac';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../base/errors.js';
import { spread, type Task } from '../../../evaluation/index.js';
import { defaultConfig } from '../../../server/config.js';
import { contextOf } from '../../../server/context-form.js';
import { addEvalCommand, recipesOf } from '../../../server/commands/eval.js';
import { folderWith } from '../../evaluation/folders.js';

function given(...args: string[]): { cli: CAC; out: string[]; err: string[] } {
  const [out, err]: string[][] = [[], []];
  const cli = cac('kedge');
  addEvalCommand(cli, { out: (text) => out.push(text), err: (text) => err.push(text), env: { KEDGE_CACHE_DIR: '/nowhere/kedge' }, signal: new AbortController().signal, progress: () => ({ on: () => {}, stop: () => {} }) });
  cli.parse(['node', 'kedge', 'eval', ...args], { run: false });
  return { cli, out, err };
}

async function run(...args: string[]): Promise<{ out: string[]; err: string[]; error: unknown }> {
  const { cli, out, err } = given(...args);
  try {
    await cli.runMatchedCommand();
    return { out, err, error: undefined };
  } catch (error) {
    return { out, err, error };
  }
}

const usual = { context: 'none,bm25,joint,dense,anchors', policy: 'two-stage', rows: '0.2', stored: 0.5, tokens: 8000, prefix: 512, suffix: 64, sources: 'imports,own-file', state: 'warm', drafts: 'off', ngrams: 'off' };

describe('kedge eval', () => {
  it('lists the policies', async () => {
    const { out, error } = await run('--policy', 'help');
    expect(error).toBeUndefined();
    expect(out.map((line) => line.split(' ')[0])).toEqual(['two-stage', 'stored-order', 'all-stored', 'every-kth', 'newlines', 'signatures', 'key-difference', 'repetition', 'outline-text']);
  });

  it.each<[string, string[], RegExp]>([
    ['drafts', ['t.jsonl', '--root', '.', '--drafts', 'on'], /--drafts on: Kedge makes no drafts yet/],
    ['n-grams', ['t.jsonl', '--root', '.', '--ngrams', 'on'], /--ngrams on: Kedge has no n-gram cache yet/],
    ['another word for a switch', ['t.jsonl', '--root', '.', '--ngrams', 'yes'], /--ngrams yes is not one of on, off/],
    ['an unknown policy', ['t.jsonl', '--root', '.', '--policy', 'best'], /--policy best does not exist/],
    ['an unknown context', ['t.jsonl', '--root', '.', '--context', 'none,oracle'], /--context oracle is not one of/],
    ['a share above one', ['t.jsonl', '--root', '.', '--rows', '0.2,20'], /--rows 20 is not a share/],
    ['a share of nothing', ['t.jsonl', '--root', '.', '--stored', '0'], /--stored 0 is not a share/],
    ['half a token', ['t.jsonl', '--root', '.', '--tokens', '1.5'], /--tokens 1.5 is not a whole number/],
    ['an unknown source', ['t.jsonl', '--root', '.', '--sources', 'imports,network'], /--sources network is not one of/],
    ['an unknown kind', ['t.jsonl', '--root', '.', '--kind', 'file'], /--kind file is not one of crossfile, line/],
    ['an unknown state', ['t.jsonl', '--root', '.', '--state', 'cold'], /--state cold is not one of first, warm/],
    ['no root', ['t.jsonl'], /needs TASKS.jsonl and --root DIR/],
    ['no tasks', ['--root', '.'], /needs TASKS.jsonl and --root DIR/],
    ['generate without a folder', ['generate', 's.json'], /needs SOURCES.json and --out DIR/],
  ])('refuses %s', async (_name, args, message) => {
    const { error } = await run(...args);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(message);
    expect((error as UserError).message).not.toContain('\n');
    expect((error as UserError).exitCode).toBe(2);
  });

  it.each<[string, object, object[]]>([
    ['each context once, in the order given', { context: 'joint,none,joint' }, [{ context: 'joint', policy: null, rows: null, stored: null }, { context: 'none' }]],
    ['anchors once a share', { context: 'dense,anchors', rows: '0.2,0.1' }, [{ context: 'dense', policy: 'every-row', rows: 1, stored: 1 }, { context: 'anchors', rows: 0.2, stored: 0.5 }, { context: 'anchors', rows: 0.1, stored: 0.5 }]],
    ['a share that is a number already', { context: 'anchors', rows: 0.1 }, [{ rows: 0.1 }]],
    ['every k-th of every row', { context: 'anchors', policy: 'every-kth', rows: '0.2,0.1' }, [{ rows: 0.2, stored: 1 }, { rows: 0.1, stored: 1 }]],
    ['all stored rows once', { context: 'anchors', policy: 'all-stored', rows: '0.2,0.1', stored: 0.3 }, [{ rows: 0.3, stored: 0.3 }]],
    ['references that know no state', { context: 'joint,dense,anchors', state: 'first' }, [{ state: 'warm' }, { state: 'warm' }, { state: 'first' }]],
    ['newlines of every row', { context: 'anchors', policy: 'newlines' }, [{ rows: 0.2, stored: 1 }]],
  ])('runs %s', (_name, flags, wanted) => {
    const recipes = recipesOf({ ...usual, ...flags });
    expect(recipes).toHaveLength(wanted.length);
    expect(recipes).toMatchObject(wanted);
  });

  const line = (more: object): string => `${JSON.stringify({ id: 'a', kind: 'crossfile', lang: 'ts', file: 'repo/a.ts', offset: 0, target: 'parse(body)', ...more })}\n`;
  it.each<[string, string, string[], RegExp, RegExp[]]>([
    ['goes on past lines that are no tasks', `${line({})}{\n${line({ id: 'b', kind: 'ruby' })}`, [], /no model is installed/, [/^kedge: .*, line 2: not JSON$/, /^kedge: .*, line 3: "kind" must be crossfile or line, not ruby$/]],
    ['ends where no task is of the kind', line({}), ['--kind', 'line'], /tasks\.jsonl holds no line task/, []],
  ])('%s', async (_name, text, flags, message, told) => {
    const root = folderWith({ 'tasks.jsonl': text });
    const { err, error } = await run(join(root, 'tasks.jsonl'), '--root', root, ...flags);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(message);
    expect(err).toEqual(told.map((one) => expect.stringMatching(one) as string));
  });

  it('measures what the daemon does where no flag says otherwise', () => {
    const { cli } = given('t.jsonl', '--root', '.');
    const config = defaultConfig();
    const { anchors } = contextOf({ segments: [], tokens: config.contextTokensMax }, config);
    expect(recipesOf(cli.options).at(-1)).toMatchObject({ policy: anchors.policy, rows: anchors.residentShare, stored: anchors.storedShare, tokens: config.contextTokensMax, prefix: config.prefixTokensMax, suffix: config.suffixTokensMax });
  });

  it('takes a limited number of tasks at even distances', () => {
    const tasks = Array.from({ length: 10 }, (_, i) => ({ id: String(i) }) as Task);
    expect(spread(tasks, 3).map(({ id }) => id)).toEqual(['0', '3', '6']);
    expect(spread(tasks, Infinity)).toHaveLength(10);
  });
});
