// Settings: what counts, what is named as a fault, what a workspace may not say. Refuses to test ajv.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { defaultConfig, loadConfig, type Config } from '../../server/config.js';

const root = mkdtempSync(join(tmpdir(), 'kedge-config-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Case {
  readonly file?: string;
  readonly options?: unknown;
  readonly config: Partial<Config>;
  /** [line in kedge.json or 'editor', part of the message] */
  readonly faults?: [number | 'editor', string][];
}

const cases: Record<string, Case> = {
  'nothing is set': { config: { contextTokensMax: 8000, confidenceFloor: 0, multiline: true } },
  'comments and a trailing comma': { file: '// why\n{ "contextTokensMax": 4000, /* and */ "multiline": false, }', config: { contextTokensMax: 4000, multiline: false } },
  'the editor beats the file': { file: '{ "contextTokensMax": 4000, "confidenceFloor": 0.5 }', options: { contextTokensMax: 2000 }, config: { contextTokensMax: 2000, confidenceFloor: 0.5 } },
  'a schema reference': { file: '{ "$schema": "x", "multiline": false }', config: { multiline: false } },
  'one wrong value leaves the others': {
    file: '{\n  "contextTokensMax": "many",\n  "confidenceFloor": 0.2\n}', config: { contextTokensMax: 8000, confidenceFloor: 0.2 }, faults: [[2, '"contextTokensMax" must be integer']],
  },
  'beyond a bound': { options: { residentShare: 7 }, config: { residentShare: defaultConfig().residentShare }, faults: [['editor', '"residentShare" must be <= 0.5']] },
  'an unknown setting': { file: '{\n\n"colour": 1 }', config: {}, faults: [[3, '"colour" is no setting']] },
  'a workspace names a model, a store and threads': {
    file: '{ "model": "evil",\n "storeBytesMax": 99999999,\n "threads": 64 }', config: { model: undefined, storeBytesMax: 4_000_000_000, threads: undefined },
    faults: [[1, 'in the editor only'], [2, 'in the editor only'], [3, 'in the editor only']],
  },
  'the editor names a model': { options: { model: 'mine', threads: 2 }, config: { model: 'mine', threads: 2 } },
  'broken JSON': { file: '{\n  "a": ,\n}', config: { contextTokensMax: 8000 }, faults: [[2, 'is not JSON']] },
  'an empty file': { file: '', config: {}, faults: [[1, 'is not JSON']] },
  'an array': { file: '[1]', config: {}, faults: [[1, 'must be an object']] },
  'options that are no object': { options: 'fast', config: {}, faults: [['editor', 'must be an object']] },
  'a bad element': { options: { triggerCharacters: ['.', 'xx'] }, config: { triggerCharacters: defaultConfig().triggerCharacters }, faults: [['editor', '"triggerCharacters"']] },
};

describe('configuration', () => {
  for (const [name, { file, options, config, faults = [] }] of Object.entries(cases)) {
    it(name, () => {
      rmSync(join(root, 'kedge.json'), { force: true });
      if (file !== undefined) writeFileSync(join(root, 'kedge.json'), file);
      const loaded = loadConfig(root, options);
      for (const [key, value] of Object.entries(config)) expect(loaded.config[key as keyof Config], key).toEqual(value);
      expect(Object.isFrozen(loaded.config)).toBe(true);
      expect(loaded.faults.map(({ place }) => place)).toEqual(faults.map(([place]) => (place === 'editor' ? 'the editor\'s initialization options' : `${join(root, 'kedge.json')}:${place}`)));
      for (const [index, [, part]] of faults.entries()) expect(loaded.faults[index].message).toContain(part);
    });
  }
});
