// Where settings files lie, reading one safely, and following those that no workspace's watcher sees. Refuses a workspace's file that is a link out of its folder, and anything that is no plain text file.
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../base/errors.js';
import { isInside } from '../base/inside.js';
import { homeDir, type Env } from '../base/paths.js';

export const workspaceFileName = 'kedge.json';
const bytesMax = 1 << 20;

/** `kedge/config.json` in the XDG configuration folder, on Windows in %APPDATA%. */
export function userConfigPath(env: Env, platform: string = process.platform): string {
  const home = homeDir(env);
  const folder = platform === 'win32' ? (env.APPDATA ?? join(home, 'AppData', 'Roaming')) : env.XDG_CONFIG_HOME || join(home, '.config');
  return join(folder, 'kedge', 'config.json');
}

export const workspaceConfigPath = (root: string): string => join(root, workspaceFileName);

const lookMs = 2000;

/** Calls `changed` with each file of `paths`, which need not be there, that appears, changes or goes; until the function it returns is called. */
export function follow(paths: () => readonly string[], changed: (path: string) => void): () => void {
  const stamps = (): Map<string, string | undefined> => new Map(paths().map((path) => [path, stampOf(path)]));
  let last = stamps();
  const timer = setInterval(() => {
    const before = last;
    last = stamps();
    for (const [path, stamp] of last) if (stamp !== before.get(path)) changed(path);
  }, lookMs).unref();
  return () => clearInterval(timer);
}

function stampOf(path: string): string | undefined {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return undefined;
  }
}

/** Undefined where there is no such file. `within`: the folder that the file, links followed, has to lie in. */
export function readSettings(path: string, within?: string): { readonly text: string } | { readonly fault: string } | undefined {
  try {
    const real = realpathSync.native(path);
    if (within !== undefined && !isInside(realpathSync.native(within), real)) return { fault: 'is a link that leads out of the workspace: it is not read' };
    const stats = statSync(real);
    if (!stats.isFile()) return { fault: 'is not a file' };
    if (stats.size > bytesMax) return { fault: 'is larger than a megabyte: it is not read' };
    return { text: readFileSync(real, 'utf8') };
  } catch (error) {
    const code = systemCode(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : { fault: `could not be read (${code ?? String(error)})` };
  }
}
