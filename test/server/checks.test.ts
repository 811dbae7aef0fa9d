// What doctor concludes on machines of every kind: facts in, state and what to do out. Refuses to look at this machine.
import { describe, expect, it } from 'vitest';
import { daemonsCheck, editorsCheck, modelCheck, nodeCheck, runtimeCheck, settingsCheck, storeCheck, watchCheck, type Check } from '../../server/checks.js';
import type { DaemonStats, SeenDaemon } from '../../server/stats.js';

interface Case {
  readonly check: Check;
  readonly state: Check['state'];
  /** Parts of what is said, and of what is to do. */
  readonly says: readonly string[];
  readonly todo?: string;
}

const daemon = (pid: number, version: string, client: Partial<DaemonStats['client']> = {}, fields: Partial<DaemonStats> = {}): SeenDaemon =>
  ({ pid, version, startedMs: 0, stats: { client: { name: 'Neovim', lacks: [], ...client }, ...fields } as unknown as DaemonStats });
const foreign: SeenDaemon = { pid: 9, version: '7.0.0', startedMs: 0 };
const store = { dir: '/s', entries: 1200, bytes: 1e9, bytesMax: 4e9, bytesFree: 3e9 };
const model = { name: 'tiny', architecture: 'qwen2', bytes: 1e9, ggufPath: '/m/tiny.gguf', expected: 'ab', found: 'ab' };
const watches = { limit: 8192, roots: ['/a'], watches: 100, daemons: [daemon(1, '1.0.0')] };

const cases: Record<string, Case> = {
  'a Node of another age': { check: nodeCheck('18.20.0', 'linux'), state: 'failed', says: ['18.20.0 on linux'], todo: 'install Node 20.19' },
  'a Node that is nearly new enough': { check: nodeCheck('20.18.9', 'linux'), state: 'failed', says: [], todo: 'install Node 20.19' },
  'the oldest Node that will do': { check: nodeCheck('20.19.0', 'linux'), state: 'ok', says: [] },
  'a newer Node': { check: nodeCheck('24.1.0', 'linux'), state: 'ok', says: [] },

  'a processor with VNNI': { check: runtimeCheck({ version: '1.30.0', saturates: false }), state: 'ok', says: ['onnxruntime 1.30.0', 'exact'] },
  'a processor without VNNI': { check: runtimeCheck({ version: '1.30.0', saturates: true }), state: 'warning', says: ['no VNNI', 'lower speed'], todo: 'nothing has to be done' },
  'a runtime that does not load': { check: runtimeCheck({ error: 'no such library' }), state: 'failed', says: ['no such library'], todo: 'install Kedge again' },

  'a store with room': { check: storeCheck(store), state: 'ok', says: ['/s is writable', '1,200 segments', '1.0 GB of at most 4.0 GB'] },
  'a store on a disk that will be full first': { check: storeCheck({ ...store, bytesFree: 2.9e9 }), state: 'warning', says: ['2.9 GB free'], todo: 'smaller storeBytesMax' },
  'a store that is not writable': { check: storeCheck({ dir: '/s', error: '/s is not readable or writable' }), state: 'failed', says: ['/s is not readable or writable'], todo: 'make /s writable, or name another cache folder with KEDGE_CACHE_DIR' },

  'no model': { check: modelCheck({ wanted: undefined, installed: undefined }), state: 'failed', says: ['none is installed'], todo: 'kedge model pull' },
  'another model than is there': { check: modelCheck({ wanted: 'big', installed: undefined }), state: 'failed', says: ['"big"'], todo: 'kedge model list' },
  'a model': { check: modelCheck({ wanted: undefined, installed: model }), state: 'ok', says: ['tiny', 'as expected'] },
  'a model whose file changed': { check: modelCheck({ wanted: 'tiny', installed: { ...model, found: 'cd' } }), state: 'failed', says: ['/m/tiny.gguf has SHA-256 cd, expected ab'], todo: 'kedge model remove tiny, then kedge model pull tiny' },

  'sound settings': { check: settingsCheck([], '/a'), state: 'ok', says: ['/a'] },
  'faulty settings': { check: settingsCheck(['/a/kedge.json:2: "x" is no setting'], '/a'), state: 'warning', says: ['/a/kedge.json:2'], todo: 'kedge config schema' },

  'enough watches': { check: watchCheck(watches), state: 'ok', says: ['100 for /a, of 8,192'] },
  'no limit on watches': { check: watchCheck({ ...watches, limit: undefined }), state: 'ok', says: ['no limit'] },
  'nothing to watch': { check: watchCheck({ ...watches, roots: [], watches: 0 }), state: 'ok', says: ['none needed'] },
  'a repository beyond the limit of watches': { check: watchCheck({ ...watches, watches: 9000 }), state: 'warning', says: ['9,000 for /a are more than the 8,192'], todo: 'fs.inotify.max_user_watches' },
  'a daemon that met the limit': { check: watchCheck({ ...watches, daemons: [foreign, daemon(4, '1.0.0', {}, { watchLimitReached: 'ENOSPC' })] }), state: 'warning', says: ['the limit of watches', 'process 4'], todo: 'fs.inotify.max_user_watches' },
  'a daemon that met another limit': { check: watchCheck({ ...watches, limit: undefined, daemons: [daemon(4, '1.0.0', {}, { watchLimitReached: 'EMFILE' })] }), state: 'warning', says: ['open files', 'process 4'], todo: 'ulimit -n' },

  'no daemon': { check: daemonsCheck([], '1.0.0'), state: 'ok', says: ['none is running'] },
  'two daemons of this version': { check: daemonsCheck([daemon(1, '1.0.0'), daemon(2, '1.0.0')], '1.0.0'), state: 'ok', says: ['2 running, of version 1.0.0'] },
  'two daemons of different versions': {
    check: daemonsCheck([daemon(1, '1.0.0'), daemon(2, '2.0.0', { name: 'Emacs' })], '2.0.0'), state: 'warning', says: ['process 1 (Neovim) is of 1.0.0', 'process 2 (Emacs) is of 2.0.0', 'this program is of 2.0.0'], todo: 'restart those editors',
  },
  'a daemon of another version than this program': { check: daemonsCheck([foreign], '1.0.0'), state: 'warning', says: ['process 9 (an editor without a name) is of 7.0.0'], todo: 'restart' },

  'no editor': { check: editorsCheck([]), state: 'ok', says: ['none is connected'] },
  'an editor with all that is needed': { check: editorsCheck([daemon(1, '1.0.0'), foreign]), state: 'ok', says: ['each offers'] },
  'an editor that asks for no completions': { check: editorsCheck([daemon(1, '1.0.0'), daemon(2, '1.0.0', { name: 'Kate', lacks: ['completion', 'workDoneProgress'] })]), state: 'failed', says: ['Kate (process 2) lacks completion', 'nothing can be shown'], todo: 'turn on completion' },
  'an editor without snippets': { check: editorsCheck([daemon(3, '1.0.0', { lacks: ['snippetSupport'] })]), state: 'warning', says: ['Neovim (process 3) lacks snippetSupport'], todo: 'turn on snippets' },
};

describe('doctor', () => {
  it.each(Object.entries(cases))('on %s', (_, { check, state, says, todo }) => {
    expect(check.state).toBe(state);
    for (const part of says) expect(check.what).toContain(part);
    if (todo === undefined) expect(check.todo).toBeUndefined();
    else expect(check.todo).toContain(todo);
  });
});
