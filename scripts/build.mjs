// Compiles the TypeScript sources into dist/, and removes what sources left there that are gone.
// Refuses to do anything else: no bundling, no copying of data (models/ is read in place).
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const clean = process.argv.includes('--clean');
if (clean) rmSync(`${root}/dist`, { recursive: true, force: true });
const result = spawnSync(process.execPath, [`${root}/node_modules/typescript/bin/tsc`, '-p', root, ...(clean ? [] : ['--incremental', '--tsBuildInfoFile', `${root}/dist/.tsbuildinfo`])], { stdio: 'inherit' });
if (result.status !== 0) process.exit(result.status ?? 1);
for (const output of readdirSync(`${root}/dist`, { recursive: true })) {
  if (/\.js(on)?$/.test(output) && !existsSync(`${root}/${output.replace(/\.js$/, '.ts')}`)) rmSync(`${root}/dist/${output}`);
}
const main = `${root}/dist/server/main.js`;
if (existsSync(main)) chmodSync(main, 0o755);
