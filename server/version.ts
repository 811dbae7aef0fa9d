// This package's version, from its own package.json. Refuses to look beyond the package.
import { readFileSync } from 'node:fs';
import { packageFile } from '../base/package.js';

export function packageVersion(): string {
  return (JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string }).version;
}
