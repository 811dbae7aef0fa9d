// What latencies belong to, in a few words. Refuses to tell processors of one name apart.
import { cpus } from 'node:os';

export const machine = (): string => `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} threads`;
