// The only file that knows onnxruntime: opens graphs and runs them on typed arrays. Refuses to know what a graph computes.
import * as ort from 'onnxruntime-node';
import { cpus } from 'node:os';
import { UserError } from '../base/errors.js';
import { unbrokenUntil } from '../base/exit-lock.js';

export type Feeds = Readonly<Record<string, ort.Tensor>>;

/** onnxruntime's. */
export const runtimeVersion: string = ort.env.versions.node ?? ort.env.versions.common;

export interface SessionOptions {
  readonly threads?: number;
}

const THREADS_DEFAULT_MAX = 4;

/** Physical cores are what counts and hyper-threads are not told apart here: at most four. */
export const threadsDefault = (): number => Math.max(1, Math.min(THREADS_DEFAULT_MAX, cpus().length));

export const floats = (data: Float32Array, dims: readonly number[]): ort.Tensor => new ort.Tensor('float32', data, dims);
export const bytes = (data: Int8Array, dims: readonly number[]): ort.Tensor => new ort.Tensor('int8', data, dims);
export const unsignedBytes = (data: Uint8Array, dims: readonly number[]): ort.Tensor => new ort.Tensor('uint8', data, dims);
export const integers = (values: readonly number[], dims: readonly number[] = [values.length]): ort.Tensor =>
  new ort.Tensor('int64', BigInt64Array.from(values.map(BigInt)), dims);
export type Tensor = ort.Tensor;

/** A loaded graph. One at a time: two runs at once would fight over the same cores. */
export class Session {
  private constructor(private readonly session: ort.InferenceSession) {}

  /** `graph` is a path (external data beside it) or a model's bytes. Throws a UserError that names the file when it cannot be loaded. */
  static async open(graph: string | Uint8Array, options: SessionOptions = {}): Promise<Session> {
    const settings: ort.InferenceSession.SessionOptions = {
      executionProviders: ['cpu'],
      intraOpNumThreads: options.threads ?? threadsDefault(),
      interOpNumThreads: 1,
      executionMode: 'sequential',
      enableCpuMemArena: false,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      // Threads spin between the operators of a run and sleep once it is over, so that idle costs no CPU.
      extra: { session: { force_spinning_stop: '1', intra_op: { allow_spinning: '1' } } },
    };
    try {
      // The cast stands for both: the overloads take each alone.
      return new Session(await unbrokenUntil(() => ort.InferenceSession.create(graph as string, settings)));
    } catch (error) {
      const what = typeof graph === 'string' ? graph : 'a built-in graph';
      throw new UserError(`${what} could not be loaded by onnxruntime: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Only the outputs named are copied out. Each is the session's own copy. */
  async run(feeds: Feeds, fetches: readonly string[]): Promise<Readonly<Record<string, Float32Array>>> {
    const outputs = await unbrokenUntil(() => this.session.run(feeds, [...fetches]));
    return Object.fromEntries(fetches.map((name) => [name, outputs[name].data as Float32Array]));
  }

  async close(): Promise<void> {
    await unbrokenUntil(() => this.session.release());
  }
}
