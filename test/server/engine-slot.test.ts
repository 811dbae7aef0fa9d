// The model's lifetime: opened once, again when it broke, and kept where the user is the one who can help.
import { expect, it } from 'vitest';
import { UserError } from '../../base/errors.js';
import { silentLog } from '../../base/log.js';
import type { Engine } from '../../engine/index.js';
import { EngineSlot } from '../../server/engine-slot.js';
import { ScriptedEngine } from '../harness/scripted-engine.js';

function slotOf(open: (times: number) => Promise<Engine | undefined>) {
  const told: string[] = [];
  let times = 0;
  const clock = { ms: 0, nowMs: () => clock.ms, wallMs: () => clock.ms };
  const slot = new EngineSlot(() => open(++times), () => told.push('no model'), (message) => told.push(message), silentLog, clock);
  return { slot, told, clock, times: () => times };
}

it('keeps an engine that the user can help, tells what is wrong once, and opens no other', async () => {
  const engine = new ScriptedEngine();
  const { slot, told, times } = slotOf(() => Promise.resolve(engine));
  expect(await slot.get()).toBe(engine);
  for (let i = 0; i < 2; i++) slot.failed(new UserError('the disk is full'));
  expect([await slot.get(), engine.closed, told, times()]).toEqual([engine, 0, ['Kedge: the disk is full'], 1]);
});

it('closes an engine that broke, and opens another one a little later', async () => {
  const engines = [new ScriptedEngine(), new ScriptedEngine()];
  const { slot, told, clock } = slotOf((times) => Promise.resolve(engines[times - 1]));
  await slot.get();
  slot.failed(new Error('not a number'));
  expect(await slot.get()).toBeUndefined();
  expect([engines[0].closed, told.length]).toEqual([1, 1]);
  clock.ms += 2000;
  expect(await slot.get()).toBe(engines[1]);
});

it('opens none once it has ended, and waits for none that is still being opened', async () => {
  const engine = new ScriptedEngine();
  let open: (engine: Engine) => void = () => {};
  const { slot, times } = slotOf(() => new Promise((resolve) => (open = resolve)));
  const asked = slot.get();
  await slot.end();
  expect([await slot.get(), times(), engine.closed]).toEqual([undefined, 1, 0]);
  open(engine);
  await asked;
  await new Promise(setImmediate);
  expect(engine.closed).toBe(1);
});

it('waits at its end for none that is still being opened under newer settings, though an older one has opened', async () => {
  const opens: ((engine: Engine) => void)[] = [];
  const { slot } = slotOf(() => new Promise((resolve) => opens.push(resolve)));
  const asked = slot.get();
  const renewed = slot.renew();
  void slot.get();
  opens[0](new ScriptedEngine());
  await Promise.all([asked, renewed]);
  const ended = slot.end().then(() => 'ended');
  expect(await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 50, 'waits'))])).toBe('ended');
});

it('asks again for one that did not open, later each time', async () => {
  const { slot, told, clock, times } = slotOf(() => Promise.reject(new UserError('no such file')));
  for (const [ms, opened] of [[0, 1], [1999, 1], [2000, 2], [5999, 2], [6000, 3]]) {
    clock.ms = ms;
    expect(await slot.get()).toBeUndefined();
    expect(times()).toBe(opened);
  }
  expect(told).toEqual(['Kedge: no such file']);
});

it('is opened at once under other settings, and tells what is wrong with these', async () => {
  const { slot, told, times } = slotOf(() => Promise.reject(new UserError('no such model')));
  await slot.get();
  await slot.renew();
  await slot.get();
  expect([times(), told]).toEqual([2, ['Kedge: no such model', 'Kedge: no such model']]);
});

it('is asked what is open without opening anything', async () => {
  const { slot, times } = slotOf(() => Promise.resolve(new ScriptedEngine()));
  expect(await slot.current()).toBeUndefined();
  const engine = await slot.get();
  expect([await slot.current(), times()]).toEqual([engine, 1]);
});
