// The models that Kedge knows by name: what their bytes must be, and where these may come from. Read from models/catalogue.json.
// Refuses a catalogue that its schema does not allow.
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { assert } from '../../base/assert.js';
import { UserError } from '../../base/errors.js';
import { packageFile } from '../../base/package.js';
import type { FimTokens } from '../graph/marks.js';
import { architectures, type Architecture } from '../graph/shape.js';

export interface HubSource {
  readonly kind: 'hub';
  readonly repository: string;
  /** A commit. */
  readonly revision: string;
}

/** One data file inside a wheel. */
export interface PythonPart {
  readonly package: string;
  readonly version: string;
  readonly file: string;
  readonly bytes: number;
}

/** Packages whose data files, concatenated in order, are the model's file. */
export interface PythonSource {
  readonly kind: 'python';
  readonly parts: readonly PythonPart[];
}

export type Source = HubSource | PythonSource;

export interface CatalogueEntry {
  readonly name: string;
  readonly default: boolean;
  readonly file: string;
  readonly bytes: number;
  /** Of what the file is converted to, about. */
  readonly convertedBytes: number;
  readonly sha256: string;
  readonly licence: string;
  readonly architecture: Architecture;
  /** Names of the fill-in-the-middle tokens; null for a model that completes from the prefix alone. */
  readonly fim: FimTokens | null;
  readonly sources: readonly Source[];
}

export type Catalogue = readonly CatalogueEntry[];

/** Throws a broken invariant naming the place for anything the schema or the sums do not allow. */
export function parseCatalogue(text: string, schemaText: string): Catalogue {
  const document = JSON.parse(text) as { models: CatalogueEntry[] };
  const ajv = new Ajv({ allErrors: true });
  assert(ajv.validate(JSON.parse(schemaText) as object, document), `catalogue: ${ajv.errorsText()}`);
  const { models } = document;
  assert(models.filter((model) => model.default).length === 1, 'catalogue: one model is the default');
  assert(new Set(models.map((model) => model.name)).size === models.length, 'catalogue: names differ');
  for (const model of models) {
    assert(architectures.includes(model.architecture), `catalogue: ${model.name} is of an architecture that Kedge runs`);
    for (const source of model.sources) {
      if (source.kind !== 'python') continue;
      const bytes = source.parts.reduce((sum, part) => sum + part.bytes, 0);
      assert(bytes === model.bytes, `catalogue: the parts of ${model.name} add up to ${bytes} bytes, not ${model.bytes}`);
    }
  }
  return models;
}

let shipped: Catalogue | undefined;

export function catalogue(): Catalogue {
  shipped ??= parseCatalogue(readFileSync(packageFile('models', 'catalogue.json'), 'utf8'), readFileSync(packageFile('models', 'catalogue.schema.json'), 'utf8'));
  return shipped;
}

export function defaultEntry(entries: Catalogue = catalogue()): CatalogueEntry {
  const entry = entries.find((candidate) => candidate.default);
  assert(entry, 'the catalogue has a default');
  return entry;
}

/** The default where `name` is undefined. UserError listing the names for any other. */
export function entryNamed(name: string | undefined, entries: Catalogue = catalogue()): CatalogueEntry {
  const entry = name === undefined ? defaultEntry(entries) : entries.find((candidate) => candidate.name === name);
  if (!entry) throw new UserError(`no model "${name}" in the catalogue: it has ${entries.map((known) => known.name).join(', ')}; any other GGUF file is added with kedge model add FILE`, 2);
  return entry;
}
