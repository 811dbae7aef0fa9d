// Workers that are waited for before they end, as long as there is anything to wait for. Refuses to run native code.
import { expect, it, vi } from 'vitest';
import { startWorker } from '../../base/exit-lock.js';

it('waits for no worker that broke while it was loaded, which held the lock', async () => {
  const { worker, terminate } = startWorker(new URL(`data:text/javascript,${encodeURIComponent("throw new Error('no runtime')")}`), {}, 64);
  const listeners = process.listenerCount('exit');
  const broken = new Promise<Error>((resolve) => worker.once('error', (error) => resolve(error as Error)));
  expect((await broken).message).toBe('no runtime');
  const waits = vi.spyOn(Atomics, 'wait');
  await terminate();
  expect(waits).not.toHaveBeenCalled();
  expect(process.listenerCount('exit')).toBe(listeners - 1);
});
