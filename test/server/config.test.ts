// Settings: which level counts, what is named as a fault and where, and what a workspace may not say. Refuses to test ajv.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageFile } from '../../base/package.js';
import { sourcesByDefault } from '../../context/index.js';
import { readSettings, userConfigPath, workspaceConfigPath } from '../../server/config-files.js';
import { fileLayer, lineAt, valueLayer, type Layer, type Level } from '../../server/config-layer.js';
import { schemas } from '../../base/settings-schema.js';
import { loadConfig } from '../../server/config-load.js';
import { defaultConfig, effective, repositorySettings, type Config } from '../../server/config.js';
import { temporaryFolder } from '../harness/folders.js';

type Given = Partial<Record<Level, unknown>>;

interface Case {
  /** A file's text for `user` and `workspace`, a value for the others. */
  readonly given: Given;
  readonly config: Partial<Config>;
  /** [level, line in the file or 0, part of the message] */
  readonly faults?: [Level, number, string][];
}

const order: readonly Level[] = ['user', 'workspace', 'initializationOptions', 'editor'];
const isFile = (level: Level): boolean => level === 'user' || level === 'workspace';
const layersOf = (given: Given): Layer[] => order.filter((level) => level in given).map((level) => (isFile(level) ? fileLayer(level, `/${level}.json`, given[level] as string) : valueLayer(level, given[level])));

const cases: Record<string, Case> = {
  'nothing is set': { given: {}, config: { contextTokensMax: 5000, confidenceFloor: 0, multiline: true } },
  'nothing is sent': { given: { initializationOptions: undefined, editor: null }, config: { contextTokensMax: 5000 } },
  'comments and a trailing comma': { given: { workspace: '// why\n{ "contextTokensMax": 4000, /* and */ "multiline": false, }' }, config: { contextTokensMax: 4000, multiline: false } },
  'a byte order mark': { given: { workspace: '\uFEFF{ "contextTokensMax": 4000 }' }, config: { contextTokensMax: 4000 } },
  'the workspace beats the user': { given: { user: '{ "contextTokensMax": 1000, "suffixTokensMax": 1 }', workspace: '{ "contextTokensMax": 2000 }' }, config: { contextTokensMax: 2000, suffixTokensMax: 1 } },
  'the options beat the workspace': { given: { workspace: '{ "contextTokensMax": 2000, "confidenceFloor": 0.5 }', initializationOptions: { contextTokensMax: 3000 } }, config: { contextTokensMax: 3000, confidenceFloor: 0.5 } },
  'the editor\'s settings beat its options': { given: { user: '{ "threads": 3 }', initializationOptions: { contextTokensMax: 3000, threads: 4 }, editor: { contextTokensMax: 4000 } }, config: { contextTokensMax: 4000, threads: 4 } },
  'an object, name by name': { given: { user: '{ "sources": { "siblings": true, "imports": false } }', editor: { sources: { imports: true } } }, config: { sources: { 'own-file': true, imports: true, alike: true, siblings: true, apidocs: false } } },
  'a source that there is not': { given: { workspace: '{ "sources": {\n"network": true } }' }, config: {}, faults: [['workspace', 2, '"sources.network" is no setting']] },
  'each level excludes more': {
    given: { user: '{ "exclude": ["*.min.js"] }', workspace: '{ "exclude": ["vendored/", "*.min.js"] }', editor: { exclude: [] } }, config: { exclude: ['*.min.js', 'vendored/'] },
  },
  'no level takes back what is excluded, or leaves the workspace': {
    given: { user: '{ "exclude": ["secret/"] }', workspace: '{ "exclude": ["ok",\n"!secret/"] }', initializationOptions: { exclude: ['../other'] }, editor: { exclude: ['a/../../b', 'a/..b', '..c'] } }, config: { exclude: ['secret/'] },
    faults: [['workspace', 2, '"exclude.1" must be: a pattern as in .gitignore'], ['initializationOptions', 0, '"exclude.0" must be'], ['editor', 0, '"exclude.0" must be']],
  },
  'dots that are no way up': { given: { workspace: '{ "exclude": ["a/..b", "..c", "/d...e/"] }' }, config: { exclude: ['a/..b', '..c', '/d...e/'] } },
  'Python\'s environments, wherever they lie': { given: { user: JSON.stringify({ pythonEnvironments: ['/opt/py', '~/env', 'C:\\py', '\\\\host\\py'] }) }, config: { pythonEnvironments: ['/opt/py', '~/env', 'C:\\py', '\\\\host\\py'] } },
  'an environment that depends on where Kedge was started': { given: { user: '{ "pythonEnvironments": ["env"] }' }, config: { pythonEnvironments: [] }, faults: [['user', 1, '"pythonEnvironments.0" must be: an absolute path']] },
  'a schema reference': { given: { workspace: '{ "$schema": "x", "multiline": false }' }, config: { multiline: false } },
  'one wrong value leaves the others': {
    given: { workspace: '{\n  "contextTokensMax": "many",\n  "confidenceFloor": 0.2\n}' }, config: { contextTokensMax: 5000, confidenceFloor: 0.2 }, faults: [['workspace', 2, '"contextTokensMax" must be integer']],
  },
  'a wrong value leaves the lower level\'s': { given: { user: '{ "contextTokensMax": 500 }', initializationOptions: { contextTokensMax: -1 } }, config: { contextTokensMax: 500 }, faults: [['initializationOptions', 0, '"contextTokensMax" must be >= 0']] },
  'beyond a bound': { given: { editor: { contextTokensMax: 24_001, residentShare: 7 } }, config: { contextTokensMax: 5000, residentShare: 0.08 }, faults: [['editor', 0, '"contextTokensMax" must be <= 24000'], ['editor', 0, '"residentShare" must be <= 0.5']] },
  'an unknown setting': { given: { workspace: '{\n\n"colour": 1 }' }, config: {}, faults: [['workspace', 3, '"colour" is no setting']] },
  'a value of none that are': { given: { user: '{ "readingPaused": "sometimes" }' }, config: { readingPaused: 'onBattery' }, faults: [['user', 1, 'must be one of always, onBattery, never']] },
  'a model that is a path': { given: { user: '{ "model": "../../x.gguf" }' }, config: { model: undefined }, faults: [['user', 1, '"model" must be']] },
  'broken JSON': { given: { workspace: '{\n  "a": ,\n}' }, config: { contextTokensMax: 5000 }, faults: [['workspace', 2, 'is not JSON']] },
  'brackets without end': { given: { user: '{ "threads": 2 }', workspace: '['.repeat(100_000) }, config: { threads: 2 }, faults: [['workspace', 1, 'is nested too deeply']] },
  'an empty file': { given: { workspace: '' }, config: {}, faults: [['workspace', 1, 'is not JSON']] },
  'an array': { given: { workspace: '[1]' }, config: {}, faults: [['workspace', 1, 'must be an object']] },
  'options that are no object': { given: { initializationOptions: 'fast' }, config: {}, faults: [['initializationOptions', 0, 'must be an object']] },
  'a bad element, at its line': { given: { workspace: '{ "triggerCharacters": [\n".",\n"xx"] }' }, config: { triggerCharacters: defaultConfig().triggerCharacters }, faults: [['workspace', 3, '"triggerCharacters.1"']] },
};

describe('configuration', () => {
  for (const [name, { given, config, faults = [] }] of Object.entries(cases)) {
    it(name, () => {
      const layers = layersOf(given);
      const found = effective(layers);
      for (const [key, value] of Object.entries(config)) expect(found.config[key as keyof Config], key).toEqual(value);
      expect(Object.isFrozen(found.config)).toBe(true);
      const named = layers.flatMap(({ level, text, faults }) => faults.map(({ message, span }) => ({ level, line: text === undefined || !span ? 0 : lineAt(text, span.start), message })));
      expect(named.map(({ level, line }) => [level, line])).toEqual(faults.map(([level, line]) => [level, line]));
      for (const [index, [, , part]] of faults.entries()) expect(named[index].message).toContain(part);
    });
  }

  it('says where each value comes from', () => {
    const { origins } = effective(layersOf({ user: '{ "threads": 2,\n"multiline": true,\n"exclude": ["a"] }', workspace: '{\n\n"multiline": false, "sources": {\n"siblings": true } }', editor: { suffixTokensMax: 1, exclude: ['b', 'a'] } }));
    expect(origins).toMatchObject({
      threads: { level: 'user', path: '/user.json', line: 1 }, multiline: { level: 'workspace', path: '/workspace.json', line: 3 }, suffixTokensMax: { level: 'editor' }, 'sources.siblings': { level: 'workspace', line: 4 }, 'exclude.0': { level: 'user', line: 3 }, 'exclude.1': { level: 'editor' }, 'sources.imports': { level: 'default' }, contextTokensMax: { level: 'default' },
    });
  });
});

/** A value that the schema accepts, for each setting. */
const values: { readonly [key in keyof Required<Config>]: Config[key] } = {
  contextTokensMax: 1, sources: { 'own-file': true, imports: true, alike: true, siblings: true, configs: true, apidocs: true }, importTokensMax: 1, prefixTokensMax: 64, suffixTokensMax: 1, residentShare: 0.1, completionTokensMax: 1, confidenceFloor: 0.1, multiline: false, exclude: ['*.min.js'], languages: ['python'], triggerCharacters: ['.'],
  model: 'mine', threads: 1, storeBytesMax: 16_000_000, pythonEnvironments: ['/opt/py'], readingPaused: 'never', modelPull: 'never',
};

describe('a workspace, which is data from a stranger,', () => {
  /** The allow-list, written down a second time on purpose: what is added to the schema has to be thought of here too. */
  const allowed = new Set(['contextTokensMax', 'sources', 'importTokensMax', 'prefixTokensMax', 'suffixTokensMax', 'residentShare', 'completionTokensMax', 'confidenceFloor', 'multiline', 'exclude', 'languages', 'triggerCharacters']);

  it.each(Object.entries(values))('sets %s only where it is on the list; user and editor set it', (key, value) => {
    const text = JSON.stringify({ [key]: value });
    for (const layer of [fileLayer('user', '/user.json', text), valueLayer('initializationOptions', { [key]: value }), valueLayer('editor', { [key]: value })]) {
      expect([layer.settings, layer.faults]).toEqual([{ [key]: value }, []]);
    }
    const workspace = fileLayer('workspace', '/kedge.json', text);
    if (allowed.has(key)) expect([workspace.settings, workspace.faults]).toEqual([{ [key]: value }, []]);
    else expect([workspace.settings, workspace.faults.map(({ message }) => message)]).toEqual([{}, [`"${key}" may be set in the user's own file or the editor only, not by a workspace`]]);
  });

  it('has no kedge.json outside its folder', () => {
    const root = temporaryFolder();
    const outside = join(temporaryFolder(), 'other.json');
    writeFileSync(outside, '{ "multiline": false }');
    const project = join(root, 'project');
    mkdirSync(project);
    symlinkSync(outside, workspaceConfigPath(project));
    expect(readSettings(workspaceConfigPath(project), project)).toEqual({ fault: expect.stringContaining('leads out of the workspace') as string });
    const { config, faults } = loadConfig(project, { HOME: root });
    expect([config.multiline, faults.length]).toEqual([true, 1]);
    const linked = join(root, 'linked');
    symlinkSync(project, linked);
    expect(readSettings(workspaceConfigPath(linked), linked)).toEqual({ fault: expect.stringContaining('leads out') as string });
  });

  it('may be opened by a link, and link its kedge.json within its folder', () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'project'));
    writeFileSync(join(root, 'project', 'settings.json'), '{ "multiline": false }');
    symlinkSync('settings.json', join(root, 'project', 'kedge.json'));
    symlinkSync('project', join(root, 'linked'));
    expect(loadConfig(join(root, 'linked'), { HOME: root }).config.multiline).toBe(false);
  });
});

describe('settings files', () => {
  it('lie where the platform keeps configuration', () => {
    expect(userConfigPath({ HOME: '/h' }, 'linux')).toBe('/h/.config/kedge/config.json');
    expect(userConfigPath({ HOME: '/h', XDG_CONFIG_HOME: '/x' }, 'darwin')).toBe('/x/kedge/config.json');
    expect(userConfigPath({ APPDATA: '/a' }, 'win32')).toBe('/a/kedge/config.json');
  });

  it('are faulty where they are no text file of a reasonable size, absent where they are not there', () => {
    const root = temporaryFolder();
    expect(readSettings(join(root, 'none.json'))).toBeUndefined();
    expect(readSettings(root)).toEqual({ fault: 'is not a file' });
    writeFileSync(join(root, 'big.json'), ' '.repeat((1 << 20) + 1));
    expect(readSettings(join(root, 'big.json'))).toEqual({ fault: expect.stringContaining('larger') as string });
  });

  it('say where a repository looks', () => {
    expect(repositorySettings({ ...defaultConfig(), pythonEnvironments: ['~/env', '/opt/py'], exclude: ['a'] }, { HOME: '/h' })).toEqual({ pythonEnvironments: [join('/h', 'env'), '/opt/py'], exclude: ['a'] });
  });

  it('count from the user\'s folder', () => {
    const home = temporaryFolder();
    const path = userConfigPath({ HOME: home });
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, '{ "model": "mine" /* tuned */ }');
    expect(loadConfig(undefined, { HOME: home }).config.model).toBe('mine');
  });
});

describe('the schema', () => {
  it('describes every setting, and no other', () => {
    expect(Object.keys(schemas.user.properties).sort()).toEqual(['$schema', ...Object.keys(values)].sort());
    for (const [name, { description }] of Object.entries(schemas.user.properties)) expect(description, name).toBeTruthy();
  });

  it('is what the README tells of', () => {
    const [, section] = readFileSync(packageFile('README.md'), 'utf8').split(/^## (?=Configuration$)/m);
    const cells = [...section.split(/^## /m)[0].matchAll(/^\| (`.+?) \|/gm)].map(([, cell]) => cell);
    const told = cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => `${name}${cell.endsWith('(yours only)') ? ' (yours only)' : ''}`));
    const settings = Object.keys(schemas.user.properties).filter((name) => name !== '$schema').map((name) => (Object.hasOwn(schemas.project.properties, name) ? name : `${name} (yours only)`));
    expect(told.sort()).toEqual(settings.sort());
  });

  it('turns on the sources that context takes by default', () => {
    const { sources } = defaultConfig();
    expect(Object.keys(sources).filter((name) => sources[name as keyof typeof sources]).sort()).toEqual([...sourcesByDefault].sort());
  });

  it('has only settings that something reads', () => {
    const sources = ['server/complete', 'server/planning', 'server/session', 'server/rest', 'server/daemon', 'server/installed', 'server/handlers/initialize', 'context/repository'].map((name) => readFileSync(packageFile(`${name}.ts`), 'utf8')).join('\n');
    expect(Object.keys(values).filter((name) => !new RegExp(`\\b${name}\\b`).test(sources))).toEqual([]);
  });
});
