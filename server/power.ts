// Whether this machine runs on its battery, as each platform tells it. Refuses to fail: what cannot be found out counts as mains.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '../base/clock.js';

export interface Power {
  onBattery(): Promise<boolean>;
}

/** The platform, as far as this is concerned; tests replace it. */
export interface PowerSources {
  readonly platform: string;
  /** Linux: each supply's files by name (`type`, `online`, `status`, `scope`), trimmed, '' where absent. */
  supplies(): readonly Readonly<Record<'type' | 'online' | 'status' | 'scope', string>>[];
  /** What a program prints; rejects where it fails. */
  output(program: string, args: readonly string[]): Promise<string>;
}

/** An answer holds for so long: on macOS and Windows a program has to be asked. */
const heldMs = 30_000;

export function powerOf(sources: PowerSources, clock: Clock): Power {
  let held: { readonly answer: Promise<boolean>; readonly atMs: number } | undefined;
  return {
    onBattery() {
      if (!held || clock.nowMs() - held.atMs > heldMs) held = { answer: ask(sources).catch(() => false), atMs: clock.nowMs() };
      return held.answer;
    },
  };
}

async function ask({ platform, supplies, output }: PowerSources): Promise<boolean> {
  if (platform === 'darwin') return (await output('pmset', ['-g', 'batt'])).includes('\'Battery Power\'');
  // 1 is "discharging" (Win32_Battery's BatteryStatus).
  if (platform === 'win32') return (await output('powershell', ['-NoProfile', '-Command', '(Get-CimInstance Win32_Battery).BatteryStatus'])).trim().split(/\s+/).includes('1');
  if (platform !== 'linux') return false;
  const all = supplies();
  if (all.some(({ type, online }) => type !== 'Battery' && online === '1')) return false;
  // A mouse or a headset has a battery too, of the scope "Device".
  return all.some(({ type, status, scope }) => type === 'Battery' && scope !== 'Device' && status === 'Discharging');
}

const suppliesDir = '/sys/class/power_supply';

export const systemPower = (clock: Clock): Power =>
  powerOf(
    {
      platform: process.platform,
      supplies: () => readdirSync(suppliesDir).map((name) => ({ type: fileIn(name, 'type'), online: fileIn(name, 'online'), status: fileIn(name, 'status'), scope: fileIn(name, 'scope') })),
      output: async (program, args) => (await promisify(execFile)(program, [...args], { timeout: 5000, windowsHide: true })).stdout,
    },
    clock,
  );

function fileIn(supply: string, name: string): string {
  try {
    return readFileSync(join(suppliesDir, supply, name), 'utf8').trim();
  } catch {
    return '';
  }
}
