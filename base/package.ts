// This package's version, and where its own files (models/, examples/) lie, from sources and from dist/ alike. Refuses to read them.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert } from './assert.js';

/** The folder that holds our package.json. */
export const packageRoot: string = (() => {
  let dir = dirname(fileURLToPath(import.meta.url));
  while (!isOurs(join(dir, 'package.json'))) {
    assert(dirname(dir) !== dir, 'the package has a package.json');
    dir = dirname(dir);
  }
  return dir;
})();

/** A path inside the package, e.g. `packageFile('models', 'catalogue.json')`. */
export const packageFile = (...parts: readonly string[]): string => join(packageRoot, ...parts);

export const packageVersion = (): string => (JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string }).version;

function isOurs(path: string): boolean {
  return existsSync(path) && (JSON.parse(readFileSync(path, 'utf8')) as { name?: string }).name === 'kedge';
}
