// Whether this processor's products of u8 and s8 pairs saturate (x86 without VNNI): found by multiplying where they would.
// Refuses to guess from the processor's name.
import { Session, unsignedBytes } from '../session.js';
import { castTo, Graph } from './builder.js';

const INPUTS = 64;
const OUTPUTS = 32;

/** True where 255 x 127, summed in pairs, does not come out exact. */
export async function saturates(): Promise<boolean> {
  const graph = new Graph();
  const x = graph.input('x', 'uint8', [1, INPUTS]);
  const weights = graph.bytes(new Int8Array(INPUTS * OUTPUTS).fill(127), [INPUTS, OUTPUTS]);
  const product = graph.node('MatMulInteger', [x, weights, graph.byte(0, 'uint8'), graph.byte(0, 'int8')]);
  graph.output('y', graph.node('Cast', [product], castTo('float32')), 'float32', [1, OUTPUTS]);
  const session = await Session.open(graph.encode('selftest'), { threads: 1 });
  const { y } = await session.run({ x: unsignedBytes(new Uint8Array(INPUTS).fill(255), [1, INPUTS]) }, ['y']);
  await session.close();
  return y.some((value) => value !== 255 * 127 * INPUTS);
}
