// The shipped catalogue is sound, and an unsound one is refused. Refuses the network: digests are checked when a model is pulled.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { packageFile } from '../../../base/package.js';
import { catalogue, defaultEntry, entryNamed, parseCatalogue } from '../../../engine/weights/catalogue.js';

const schema = readFileSync(packageFile('models', 'catalogue.schema.json'), 'utf8');
const shipped = readFileSync(packageFile('models', 'catalogue.json'), 'utf8');

type Loose = Record<string, unknown>;

/** The shipped catalogue with a change to its first model. */
function changed(change: (model: Loose) => void): string {
  const document = JSON.parse(shipped) as { models: Loose[] };
  change(document.models[0]);
  return JSON.stringify(document);
}

describe('catalogue', () => {
  it('holds the default model with its sources in order', () => {
    const entry = defaultEntry();
    expect(entry).toMatchObject({ architecture: 'qwen2', licence: 'Apache-2.0', bytes: 491_400_064 });
    expect(entry.sources.map((source) => source.kind)).toEqual(['hub', 'python']);
    expect(catalogue()).toHaveLength(3);
  });

  it('finds by name, the default without one, and names what there is for any other', () => {
    expect(entryNamed(undefined)).toBe(defaultEntry());
    expect(entryNamed('smollm2-135m').fim).toBeNull();
    expect(() => entryNamed('gpt-7')).toThrow(/no model "gpt-7".*qwen2\.5-coder-0\.5b/);
  });

  const unsound: readonly { title: string; change(model: Loose): void; message: RegExp }[] = [
    { title: 'a digest too short', change: (model) => (model.sha256 = 'abc'), message: /sha256 must match/ },
    { title: 'an unknown key', change: (model) => (model.url = 'https://example.org'), message: /additional properties/ },
    { title: 'a branch for a revision', change: (model) => ((model.sources as Loose[])[0].revision = 'main'), message: /revision must match/ },
    { title: 'no source', change: (model) => (model.sources = []), message: /fewer than 1/ },
    { title: 'parts that leave the wheel', change: (model) => ((model.sources as { parts: Loose[] }[])[1].parts[0].file = '../x'), message: /file must match/ },
    { title: 'parts that do not add up', change: (model) => (model.bytes = 5), message: /add up to/ },
    { title: 'an architecture that Kedge does not run', change: (model) => (model.architecture = 'gemma3'), message: /an architecture that Kedge runs/ },
    { title: 'no default', change: (model) => (model.default = false), message: /one model is the default/ },
    { title: 'a name used twice', change: (model) => (model.name = 'smollm2-135m'), message: /names differ/ },
  ];
  for (const { title, change, message } of unsound) {
    it(`refuses ${title}`, () => {
      expect(() => parseCatalogue(changed(change), schema)).toThrow(message);
    });
  }
});
