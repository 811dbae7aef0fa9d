// A running daemon's settings: what a change on disk, in a buffer or in the editor does to what counts and to diagnostics.
// Refuses to test the levels themselves: config.test.ts does.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Diagnostic } from 'vscode-languageserver';
import { userConfigPath } from '../../server/config-files.js';
import type { Config } from '../../server/config.js';
import { Settings } from '../../server/settings.js';
import { temporaryFolder } from '../harness/folders.js';

interface Setup {
  readonly settings: Settings;
  readonly root: string;
  readonly file: string;
  readonly user: string;
  /** [path, [line from 0, message]...] in order */
  readonly published: [string, [number, string][]][];
  readonly told: string[];
  readonly changes: Config[];
}

const excludedFrom = ({ repository }: Settings): string | undefined => repository.excludeFrom;

/** `root`: the folder that the editor opens; `text` of its kedge.json. */
function setup(text?: string, options?: unknown, home = temporaryFolder(), root = temporaryFolder()): Setup {
  const file = join(root, 'kedge.json');
  if (text !== undefined) writeFileSync(file, text);
  const published: Setup['published'] = [];
  const told: string[] = [];
  const changes: Config[] = [];
  const publish = (path: string, diagnostics: Diagnostic[]): void => void published.push([path, diagnostics.map(({ range, message }) => [range.start.line, String(message)])]);
  const settings = new Settings([root], options, { env: { HOME: home }, encoding: 'utf-16', publish, tell: (fault) => told.push(fault), changed: ({ config }) => changes.push(config) });
  return { settings, root, file, user: userConfigPath({ HOME: home }), published, told, changes };
}

describe('a running daemon\'s settings', () => {
  it('tell a fault of the editor\'s once, as long as it sends it', () => {
    const { settings, told } = setup();
    for (const value of [{ colour: 1 }, { colour: 2, size: 3 }, {}, { colour: 1 }]) settings.fromEditor(value);
    expect(told).toEqual(['colour', 'size', 'colour'].map((name) => `the editor's settings: "${name}" is no setting`));
  });

  it('follow kedge.json on disk', () => {
    const { settings, file, changes } = setup('{ "contextTokensMax": 1000 }');
    writeFileSync(file, '{ "contextTokensMax": 2000 }');
    settings.apply([{ kind: 'disk', path: file }]);
    expect([settings.config.contextTokensMax, changes.map(({ contextTokensMax }) => contextTokensMax)]).toEqual([2000, [1000]]);
    rmSync(file);
    settings.apply([{ kind: 'disk', path: file }]);
    expect(settings.config.contextTokensMax).toBe(5000);
    writeFileSync(file, '{ "contextTokensMax": 3000 }');
    settings.apply([{ kind: 'missed' }]);
    expect(settings.config.contextTokensMax).toBe(3000);
  });

  it('follow a kedge.json that comes later, and a workspace named by a link', () => {
    const { settings, root, file } = setup();
    const link = join(temporaryFolder(), 'link');
    symlinkSync(root, link);
    settings.apply([{ kind: 'roots', roots: [link] }]);
    writeFileSync(file, '{ "multiline": false }');
    settings.apply([{ kind: 'disk', path: file }]);
    expect(settings.config.multiline).toBe(false);
  });

  it('are those of the nearest kedge.json in the folder and above it, wherever one comes, changes or goes', () => {
    const above = temporaryFolder();
    const root = join(above, 'packages', 'one');
    mkdirSync(root, { recursive: true });
    const far = join(above, 'kedge.json');
    writeFileSync(far, '{ "contextTokensMax": 1000, "exclude": ["/packages/one/generated"] }');
    const home = temporaryFolder();
    const { settings, file } = setup(undefined, undefined, home, root);
    const near = join(above, 'packages', 'kedge.json');
    const after = (kind: 'disk' | 'close', path: string): unknown[] => {
      settings.apply([{ kind, path }]);
      return [settings.config.contextTokensMax, excludedFrom(settings)];
    };
    expect(settings.places()).toEqual([userConfigPath({ HOME: home }), file, near, far]);
    expect(after('disk', file)).toEqual([1000, above]);
    writeFileSync(near, '{ "contextTokensMax": 2000 }');
    expect(after('disk', near)).toEqual([2000, dirname(near)]);
    writeFileSync(file, '{ "contextTokensMax": 2000 }');
    expect(after('disk', file)).toEqual([2000, root]);
    rmSync(file);
    rmSync(near);
    expect(after('disk', file)).toEqual([1000, above]);
    settings.apply([{ kind: 'open', path: far, text: '{ "contextTokensMax": 3000 }' }]);
    expect(settings.config.contextTokensMax).toBe(3000);
    expect(after('close', far)).toEqual([1000, above]);
    rmSync(far);
    expect(after('disk', far)).toEqual([5000, undefined]);
    expect(settings.places()).toEqual([userConfigPath({ HOME: home }), file]);
    settings.apply([{ kind: 'open', path: file, text: '{ "contextTokensMax": 4000 }' }]);
    expect(settings.config.contextTokensMax).toBe(4000);
  });

  it('tell of two folders of a project only what does not count', () => {
    const above = temporaryFolder();
    const roots = ['one', 'two', 'three'].map((name) => join(above, name));
    for (const folder of [above, ...roots.slice(1)]) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'kedge.json'), '{ "multiline": false }');
    }
    rmSync(join(roots[1], 'kedge.json'));
    const { settings, published } = setup(undefined, undefined, undefined, roots[0]);
    settings.apply([{ kind: 'roots', roots }]);
    expect([settings.config.multiline, published]).toEqual([false, [[join(roots[2], 'kedge.json'), [[0, expect.stringContaining('only the first one')]]]]]);
    writeFileSync(join(roots[1], 'kedge.json'), '{}');
    settings.apply([{ kind: 'disk', path: join(roots[1], 'kedge.json') }]);
    expect(published.map(([path]) => path)).toEqual([join(roots[2], 'kedge.json'), join(roots[1], 'kedge.json')]);
  });

  it('are the first folder\'s, which the other folders\' files say', () => {
    const { settings, root, published } = setup();
    const second = temporaryFolder();
    const file = join(second, 'kedge.json');
    writeFileSync(file, '{ "multiline": false }');
    settings.apply([{ kind: 'roots', roots: [root, second] }]);
    expect(settings.config.multiline).toBe(true);
    rmSync(file);
    settings.apply([{ kind: 'disk', path: file }]);
    expect(published).toEqual([[file, [[0, expect.stringContaining('only the first one')]]], [file, []]]);
  });

  it('keep the last good ones over a fault, which is a diagnostic at its line until it is fixed', () => {
    const { settings, file, published, changes } = setup('{ "contextTokensMax": 1000 }');
    for (const text of ['{\n"multiline": false,\n"contextTokensMax": "many" }', '{ "contextTokensMax": ']) {
      writeFileSync(file, text);
      settings.apply([{ kind: 'disk', path: file }]);
      expect([settings.config.contextTokensMax, settings.config.multiline]).toEqual([1000, true]);
    }
    expect(published.map(([path, faults]) => [path, faults.map(([line]) => line)])).toEqual([[file, [2]], [file, [0]]]);
    expect(changes).toEqual([]);
    writeFileSync(file, '{ "contextTokensMax": 3000 }');
    settings.apply([{ kind: 'disk', path: file }]);
    settings.apply([{ kind: 'disk', path: file }]);
    expect([settings.config.contextTokensMax, published[2], published.length]).toEqual([3000, [file, []], 3]);
  });

  it('take what is sound where nothing was good before', () => {
    const { settings, file, published } = setup('{ "contextTokensMax": 1000, "model": "evil" }');
    expect(settings.config).toMatchObject({ contextTokensMax: 1000 });
    expect(published).toEqual([[file, [[0, expect.stringContaining('not by a workspace')]]]]);
    writeFileSync(file, '{ "contextTokensMax": 2000, "model": "evil" }');
    settings.apply([{ kind: 'disk', path: file }]);
    expect([settings.config.contextTokensMax, settings.config.model]).toEqual([2000, undefined]);
  });

  it('follow an open buffer over the disk', () => {
    const { settings, file, published } = setup('{ "contextTokensMax": 1000 }');
    settings.apply([{ kind: 'open', path: file, text: '{ "contextTokensMax": 2000 }' }]);
    settings.apply([{ kind: 'disk', path: file }]);
    expect(settings.config.contextTokensMax).toBe(2000);
    settings.apply([{ kind: 'open', path: file, text: '{ "contextTokensMax": 2000,, }' }]);
    expect([settings.config.contextTokensMax, published.length]).toEqual([2000, 1]);
    settings.apply([{ kind: 'close', path: file }]);
    expect([settings.config.contextTokensMax, published.at(-1)]).toEqual([1000, [file, []]]);
  });

  it('leave another folder\'s kedge.json and other files alone', () => {
    const { settings, root, file } = setup('{ "contextTokensMax": 1000 }');
    settings.apply([{ kind: 'open', path: join(root, 'sub', 'kedge.json'), text: '{ "contextTokensMax": 1 }' }, { kind: 'open', path: `${file}.ts`, text: '' }]);
    expect(settings.config.contextTokensMax).toBe(1000);
  });

  it('are those of the first folder from now on', () => {
    const { settings, file, published } = setup('{ "contextTokensMax": 1000, "x": 1 }');
    const other = temporaryFolder();
    writeFileSync(join(other, 'kedge.json'), '{ "contextTokensMax": 2000 }');
    settings.apply([{ kind: 'roots', roots: [other] }]);
    expect([settings.config.contextTokensMax, published.at(-1)]).toEqual([2000, [file, []]]);
    settings.apply([{ kind: 'roots', roots: [] }]);
    expect(settings.config.contextTokensMax).toBe(5000);
  });

  it('let the editor\'s settings win, each answer replacing the one before', () => {
    const { settings, told, changes } = setup('{ "contextTokensMax": 1000, "suffixTokensMax": 2 }', { contextTokensMax: 1500 });
    settings.fromEditor({ contextTokensMax: 2000, suffixTokensMax: 3, wrong: 1 });
    expect([settings.config.contextTokensMax, settings.config.suffixTokensMax, told]).toEqual([2000, 3, ['the editor\'s settings: "wrong" is no setting']]);
    settings.fromEditor(null);
    expect([settings.config.contextTokensMax, settings.config.suffixTokensMax, changes.length]).toEqual([1500, 2, 2]);
  });

  it('read the user\'s file again when told that it changed, and tell its faults on it', () => {
    const home = temporaryFolder();
    const user = userConfigPath({ HOME: home });
    const { settings, published } = setup(undefined, undefined, home);
    mkdirSync(dirname(user), { recursive: true });
    writeFileSync(user, '{ "threads": 2 }');
    settings.apply([{ kind: 'disk', path: user }]);
    expect(settings.config.threads).toBe(2);
    const { config } = settings;
    settings.apply([{ kind: 'disk', path: user }]);
    expect(settings.config).toBe(config);
    writeFileSync(user, '{\n"threads": 0 }');
    settings.apply([{ kind: 'disk', path: user }]);
    expect([settings.config.threads, published.map(([path, faults]) => [path, faults[0][0]])]).toEqual([2, [[user, 1]]]);
  });
});
