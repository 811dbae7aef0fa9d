// Opens a GGUF file: metadata, the list of tensors, and their values as 32-bit floats, a bounded piece of the file at a time.
// Refuses to know what any tensor is for, and files that are cut short.
import { closeSync, openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { GGMLQuantizationType, gguf, type GGUFParseOutput } from '@huggingface/gguf';
import { assert } from '../../base/assert.js';
import { explainSystemError, systemCode, UserError } from '../../base/errors.js';
import { readWhole } from '../../base/files.js';
import { bytesPerRow, dequantisableTypes, dequantise } from './dequantise.js';

export interface GgufTensor {
  readonly name: string;
  /** Row-major, [rows, columns]: the reverse of the order in the file. */
  readonly shape: readonly number[];
  /** 'F32', 'Q4_K', ... */
  readonly type: string;
  /** In bytes, from the start of the file. */
  readonly offset: number;
  readonly bytes: number;
}

export interface GgufFile {
  readonly path: string;
  readonly architecture: string;
  /** As in the file, 64-bit integers as numbers. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/** How much of a tensor's bytes is held while it is dequantised. */
const pieceBytesMax = 4 << 20;

/** Reads metadata and tensor list. UserError naming the file when it cannot be read, is no GGUF, is cut short, or holds a format that cannot be dequantised. */
export async function openGguf(path: string): Promise<GgufFile> {
  const fileBytes = await sizeOf(path);
  const parsed = await parse(path, fileBytes);
  const metadata = Object.fromEntries(Object.entries(parsed.metadata).map(([key, value]) => [key, plainNumbers(value)]));
  if (!parsed.littleEndian) throw new UserError(`${path} is a big-endian GGUF, which Kedge does not read`);
  if (Number(metadata['split.count'] ?? 1) > 1) throw new UserError(`${path} is one part of a GGUF split over several files: merge them into one first (llama-gguf-split --merge)`);
  const dataOffset = Number(parsed.tensorDataOffset);
  const tensors = new Map<string, GgufTensor>();
  for (const info of parsed.tensorInfos) {
    const shape = info.shape.map(Number).reverse();
    const type = GGMLQuantizationType[info.dtype] ?? `type ${info.dtype}`;
    const columns = shape.at(-1) ?? 1;
    const rowBytes = bytesPerRow(type, columns);
    const tensorBytes = rowBytes === undefined ? 0 : (rowBytes * valueCount(shape)) / Math.max(columns, 1);
    const tensor = { name: info.name, shape, type, offset: dataOffset + Number(info.offset), bytes: tensorBytes };
    if (tensor.name === '' || tensor.offset + tensor.bytes > fileBytes) throw cutShort(path, fileBytes);
    if (rowBytes === undefined) throw new UserError(`${path}: ${tensor.name} is stored as ${type}, which Kedge does not read; it reads ${dequantisableTypes.join(', ')}`);
    tensors.set(tensor.name, tensor);
  }
  const architecture = metadata['general.architecture'];
  if (typeof architecture !== 'string' || tensors.size === 0) throw new UserError(`${path} is a GGUF without a model in it`);
  return { path, architecture, metadata, tensors };
}

/** Values of `rowCount` rows from `firstRow` on, [rowCount, columns]; a tensor of one dimension is one row. UserError naming the tensor where one is infinite or no number; throws the system error. */
export function readRows(file: GgufFile, name: string, firstRow: number, rowCount: number): Float32Array {
  const tensor = tensorOf(file, name);
  const columns = tensor.shape.at(-1)!;
  const rows = valueCount(tensor.shape) / columns;
  assert(firstRow >= 0 && rowCount >= 0 && firstRow + rowCount <= rows, `rows ${firstRow}..${firstRow + rowCount} of ${name}, which has ${rows}`);
  const rowBytes = tensor.bytes / rows;
  const out = new Float32Array(rowCount * columns);
  const pieceRows = Math.max(1, Math.floor(pieceBytesMax / rowBytes));
  const piece = new Uint8Array(Math.min(pieceRows, rowCount) * rowBytes);
  const handle = openSync(file.path, 'r');
  try {
    for (let row = 0; row < rowCount; row += pieceRows) {
      const count = Math.min(pieceRows, rowCount - row);
      const bytes = piece.subarray(0, count * rowBytes);
      readWhole(handle, bytes, tensor.offset + (firstRow + row) * rowBytes, file.path);
      const values = out.subarray(row * columns, (row + count) * columns);
      dequantise(tensor.type, bytes, values);
      if (!areFinite(values)) throw new UserError(`${file.path}: tensor '${name}' holds values that are infinite or no numbers: the file is damaged. Get it again, or choose another`);
    }
  } finally {
    closeSync(handle);
  }
  return out;
}

/** All values of a tensor in row-major order. Throws as `readRows`. */
export function readTensor(file: GgufFile, name: string): Float32Array {
  const { shape } = tensorOf(file, name);
  return readRows(file, name, 0, valueCount(shape) / shape.at(-1)!);
}

function tensorOf(file: GgufFile, name: string): GgufTensor {
  const tensor = file.tensors.get(name);
  if (!tensor) throw new UserError(`${file.path} has no tensor ${name}`);
  return tensor;
}

/** A value times zero is zero unless it is infinite or none. */
function areFinite(values: Float32Array): boolean {
  let sum = 0;
  for (const value of values) sum += value * 0;
  return sum === 0;
}

const valueCount = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

const cutShort = (path: string, fileBytes: number): UserError =>
  new UserError(`${path} is cut short: it ends after ${fileBytes.toLocaleString('en-US')} bytes, before the last of its tensors. Download it again`);

async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new UserError(`${path} is not a file`);
    return found.size;
  } catch (error) {
    throw explainSystemError(error, path);
  }
}

/** The library reads the header only; past the file's end it sees zeros, or reads on in vain. */
async function parse(path: string, fileBytes: number): Promise<GGUFParseOutput> {
  try {
    const parsed = await gguf(resolve(path), { allowLocalFile: true });
    if (parsed.tensorDataOffset > BigInt(fileBytes)) throw cutShort(path, fileBytes);
    return parsed;
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (systemCode(error) && systemCode(error) !== 'ERR_OUT_OF_RANGE') throw explainSystemError(error, path);
    if (error instanceof Error && error.message.startsWith('not a valid gguf file')) throw new UserError(`${path} is not a GGUF file`);
    if (!(error instanceof Error) || error instanceof RangeError || error.message.startsWith('Exceeded maximum chunk fetches')) throw cutShort(path, fileBytes);
    throw new UserError(`${path} cannot be read: ${error.message}. Get it again, or choose another`);
  }
}

function plainNumbers(value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}
