// `kedge config`: what is printed of the schema and of what counts in a folder. Refuses to test the levels: config.test.ts does.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterEach, describe, expect, it } from 'vitest';
import { UserError } from '../../../base/errors.js';
import { packageFile } from '../../../base/package.js';
import { addConfigCommand } from '../../../server/commands/config.js';
import { temporaryFolder } from '../../harness/folders.js';
import { runCommand } from '../../harness/command.js';

afterEach(() => (process.exitCode = undefined));

function machine(): { home: string; root: string } {
  const home = temporaryFolder();
  const root = temporaryFolder();
  mkdirSync(join(home, '.config', 'kedge'), { recursive: true });
  writeFileSync(join(home, '.config', 'kedge', 'config.json'), '{\n"threads": 2 }');
  writeFileSync(join(root, 'kedge.json'), '{ "multiline": false }');
  return { home, root };
}

const run = (home: string, ...args: string[]) => runCommand(addConfigCommand, { HOME: home }, 'config', ...args);

describe('kedge config', () => {
  it.each([[[], false], [['--user'], true]])('prints a JSON Schema with %j', async (flags, takesModel) => {
    const { out } = await run(temporaryFolder(), 'schema', ...flags);
    const validate = new Ajv().compile(JSON.parse(out) as object);
    expect([validate({ multiline: false }), validate({ model: 'mine' }), validate({ colour: 1 })]).toEqual([true, takesModel, false]);
  });

  it('prints the schema that ships', async () => {
    const shipped = JSON.parse(readFileSync(packageFile('docs', 'kedge.schema.json'), 'utf8')) as { definitions?: unknown };
    delete shipped.definitions;
    expect(JSON.parse((await run(temporaryFolder(), 'schema')).out)).toEqual(shipped);
  });

  it('shows what counts and where it comes from', async () => {
    const { home, root } = machine();
    const { out, err, exitCode } = await run(home, 'show', root);
    const lines = out.split('\n');
    expect(lines[0]).toBe(`in ${root}:`);
    expect(lines).toContain(`threads = 2  (${join(home, '.config', 'kedge', 'config.json')}:2)`);
    expect(lines).toContain(`multiline = false  (${join(root, 'kedge.json')}:1)`);
    expect(lines).toContain('contextTokensMax = 5000  (default)');
    expect([err, exitCode]).toEqual(['', undefined]);
  });

  it('shows the same to a program', async () => {
    const { home, root } = machine();
    const shown = JSON.parse((await run(home, 'show', root, '--json')).out) as { settings: object; faults: string[] };
    expect(shown).toMatchObject({ folder: root, settings: { multiline: { value: false, origin: { level: 'workspace', line: 1 } }, model: { value: null, origin: { level: 'default' } } }, faults: [] });
  });

  it('shows what counts in the project that a folder is of', async () => {
    const { home, root } = machine();
    mkdirSync(join(root, 'src', 'deep'), { recursive: true });
    const { out } = await run(home, 'show', join(root, 'src', 'deep'));
    expect(out.split('\n')).toEqual(expect.arrayContaining([`in ${root}:`, `multiline = false  (${join(root, 'kedge.json')}:1)`]));
  });

  it('names faults, and ends with 1', async () => {
    const { home, root } = machine();
    writeFileSync(join(root, 'kedge.json'), '{\n"threads": 9 }');
    const { err, exitCode } = await run(home, 'show', root);
    expect(err).toMatch(/^kedge: .*kedge\.json:2: "threads" may be set in the user's own file/);
    expect(exitCode).toBe(1);
  });

  it('has a folder that is there', async () => {
    for (const path of ['missing', 'kedge.json']) await expect(run(temporaryFolder(), 'show', join(machine().root, path))).rejects.toThrow('is not a folder');
  });

  it('has no other action', async () => {
    await expect(run(temporaryFolder(), 'edit')).rejects.toThrow(UserError);
  });
});
