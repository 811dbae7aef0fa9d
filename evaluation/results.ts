// What was measured, one line a task, kept in files small enough to commit: another clone, or a run after an interruption, goes on from there.
// Refuses to serve a result under any key but its own; what is in one: key.ts.
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { explainSystemError } from '../base/errors.js';
import type { KvFigures } from '../engine/index.js';

/** What a result depends on. All are digests but `commit`. */
export interface ResultKey {
  /** Of target, window and context. */
  readonly task: string;
  /** Of model and arithmetic; of rows also of policy, sizes and switches. */
  readonly recipe: string;
  /** The last commit that touched the measured code, with a digest of what is not committed yet behind it; `any` of text read in one run. */
  readonly commit: string;
  /** Of text read in one run: of what a completion has to fit, which its bits do not depend on. Older results do not say. */
  readonly following?: string;
}

export interface TaskResult {
  readonly id: string;
  readonly bits: number;
  /** UTF-8 bytes of the target. */
  readonly targetBytes: number;
  readonly targetTokens: number;
  readonly tokensOutsideHead: number;
  readonly kv: KvFigures;
  /** Crossfile tasks only. */
  readonly inPlan?: boolean;
  /** Absent after --bits-only. */
  readonly completion?: { readonly text: string; readonly firstTokenMs: number; readonly totalMs: number; /** As in CompleteTiming; older results do not say. */ readonly tokenMs?: number; readonly machine: string };
}

type Line = ResultKey & TaskResult;

const FILE_BYTES_MAX = 1_900_000;

export class ResultStore {
  private readonly known = new Map<string, Line>();

  private constructor(private readonly dir: string) {}

  /** Reads every results file in `dir`. A last line cut short by a crash is passed over. */
  static open(dir: string): ResultStore {
    const store = new ResultStore(dir);
    if (!existsSync(dir)) return store;
    for (const name of readdirSync(dir).filter((file) => file.endsWith('.jsonl')).sort()) {
      for (const text of readFileSync(join(dir, name), 'utf8').split('\n')) {
        const line = parse(text);
        if (line) store.remember(line);
      }
    }
    return store;
  }

  /** Without a completion that had to fit other text. */
  get({ task, recipe, commit, following }: ResultKey): TaskResult | undefined {
    const line = this.known.get(`${task} ${recipe} ${commit}`);
    return line?.following === undefined || line.following === following ? line : { ...line, completion: undefined };
  }

  /** Kept at once. `label` (letters, digits, dots, dashes) opens the file's name. */
  put(label: string, key: ResultKey, result: TaskResult): void {
    const line: Line = { ...key, ...result };
    try {
      mkdirSync(this.dir, { recursive: true });
      const text = `${JSON.stringify(line)}\n`;
      appendFileSync(this.fileWithRoom(label, Buffer.byteLength(text)), text);
    } catch (error) {
      throw explainSystemError(error, this.dir);
    }
    this.remember(line);
  }

  private remember(line: Line): void {
    const key = `${line.task} ${line.recipe} ${line.commit}`;
    const before = this.known.get(key);
    // A later --bits-only run takes no completion away.
    this.known.set(key, line.completion || !before?.completion ? line : { ...line, following: before.following, completion: before.completion });
  }

  private fileWithRoom(label: string, bytes: number): string {
    for (let part = 1; ; part++) {
      const path = join(this.dir, `${label}${part === 1 ? '' : `-${part}`}.jsonl`);
      if (!existsSync(path)) return path;
      if (statSync(path).size + bytes > FILE_BYTES_MAX) continue;
      if (!readFileSync(path).subarray(-1).equals(Buffer.from('\n'))) appendFileSync(path, '\n');
      return path;
    }
  }
}

function parse(text: string): Line | undefined {
  if (text.trim() === '') return undefined;
  try {
    const line = JSON.parse(text) as Line;
    return typeof line.task === 'string' && typeof line.bits === 'number' ? line : undefined;
  } catch {
    return undefined;
  }
}
