// Compiles the TypeScript sources into dist/. Refuses to do anything else: no bundling, no copying of data (models/ is read in place).
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const clean = process.argv.includes('--clean');
if (clean) rmSync(`${root}/dist`, { recursive: true, force: true });
const result = spawnSync(process.execPath, [`${root}/node_modules/typescript/bin/tsc`, '-p', root, ...(clean ? [] : ['--incremental', '--tsBuildInfoFile', `${root}/dist/.tsbuildinfo`])], { stdio: 'inherit' });
if (result.status !== 0) process.exit(result.status ?? 1);
const main = `${root}/dist/server/main.js`;
if (existsSync(main)) chmodSync(main, 0o755);
