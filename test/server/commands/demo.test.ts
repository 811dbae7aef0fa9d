// `kedge demo` runs the model that it names. Refuses to pull it: what comes out is the demo's own to show.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { demonstrate } from '../../../server/commands/demo.js';
import { runCommand } from '../../harness/command.js';
import { temporaryFolder } from '../../harness/folders.js';

it('kedge demo opens the model that it names, whatever the settings name', async () => {
  const home = temporaryFolder();
  mkdirSync(join(home, '.config', 'kedge'), { recursive: true });
  writeFileSync(join(home, '.config', 'kedge', 'config.json'), '{ "model": "mine" }');
  const demo = runCommand((cli, io) => cli.command('demo').action(() => demonstrate(io, 'named', true)), { HOME: home, KEDGE_CACHE_DIR: home }, 'demo');
  await expect(demo).rejects.toThrow('no model "named" is installed');
});
