// A small graph that tells how much attention given queries would pay to given rows. Refuses to choose among them.
import { Graph, type Value } from './builder.js';
import { frequenciesOf, type ModelShape, type Rotary } from './shape.js';

/**
 * B heads (layers x KV heads, any part of them), N rows, M queries a head (query heads that share the KV head side by side).
 * Inputs: keys [B,N,hd] before rotation; positions [B,N]; queries [B,M,hd] rotated and scaled;
 *   others [B,M,1]: logarithm of the attention mass of all rows that are not among these (very negative: none);
 *   own [1]: 1 to normalise over these rows and the others, 0 where `others` already counts these.
 * Outputs: mass [B,M,1]: log-sum-exp over these rows alone; weight [B,N]: the largest share of its attention that any query pays to a row.
 */
export function rankingGraph(shape: Rotary & Pick<ModelShape, 'positionsMax'>): Graph {
  const graph = new Graph();
  const { headDim } = shape;
  const keys = graph.input('keys', 'float32', ['B', 'N', headDim]);
  const positions = graph.input('positions', 'int64', ['B', 'N']);
  const queries = graph.input('queries', 'float32', ['B', 'M', headDim]);
  const others = graph.input('others', 'float32', ['B', 'M', 1]);
  const own = graph.input('own', 'float32', [1]);

  const [cosTable, sinTable] = rotationTables(graph, shape);
  const cos = graph.node('Gather', [cosTable, positions], { axis: 0 }); // [B,N,hd/2]
  const sin = graph.node('Gather', [sinTable, positions], { axis: 0 });
  const [x, y] = graph.many('Split', [keys, graph.integers(headDim / 2, headDim / 2)], 2, { axis: -1 });
  const mul = (a: Value, b: Value): Value => graph.node('Mul', [a, b]);
  const rotated = graph.node('Concat', [graph.node('Sub', [mul(x, cos), mul(y, sin)]), graph.node('Add', [mul(y, cos), mul(x, sin)])], { axis: -1 });
  const scores = graph.node('MatMul', [queries, graph.node('Transpose', [rotated], { perm: [0, 2, 1] })]); // [B,M,N]
  const mass = graph.node('ReduceLogSumExp', [scores], { axes: [-1], keepdims: 1 });
  const larger = graph.node('Max', [mass, others]);
  const exp = (value: Value): Value => graph.node('Exp', [graph.node('Sub', [value, larger])]);
  const both = graph.node('Add', [larger, graph.node('Log', [graph.node('Add', [exp(mass), exp(others)])])]);
  const total = graph.node('Add', [mul(own, both), mul(graph.node('Sub', [graph.float(1), own]), others)]);
  const relative = graph.node('ReduceMax', [graph.node('Sub', [scores, total])], { axes: [1], keepdims: 0 });
  graph.output('mass', mass, 'float32', ['B', 'M', 1]);
  graph.output('weight', graph.node('Exp', [relative]), 'float32', ['B', 'N']);
  return graph;
}

/** cos and sin [positions, headDim / 2]. */
function rotationTables(graph: Graph, shape: Rotary & Pick<ModelShape, 'positionsMax'>): [cos: Value, sin: Value] {
  const half = shape.headDim / 2;
  const cos = new Float32Array(shape.positionsMax * half);
  const sin = new Float32Array(shape.positionsMax * half);
  for (const [i, frequency] of frequenciesOf(shape).entries()) {
    for (let p = 0; p < shape.positionsMax; p++) {
      cos[p * half + i] = Math.cos(p * frequency);
      sin[p * half + i] = Math.sin(p * frequency);
    }
  }
  return [graph.floats(cos, [shape.positionsMax, half]), graph.floats(sin, [shape.positionsMax, half])];
}
