// Battery or mains, from what each platform says: cases as data. Refuses to ask this machine.
import { describe, expect, it } from 'vitest';
import { powerOf, type PowerSources } from '../../server/power.js';

type Supply = ReturnType<PowerSources['supplies']>[number];
const supply = (given: Partial<Supply>): Supply => ({ type: '', online: '', status: '', scope: '', ...given });
const battery = (status: string, scope = ''): Supply => supply({ type: 'Battery', status, scope });
const mains = (online: string): Supply => supply({ type: 'Mains', online });

interface Case {
  readonly platform: string;
  readonly supplies?: Supply[];
  /** What the program prints; undefined: it fails. */
  readonly output?: string;
  readonly onBattery: boolean;
}

const cases: Record<string, Case> = {
  'Linux, unplugged': { platform: 'linux', supplies: [mains('0'), battery('Discharging')], onBattery: true },
  'Linux, plugged in': { platform: 'linux', supplies: [mains('1'), battery('Charging')], onBattery: false },
  'Linux, plugged in by USB, the battery at its limit': { platform: 'linux', supplies: [supply({ type: 'USB', online: '1' }), battery('Discharging')], onBattery: false },
  'Linux, a laptop of two batteries': { platform: 'linux', supplies: [battery('Unknown'), battery('Discharging')], onBattery: true },
  'Linux, a desktop with a mouse': { platform: 'linux', supplies: [battery('Discharging', 'Device')], onBattery: false },
  'Linux, a server': { platform: 'linux', supplies: [], onBattery: false },
  'Linux, a container without /sys': { platform: 'linux', onBattery: false },
  'macOS, unplugged': { platform: 'darwin', output: 'Now drawing from \'Battery Power\'\n -InternalBattery-0 (id=1)\t80%; discharging;', onBattery: true },
  'macOS, plugged in': { platform: 'darwin', output: 'Now drawing from \'AC Power\'\n -InternalBattery-0 (id=1)\t80%; charged;', onBattery: false },
  'Windows, unplugged': { platform: 'win32', output: '1\r\n', onBattery: true },
  'Windows, plugged in': { platform: 'win32', output: '2\r\n', onBattery: false },
  'Windows, a desktop': { platform: 'win32', output: '', onBattery: false },
  'Windows without PowerShell': { platform: 'win32', onBattery: false },
  'another system': { platform: 'freebsd', onBattery: false },
};

function sources({ platform, supplies, output }: Case, asked: string[] = []): PowerSources {
  return {
    platform,
    supplies: () => {
      if (!supplies) throw new Error('ENOENT');
      return supplies;
    },
    output: (program) => {
      asked.push(program);
      return output === undefined ? Promise.reject(new Error('ENOENT')) : Promise.resolve(output);
    },
  };
}

describe('power', () => {
  it.each(Object.entries(cases))('%s', async (_, one) => {
    expect(await powerOf(sources(one), { nowMs: () => 0, wallMs: () => 0 }).onBattery()).toBe(one.onBattery);
  });

  it('asks a program once in half a minute', async () => {
    let nowMs = 0;
    const asked: string[] = [];
    const power = powerOf(sources(cases['macOS, unplugged'], asked), { nowMs: () => nowMs, wallMs: () => 0 });
    for (nowMs of [0, 1, 30_000, 30_001, 31_000]) await power.onBattery();
    expect(asked).toEqual(['pmset', 'pmset']);
  });
});
