// Turns GGUF tensor bytes into 32-bit floats, one function per format, rounding in float32 as the reference does.
// Refuses to read files and to quantise.
import { assert } from '../../base/assert.js';

interface Format {
  readonly valuesPerBlock: number;
  readonly bytesPerBlock: number;
  /** Fills `out` with the values of `bytes`; both hold whole blocks. */
  decode(bytes: Uint8Array, out: Float32Array): void;
}

const halfToFloat = makeHalfTable();
const round = Math.fround;

/** All 65,536 half-precision values, by their bits. */
function makeHalfTable(): Float32Array {
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const magnitude =
      exponent === 0 ? fraction * 2 ** -24 : exponent === 31 ? (fraction ? NaN : Infinity) : (1 + fraction / 1024) * 2 ** (exponent - 15);
    table[bits] = bits & 0x8000 ? -magnitude : magnitude;
  }
  return table;
}

const halfAt = (bytes: Uint8Array, at: number): number => halfToFloat[bytes[at] | (bytes[at + 1] << 8)];

const bitsAt = (bytes: Uint8Array, at: number): number => bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);

function decodeF32(bytes: Uint8Array, out: Float32Array): void {
  new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(bytes);
}

function decodeF16(bytes: Uint8Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = halfAt(bytes, 2 * i);
}

function decodeBF16(bytes: Uint8Array, out: Float32Array): void {
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < bits.length; i++) bits[i] = (bytes[2 * i] | (bytes[2 * i + 1] << 8)) << 16;
}

function decodeQ8_0(bytes: Uint8Array, out: Float32Array): void {
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, o = 0; o < out.length; at += 34, o += 32) {
    const scale = halfAt(bytes, at);
    for (let j = 0; j < 32; j++) out[o + j] = scale * signed[at + 2 + j];
  }
}

function decodeQ4_0(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, o = 0; o < out.length; at += 18, o += 32) {
    const scale = halfAt(bytes, at);
    for (let j = 0; j < 16; j++) {
      const pair = bytes[at + 2 + j];
      out[o + j] = scale * ((pair & 15) - 8);
      out[o + j + 16] = scale * ((pair >> 4) - 8);
    }
  }
}

function decodeQ4_1(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, o = 0; o < out.length; at += 20, o += 32) {
    const scale = halfAt(bytes, at);
    const least = halfAt(bytes, at + 2);
    for (let j = 0; j < 16; j++) {
      const pair = bytes[at + 4 + j];
      out[o + j] = round(scale * (pair & 15)) + least;
      out[o + j + 16] = round(scale * (pair >> 4)) + least;
    }
  }
}

function decodeQ5_0(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, o = 0; o < out.length; at += 22, o += 32) {
    const scale = halfAt(bytes, at);
    const high = bitsAt(bytes, at + 2);
    for (let j = 0; j < 16; j++) {
      const pair = bytes[at + 6 + j];
      out[o + j] = scale * (((pair & 15) | (((high >> j) & 1) << 4)) - 16);
      out[o + j + 16] = scale * (((pair >> 4) | (((high >> (j + 16)) & 1) << 4)) - 16);
    }
  }
}

function decodeQ5_1(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, o = 0; o < out.length; at += 24, o += 32) {
    const scale = halfAt(bytes, at);
    const least = halfAt(bytes, at + 2);
    const high = bitsAt(bytes, at + 4);
    for (let j = 0; j < 16; j++) {
      const pair = bytes[at + 8 + j];
      out[o + j] = round(scale * ((pair & 15) | (((high >> j) & 1) << 4))) + least;
      out[o + j + 16] = round(scale * ((pair >> 4) | (((high >> (j + 16)) & 1) << 4))) + least;
    }
  }
}

/** The six-bit scale (low byte) and minimum (high byte) of sub-block `index` among the eight packed in twelve bytes at `at`. */
function scaleAndMinimum(bytes: Uint8Array, at: number, index: number): number {
  if (index < 4) return (bytes[at + index] & 63) | ((bytes[at + index + 4] & 63) << 8);
  const low = bytes[at + index + 4];
  const scale = (low & 15) | ((bytes[at + index - 4] >> 6) << 4);
  const minimum = (low >> 4) | ((bytes[at + index] >> 6) << 4);
  return scale | (minimum << 8);
}

/** Layout: scale, scale of minima, 12 bytes of sub-scales, 128 bytes of low nibbles. */
function decodeQ4_K(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, o = 0; o < out.length; at += 144, o += 256) {
    const scale = halfAt(bytes, at);
    const scaleOfMinima = halfAt(bytes, at + 2);
    for (let sub = 0; sub < 8; sub++) {
      const packed = scaleAndMinimum(bytes, at + 4, sub);
      const subScale = round(scale * (packed & 255));
      const minimum = round(scaleOfMinima * (packed >> 8));
      const nibbles = at + 16 + (sub >> 1) * 32;
      const shift = (sub & 1) * 4;
      for (let j = 0; j < 32; j++) out[o + sub * 32 + j] = round(subScale * ((bytes[nibbles + j] >> shift) & 15)) - minimum;
    }
  }
}

/** Layout: as Q4_K with 32 bytes of fifth bits before the nibbles, one bit plane per sub-block. */
function decodeQ5_K(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, o = 0; o < out.length; at += 176, o += 256) {
    const scale = halfAt(bytes, at);
    const scaleOfMinima = halfAt(bytes, at + 2);
    for (let sub = 0; sub < 8; sub++) {
      const packed = scaleAndMinimum(bytes, at + 4, sub);
      const subScale = round(scale * (packed & 255));
      const minimum = round(scaleOfMinima * (packed >> 8));
      const fifths = at + 16;
      const nibbles = at + 48 + (sub >> 1) * 32;
      const shift = (sub & 1) * 4;
      for (let j = 0; j < 32; j++) {
        const value = ((bytes[nibbles + j] >> shift) & 15) | (((bytes[fifths + j] >> sub) & 1) << 4);
        out[o + sub * 32 + j] = round(subScale * value) - minimum;
      }
    }
  }
}

/** Layout: 128 bytes of low nibbles, 64 of upper bit pairs, 16 signed sub-scales, scale. Two halves of 128 values, each four runs of 32. */
function decodeQ6_K(bytes: Uint8Array, out: Float32Array): void {
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, o = 0; o < out.length; at += 210, o += 256) {
    const scale = halfAt(bytes, at + 208);
    for (let run = 0; run < 8; run++) {
      const half = run >> 2;
      const nibbles = at + half * 64 + (run & 1) * 32;
      const shift = ((run >> 1) & 1) * 4;
      const pairs = at + 128 + half * 32;
      const pairShift = (run & 3) * 2;
      for (let sub = 0; sub < 2; sub++) {
        const subScale = round(scale * signed[at + 192 + run * 2 + sub]);
        for (let j = sub * 16; j < sub * 16 + 16; j++) {
          const value = ((bytes[nibbles + j] >> shift) & 15) | (((bytes[pairs + j] >> pairShift) & 3) << 4);
          out[o + run * 32 + j] = subScale * (value - 32);
        }
      }
    }
  }
}

const formats: Readonly<Record<string, Format>> = {
  F32: { valuesPerBlock: 1, bytesPerBlock: 4, decode: decodeF32 },
  F16: { valuesPerBlock: 1, bytesPerBlock: 2, decode: decodeF16 },
  BF16: { valuesPerBlock: 1, bytesPerBlock: 2, decode: decodeBF16 },
  Q8_0: { valuesPerBlock: 32, bytesPerBlock: 34, decode: decodeQ8_0 },
  Q4_0: { valuesPerBlock: 32, bytesPerBlock: 18, decode: decodeQ4_0 },
  Q4_1: { valuesPerBlock: 32, bytesPerBlock: 20, decode: decodeQ4_1 },
  Q5_0: { valuesPerBlock: 32, bytesPerBlock: 22, decode: decodeQ5_0 },
  Q5_1: { valuesPerBlock: 32, bytesPerBlock: 24, decode: decodeQ5_1 },
  Q4_K: { valuesPerBlock: 256, bytesPerBlock: 144, decode: decodeQ4_K },
  Q5_K: { valuesPerBlock: 256, bytesPerBlock: 176, decode: decodeQ5_K },
  Q6_K: { valuesPerBlock: 256, bytesPerBlock: 210, decode: decodeQ6_K },
};

export const dequantisableTypes: readonly string[] = Object.keys(formats);

/** Bytes of one row of `columns` values, or undefined where the type is unknown or the row is not whole blocks. */
export function bytesPerRow(type: string, columns: number): number | undefined {
  const format = formats[type];
  if (!format || columns % format.valuesPerBlock !== 0) return undefined;
  return (columns / format.valuesPerBlock) * format.bytesPerBlock;
}

/** Fills `out` with the values that `bytes` hold in `type`. Both must be whole blocks of equal number; bytes need no alignment. */
export function dequantise(type: string, bytes: Uint8Array, out: Float32Array): void {
  const format = formats[type];
  assert(format, `no dequantisation for ${type}`);
  assert(bytesPerRow(type, out.length) === bytes.byteLength, `${out.length} values of ${type} are not ${bytes.byteLength} bytes`);
  format.decode(bytes, out);
}
