// Values fetched from the file for the chosen rows alone, against reading a part's rows whole: milliseconds a token, from the system's file cache.
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
const [heads, rows, dim] = [48, 3904, 64];
const path = join(tmpdir(), `fetch-${process.pid}`);
const file = openSync(path, 'wx+');
unlinkSync(path);
const whole = new Uint8Array(heads * rows * (2 * dim + 8));
writeSync(file, whole);
const median = (run) => { const ms = Array.from({ length: 15 }, () => { const t = performance.now(); run(); return performance.now() - t; }).sort((a, b) => a - b); return ms[7].toFixed(1); };
const part = whole.byteLength / 8;
console.log('whole, 8 reads', median(() => { for (let p = 0; p < 8; p++) readSync(file, whole, 0, part, p * part); }));
console.log('keys only, 8 reads', median(() => { for (let p = 0; p < 8; p++) readSync(file, whole, 0, part / 2, p * part); }));
for (const share of [0.02, 0.05, 0.17]) {
  const count = Math.round(7758 * share);
  const chosen = Array.from({ length: count }, (_, i) => Math.floor((i * rows) / count));
  console.log(`values of ${count} rows a head`, median(() => { for (let b = 0; b < heads; b++) for (const r of chosen) readSync(file, whole, 0, dim, (b * rows + r) * dim); }));
  const pages = Array.from({ length: Math.ceil(count / 16) }, (_, i) => Math.floor((i * 16 * rows) / (count * 16)));
  console.log(`pages of 16, ${pages.length} a head, keys and values`, median(() => { for (let b = 0; b < heads; b++) for (const p of pages) readSync(file, whole, 0, 2 * dim * 16, (b * rows + Math.min(p, rows - 32)) * dim); }));
}
closeSync(file);
