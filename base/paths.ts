// Where Kedge keeps things on a user's machine. Refuses to create anything.
import { homedir } from 'node:os';
import { join } from 'node:path';

export type Env = Readonly<Record<string, string | undefined>>;

export const homeDir = (env: Env): string => env.HOME ?? homedir();

/** KEDGE_CACHE_DIR, else the platform's cache folder with `kedge` in it. */
export function cacheDir(env: Env = process.env, platform: string = process.platform): string {
  if (env.KEDGE_CACHE_DIR) return env.KEDGE_CACHE_DIR;
  const home = homeDir(env);
  if (platform === 'win32') return join(env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'kedge');
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'kedge');
  return join(env.XDG_CACHE_HOME || join(home, '.cache'), 'kedge');
}

export const modelsDir = (env?: Env): string => join(cacheDir(env), 'models');
export const outlinesDir = (env?: Env): string => join(cacheDir(env), 'outlines');
export const storeDir = (env?: Env): string => join(cacheDir(env), 'store');

/** Where running daemons say what they do: the user's runtime folder, else a private folder in the cache. */
export const runtimeDir = (env: Env = process.env): string => (env.XDG_RUNTIME_DIR ? join(env.XDG_RUNTIME_DIR, 'kedge') : join(cacheDir(env), 'run'));
