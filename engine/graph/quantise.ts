// fp32 matrices to the int8 form that the decoder's graph multiplies with. Refuses to read or write files.

/** Rows [outputs, inputs] of a weight matrix, in the order in which GGUF keeps them. */
export interface DenseRows {
  readonly values: Float32Array;
  readonly outputs: number;
  readonly inputs: number;
}

const TOP = 127;
/** Transposed in square tiles that stay in the first-level cache. */
const TILE = 64;

/** int8 values transposed to [inputs, outputs] and one scale for each output: w = value * scale. */
export function quantisePerOutput(parts: readonly DenseRows[]): { values: Uint8Array; scales: Float32Array } {
  const inputs = parts[0].inputs;
  const outputs = parts.reduce((sum, part) => sum + part.outputs, 0);
  const values = new Int8Array(inputs * outputs);
  const scales = new Float32Array(outputs);
  let first = 0;
  for (const part of parts) {
    for (let o = 0; o < part.outputs; o++) scales[first + o] = largestMagnitude(part.values, o * inputs, inputs) / TOP || 1;
    for (let o0 = 0; o0 < part.outputs; o0 += TILE) {
      const o1 = Math.min(o0 + TILE, part.outputs);
      for (let i0 = 0; i0 < inputs; i0 += TILE) {
        const i1 = Math.min(i0 + TILE, inputs);
        for (let o = o0; o < o1; o++) {
          const inverse = 1 / scales[first + o];
          for (let i = i0; i < i1; i++) values[i * outputs + first + o] = Math.round(part.values[o * inputs + i] * inverse);
        }
      }
    }
    first += part.outputs;
  }
  return { values: new Uint8Array(values.buffer), scales };
}

/** One row to int8 in `out` at `at`; returns its scale. */
export function quantiseRow(row: Float32Array, from: number, length: number, out: Int8Array, at: number): number {
  const scale = largestMagnitude(row, from, length) / TOP || 1;
  const inverse = 1 / scale;
  for (let i = 0; i < length; i++) out[at + i] = Math.round(row[from + i] * inverse);
  return scale;
}

function largestMagnitude(values: Float32Array, from: number, length: number): number {
  let largest = 0;
  for (let i = from; i < from + length; i++) {
    const magnitude = Math.abs(values[i]);
    if (magnitude > largest) largest = magnitude;
  }
  return largest;
}
