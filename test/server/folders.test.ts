// Which folders a daemon works in, who watches them, and what becomes of a plan when they change. Refuses to load a model.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../harness/folders.js';
import { folderOf, mainText, notify, planIn, project, started, until, uriOf } from '../harness/started-daemon.js';

const watching = { workspace: { didChangeWatchedFiles: { dynamicRegistration: true, relativePatternSupport: true }, workspaceFolders: true } };

describe('the workspace\'s folders', () => {
  it('are watched by the client that offers it, and by it alone', async () => {
    const root = project();
    const daemon = await started({ roots: [root], capabilities: watching });
    await daemon.client.until('client/registerCapability');
    const [{ registrations }] = daemon.client.messages('client/registerCapability') as { registrations: { method: string; registerOptions: { watchers: { globPattern: { baseUri: string; pattern: string } }[] } }[] }[];
    expect(registrations[0].method).toBe('workspace/didChangeWatchedFiles');
    expect(new Set(registrations[0].registerOptions.watchers.map(({ globPattern }) => globPattern.baseUri))).toEqual(new Set([uriOf(root)]));
    expect(daemon.watched).toEqual([]);
    await daemon.client.open(join(root, 'main.ts'), mainText);
    expect(await planIn(daemon, root)).toContain('on disk');
    writeFileSync(join(root, 'user.ts'), 'export function userName(): string {\n  return "seen by the client";\n}\n');
    await notify(daemon, 'workspace/didChangeWatchedFiles', { changes: [{ uri: uriOf(join(root, 'user.ts')), type: 2 }] });
    expect(await planIn(daemon, root)).toContain('seen by the client');
  });

  it('are read again for what changed, and not for what no plan draws on', async () => {
    const root = project();
    const daemon = await started({ roots: [root], capabilities: watching });
    await daemon.client.open(join(root, 'main.ts'), mainText);
    await planIn(daemon, root);
    const turns = async (): Promise<void> => { for (let i = 0; i < 200; i++) await new Promise(setImmediate); };
    await turns();
    const begun = async (name: string): Promise<number> => {
      const before = daemon.timers.pending.length;
      writeFileSync(join(root, name), `// ${name}\n`);
      await notify(daemon, 'workspace/didChangeWatchedFiles', { changes: [{ uri: uriOf(join(root, name)), type: 2 }] });
      await turns();
      return daemon.timers.pending.length - before;
    };
    expect([await begun('metrics.json'), await begun('user.ts'), await begun('new.ts')]).toEqual([0, 1, 0]);
  });

  it('lose what was in a folder of which the client says only that it is gone', async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'people'));
    writeFileSync(join(root, 'main.ts'), mainText.replace('./user', './people/user'));
    writeFileSync(join(root, 'people', 'user.ts'), 'export const userName = "in the folder";\n');
    const daemon = await started({ roots: [root], capabilities: watching });
    await daemon.client.until('client/registerCapability');
    expect(JSON.stringify(daemon.client.messages('client/registerCapability'))).toContain('"pattern":"**/*"},"kind":4');
    await daemon.client.open(join(root, 'main.ts'), mainText.replace('./user', './people/user'));
    expect(await planIn(daemon, root)).toContain('in the folder');
    rmSync(join(root, 'people'), { recursive: true });
    await notify(daemon, 'workspace/didChangeWatchedFiles', { changes: [{ uri: uriOf(join(root, 'people')), type: 3 }] });
    expect(await planIn(daemon, root)).not.toContain('in the folder');
  });

  it('hold no shutdown up where the client never says whether it watches', async () => {
    const daemon = await started({ roots: [project()], capabilities: watching, answers: { 'client/registerCapability': () => new Promise(() => {}) } });
    await daemon.client.until('client/registerCapability');
    expect(await daemon.client.connection.sendRequest('shutdown')).toBeNull();
  });

  it('are not watched by Kedge where the client refuses after the shutdown', async () => {
    let refuse: (error: Error) => void = () => {};
    const daemon = await started({ roots: [project()], capabilities: watching, answers: { 'client/registerCapability': () => new Promise((_, reject) => (refuse = reject)) } });
    await daemon.client.until('client/registerCapability');
    await daemon.client.connection.sendRequest('shutdown');
    refuse(new Error('not here'));
    // One more message there and back: the refusal was heard.
    await daemon.client.connection.sendRequest('shutdown').catch(() => {});
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    expect(daemon.watched).toEqual([]);
  });

  it('are watched by Kedge where the client refuses', async () => {
    const root = project();
    const refuse = (): never => {
      throw new Error('not here');
    };
    const daemon = await started({ roots: [root], capabilities: watching, answers: { 'client/registerCapability': refuse } });
    await until(() => daemon.watched.length > 0);
    expect(daemon.watched).toEqual([[root]]);
  });

  it.each([['announces folders', { workspace: { workspaceFolders: true } }], ['does not', {}]])('come and go where the client %s', async (_, capabilities) => {
    const [first, second] = [project(), project('export function userName(): string {\n  return "of the second";\n}\n')];
    const daemon = await started({ roots: [first], capabilities });
    await notify(daemon, 'workspace/didChangeWorkspaceFolders', { event: { added: [folderOf(second)], removed: [] } });
    await daemon.client.open(join(second, 'main.ts'), mainText);
    expect(await planIn(daemon, second)).toContain('of the second');
    expect(daemon.watched).toEqual([[first], [first, second]]);
    await notify(daemon, 'workspace/didChangeWorkspaceFolders', { event: { added: [], removed: [folderOf(second)] } });
    expect(await planIn(daemon, second)).not.toContain('of the second');
    expect([daemon.watched, daemon.released]).toEqual([[[first], [first, second], [first]], [[first], [first, second]]]);
  });

  it('are several from the start', async () => {
    const [first, second] = [project(), project('export function userName(): string {\n  return "of the second";\n}\n')];
    const daemon = await started({ roots: [first, second] });
    for (const [root, text] of [[first, 'on disk'], [second, 'of the second']]) {
      await daemon.client.open(join(root, 'main.ts'), mainText);
      expect(await planIn(daemon, root)).toContain(text);
    }
    expect(daemon.watched).toEqual([[first, second]]);
  });

  it('are not watched where the first file belongs to no project', async () => {
    const root = project();
    const daemon = await started({});
    await daemon.client.open(join(root, 'main.ts'), mainText);
    expect(await planIn(daemon, root)).toContain('on disk');
    expect(daemon.watched).toEqual([]);
  });

  it('are the projects of all files that are opened where the client names none', async () => {
    const [first, second, loose] = ['first', 'second', 'loose'].map((name) => project(`export function userName(): string {\n  return "of the ${name}";\n}\n`));
    for (const root of [first, second]) mkdirSync(join(root, '.git'));
    const daemon = await started({});
    for (const [root, name] of [[first, 'first'], [loose, 'loose'], [second, 'second'], [first, 'first']]) {
      await daemon.client.open(join(root, 'main.ts'), mainText);
      expect(await planIn(daemon, root)).toContain(`of the ${name}`);
      await daemon.client.open(join(root, 'user.ts'), 'export function userName(): string {\n  return "of the buffer";\n}\n');
      expect(await planIn(daemon, root)).toContain('of the buffer');
      await notify(daemon, 'textDocument/didClose', { textDocument: { uri: uriOf(join(root, 'user.ts')) } });
    }
    const dependency = join(first, 'node_modules', 'dep');
    mkdirSync(dependency, { recursive: true });
    writeFileSync(join(dependency, 'package.json'), '{}');
    await daemon.client.open(join(dependency, 'index.ts'), mainText);
    expect(daemon.watched).toEqual([[first], [first, second]]);
  });

  it('are the first file\'s project where the client names none', async () => {
    const root = project();
    mkdirSync(join(root, '.git'));
    const daemon = await started({ capabilities: watching });
    await daemon.client.open(join(root, 'main.ts'), mainText);
    expect(await planIn(daemon, root)).toContain('on disk');
    expect([daemon.watched, daemon.client.messages('client/registerCapability')]).toEqual([[[root]], []]);
    const added = project();
    await notify(daemon, 'workspace/didChangeWorkspaceFolders', { event: { added: [folderOf(added)], removed: [] } });
    await daemon.client.until('client/registerCapability');
    expect(JSON.stringify(daemon.client.messages('client/registerCapability'))).not.toContain(uriOf(root));
  });
});
