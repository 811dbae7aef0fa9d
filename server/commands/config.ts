// `kedge config schema | show [DIR]`: what may be configured, and what counts in the project that a folder is of, and where each value comes from.
// Refuses to change settings.
import { UserError } from '../../base/errors.js';
import { schemas } from '../../base/settings-schema.js';
import { loadConfig } from '../config-load.js';
import { settingOf, type Origin } from '../config.js';
import { projectAround } from '../files.js';
import type { AddCommand, CommandIo } from './io.js';
import { folderNamed } from './place.js';

interface Flags {
  readonly user?: boolean;
  readonly json?: boolean;
}

const actions: Readonly<Record<string, (dir: string | undefined, flags: Flags, io: CommandIo) => void>> = {
  schema(_dir, { user }, io) {
    io.out(JSON.stringify(schemas[user ? 'user' : 'project'], null, 2));
  },
  show(dir, { json }, io) {
    const folder = projectAround(folderNamed(dir)).root;
    const { config, origins, faults } = loadConfig(folder, io.env);
    for (const fault of faults) io.err(`kedge: ${fault}`);
    if (faults.length > 0) process.exitCode = 1;
    const settings = Object.entries(origins).map(([name, origin]) => ({ name, value: settingOf(config, name) ?? null, origin }));
    if (json) io.out(JSON.stringify({ folder, settings: Object.fromEntries(settings.map(({ name, value, origin }) => [name, { value, origin }])), faults }));
    else io.out([`in ${folder}:`, ...settings.map(({ name, value, origin }) => `${name} = ${JSON.stringify(value)}  (${placeOf(origin)})`)].join('\n'));
  },
};

export const addConfigCommand: AddCommand = (cli, io) => {
  cli
    .command('config <action> [dir]', 'Settings: schema (JSON Schema of kedge.json), show (what counts in a folder\'s project, and why)')
    .option('--user', 'With schema: of the user\'s own file and the editor\'s settings')
    .option('--json', 'With show: one JSON object on stdout')
    .action((action: string, dir: string | undefined, flags: Flags) => {
      if (!Object.hasOwn(actions, action)) throw new UserError(`no action "${action}": kedge config has ${Object.keys(actions).join(', ')}`, 2);
      actions[action](dir, flags, io);
    });
};

const placeOf = ({ level, path, line }: Origin): string => (path === undefined ? level : `${path}:${line}`);
