// A process of its own that writes to a store: the other side of processes.test.ts. Entry N's bytes follow from N.
// node writer.mjs DIR FIRST COUNT PACK_BYTES: puts COUNT entries from FIRST on (0: without end), sealing after every fifth, and prints each number once it is sealed.
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { SegmentStore } from '../../../dist/engine/store/store.js';

const [dir, first, count, packBytesMax] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const sha = (text) => createHash('sha256').update(text);
const store = SegmentStore.open(dir, { bytesMax: 1e9, packBytesMax });
let unsealed = [];
for (let number = first; count === 0 || number < first + count; number++) {
  const part = Buffer.alloc(4000, sha(`part ${number}`).digest());
  store.put({ key: sha(`key ${number}`).digest('hex'), meta: part.subarray(0, 40), blocks: [part, part.subarray(0, number % 900)] });
  unsealed.push(number);
  if (unsealed.length === 5 || number === first + count - 1) {
    store.flush();
    writeSync(1, `${unsealed.join('\n')}\n`);
    unsealed = [];
  }
}
