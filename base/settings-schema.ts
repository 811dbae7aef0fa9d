// What may be configured, by the JSON Schema that ships in docs/: one source for defaults, validation and documentation.
// Refuses, in a workspace's file, everything that its list does not name: that file is data from a stranger.
import { readFileSync } from 'node:fs';
import { packageFile } from './package.js';

interface Property {
  readonly default?: unknown;
  readonly description?: string;
  /** Of an object's settings, each with a default of its own. */
  readonly properties?: Readonly<Record<string, Property>>;
}

export interface SettingsSchema {
  readonly title: string;
  readonly properties: Readonly<Record<string, Property>>;
  readonly [keyword: string]: unknown;
}

/** Who speaks: `project` for a workspace's kedge.json, `user` for the user's own file and the editor. */
export type Scope = 'project' | 'user';

const { definitions, ...projectSchema } = JSON.parse(readFileSync(packageFile('docs', 'kedge.schema.json'), 'utf8')) as SettingsSchema & {
  readonly definitions: { readonly userOnly: Readonly<Record<string, Property>> };
};

export const schemas: Readonly<Record<Scope, SettingsSchema>> = {
  project: projectSchema,
  user: { ...projectSchema, title: 'kedge/config.json, and Kedge\'s settings in an editor', description: 'Settings of Kedge that a user may make.', properties: { ...projectSchema.properties, ...definitions.userOnly } },
};

/** Every setting that has a default; an object's is made of its settings' own. */
export function defaultsOf(properties: Readonly<Record<string, Property>>): Record<string, unknown> {
  const defaults = Object.entries(properties).map(([name, property]) => [name, property.properties ? defaultsOf(property.properties) : property.default]);
  return Object.fromEntries(defaults.filter(([, value]) => value !== undefined)) as Record<string, unknown>;
}
