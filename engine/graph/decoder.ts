// The decoder as one ONNX graph: int8 weights (one scale for each output channel) against activations quantised per token;
// attention over three kinds of rows: composed context in int8, the local window in fp32, and the new tokens themselves.
// Refuses to read weights: it is given where they lie.
import { castTo, Graph, MICROSOFT, type ExternalSpan, type Value } from './builder.js';
import type { ModelShape } from './shape.js';

/** A matrix [inputs, outputs] in int8 and its scales [outputs]. */
export interface QuantisedMatrix {
  readonly values: ExternalSpan;
  readonly scales: Float32Array;
}

export interface LayerWeights {
  readonly attentionNorm: Float32Array;
  readonly feedForwardNorm: Float32Array;
  /** [width, (heads + 2 kvHeads) headDim]: queries, keys, values side by side. */
  readonly qkv: QuantisedMatrix;
  readonly qkvBias?: Float32Array;
  readonly attentionOut: QuantisedMatrix;
  /** [width, 2 feedForward]: gate, then up. */
  readonly gateUp: QuantisedMatrix;
  readonly down: QuantisedMatrix;
}

export interface DecoderWeights {
  readonly layers: readonly LayerWeights[];
  readonly outputNorm: Float32Array;
  /** [width, head tokens]. */
  readonly head: QuantisedMatrix;
  readonly headTokens: number;
}

export interface DecoderForm {
  /** 7 where products of u8 and s8 pairs saturate (x86 without VNNI): activations then use half of the range. */
  readonly activationBits: 8 | 7;
  /** [layers][kvHeads * headDim]: what one int8 step of a composed key is worth in each channel, before the row's own scale; a channel and its rotation partner share one. */
  readonly keyChannelScales: readonly Float32Array[];
}

/** Up to so many new tokens attend to context rows in integers; beyond, the rows are widened to fp32 once for all of them. */
const INTEGER_ATTENTION_TOKENS_MAX = 8;
const EPSILON = 1e-9;

/**
 * Inputs (T new tokens, P context rows, W window rows; a masked row's bias is a large negative number):
 *   embeddings [1,T,width]; positions [1,T]; new_bias [T,T] (causal); context_bias [1,1,P]; window_bias [1,1,W];
 *   logit_index [n]; query_index [m]: which of the T tokens give logits and queries;
 *   for each layer l: context_k_l [KV,hd,P] int8, rotated; context_ks_l [KV,1,P]; context_v_l [KV,P,hd] int8; context_vs_l [KV,1,P];
 *   window_k_l [KV,hd,W] rotated; window_v_l [KV,W,hd].
 * Outputs: logits [n, head tokens]; rows [2 layers, T, KV*hd]: keys before rotation at 2l, values at 2l+1; queries [layers, m, H*hd] before rotation.
 */
export function decoderGraph(shape: ModelShape, weights: DecoderWeights, form: DecoderForm, dataFile: string): Graph {
  const { layers, width, heads, kvHeads, headDim, feedForward } = shape;
  const graph = new Graph('', dataFile);
  const linear = quantisedLinear(graph, form.activationBits);

  const embeddings = graph.input('embeddings', 'float32', [1, 'T', width]);
  const positions = graph.input('positions', 'int64', [1, 'T']);
  const newBias = graph.input('new_bias', 'float32', ['T', 'T']);
  const contextBias = graph.input('context_bias', 'float32', [1, 1, 'P']);
  const windowBias = graph.input('window_bias', 'float32', [1, 1, 'W']);
  const logitIndex = graph.input('logit_index', 'int64', ['n']);
  const queryIndex = graph.input('query_index', 'int64', ['m']);
  const [cos, sin] = rotationTables(graph, shape);
  const attention = new Attention(graph, shape, form, { newBias, contextBias, windowBias });

  const norm = (x: Value, skip: Value | undefined, scale: Float32Array): [normed: Value, residual: Value] => {
    const epsilon = { epsilon: { float: shape.normEpsilon } };
    if (skip === undefined) return [graph.node('SimplifiedLayerNormalization', [x, graph.floats(scale)], { ...epsilon, axis: -1, stash_type: 1 }), x];
    const outputs = graph.many('SkipSimplifiedLayerNormalization', [x, skip, graph.floats(scale)], 4, epsilon, MICROSOFT, [1, 2]);
    return [outputs[0], outputs[3]];
  };
  const rotate = (x: Value, count: number): Value => graph.node('RotaryEmbedding', [x, positions, cos, sin], { num_heads: count }, MICROSOFT);

  const rows: Value[] = [];
  const queries: Value[] = [];
  let residual = embeddings;
  let pending: Value | undefined;
  weights.layers.forEach((layer, l) => {
    let x: Value;
    [x, residual] = norm(residual, pending, layer.attentionNorm);
    let qkv = linear(x, layer.qkv, width);
    if (layer.qkvBias) qkv = graph.node('Add', [qkv, graph.floats(layer.qkvBias)]);
    const sizes = graph.integers(heads * headDim, kvHeads * headDim, kvHeads * headDim);
    const [q, k, v] = graph.many('Split', [qkv, sizes], 3, { axis: -1 });
    rows.push(k, v);
    queries.push(graph.node('Gather', [q, queryIndex], { axis: 1 }));
    const attended = attention.layer(l, rotate(q, heads), rotate(k, kvHeads), v);
    const projected = linear(attended, layer.attentionOut, heads * headDim);
    [x, residual] = norm(residual, projected, layer.feedForwardNorm);
    const [gate, up] = graph.many('Split', [linear(x, layer.gateUp, width), graph.integers(feedForward, feedForward)], 2, { axis: -1 });
    const activated = graph.node('Mul', [graph.node('QuickGelu', [gate], { alpha: { float: 1 } }, MICROSOFT), up]);
    pending = linear(activated, layer.down, feedForward);
  });
  const [normed] = norm(residual, pending, weights.outputNorm);
  const logits = linear(graph.node('Gather', [normed, logitIndex], { axis: 1 }), weights.head, width);
  graph.output('logits', graph.node('Squeeze', [logits, graph.integers(0)]), 'float32', ['n', weights.headTokens]);
  graph.output('rows', graph.node('Concat', rows, { axis: 0 }), 'float32', [2 * layers, 'T', kvHeads * headDim]);
  graph.output('queries', graph.node('Concat', queries, { axis: 0 }), 'float32', [layers, 'm', heads * headDim]);
  return graph;
}

/** y = x W with x quantised for each token to unsigned integers around a zero point, W int8 with a scale for each output channel. */
function quantisedLinear(graph: Graph, bits: 8 | 7) {
  const top = bits === 8 ? 127 : 63;
  const zero = top + 1;
  return (x: Value, matrix: QuantisedMatrix, inputs: number): Value => {
    const outputs = matrix.scales.length;
    const largest = graph.node('Add', [graph.node('ReduceMax', [graph.node('Abs', [x])], { axes: [-1], keepdims: 1 }), graph.float(EPSILON)]);
    const scaled = graph.node('Mul', [x, graph.node('Div', [graph.float(top), largest])]);
    const quantised = graph.node('Cast', [graph.node('Add', [scaled, graph.float(zero + 0.5)])], castTo('uint8'));
    const w = graph.external('int8', [inputs, outputs], matrix.values);
    const product = graph.node('Cast', [graph.node('MatMulInteger', [quantised, w, graph.byte(zero, 'uint8'), graph.byte(0, 'int8')])], castTo('float32'));
    const perOutput = graph.node('Mul', [product, graph.floats(matrix.scales)]);
    return graph.node('Mul', [perOutput, graph.node('Mul', [largest, graph.float(1 / top)])]);
  };
}

/** cos and sin [positions, headDim / 2]. */
export function rotationTables(graph: Graph, shape: Pick<ModelShape, 'headDim' | 'positionsMax' | 'ropeBase'>): [cos: Value, sin: Value] {
  const half = shape.headDim / 2;
  const cos = new Float32Array(shape.positionsMax * half);
  const sin = new Float32Array(shape.positionsMax * half);
  for (let i = 0; i < half; i++) {
    const frequency = shape.ropeBase ** (-i / half);
    for (let p = 0; p < shape.positionsMax; p++) {
      cos[p * half + i] = Math.cos(p * frequency);
      sin[p * half + i] = Math.sin(p * frequency);
    }
  }
  return [graph.floats(cos, [shape.positionsMax, half]), graph.floats(sin, [shape.positionsMax, half])];
}

/** Attention as plain products: the fused operator would copy the whole past on every call. G heads share a KV head; M = G T. */
class Attention {
  private readonly few: Value;
  private readonly splitSizes: Value;
  private readonly shapes: Record<'grouped' | 'merged' | 'perHead' | 'flat', Value>;

  constructor(
    private readonly graph: Graph,
    private readonly shape: ModelShape,
    private readonly form: DecoderForm,
    private readonly bias: { newBias: Value; contextBias: Value; windowBias: Value },
  ) {
    const { kvHeads, heads, headDim } = shape;
    const group = heads / kvHeads;
    const size = (value: Value, axis: number): Value => graph.node('Slice', [graph.node('Shape', [value]), graph.integers(axis), graph.integers(axis + 1), graph.integers(0)]);
    const t = size(bias.newBias, 0);
    this.few = graph.node('LessOrEqual', [graph.node('Squeeze', [t]), graph.integer(INTEGER_ATTENTION_TOKENS_MAX)]);
    this.splitSizes = graph.node('Concat', [size(bias.contextBias, 2), size(bias.windowBias, 2), t], { axis: 0 });
    const concat = (...parts: Value[]): Value => graph.node('Concat', parts, { axis: 0 });
    this.shapes = {
      grouped: concat(graph.integers(kvHeads, group), t, t),
      merged: concat(graph.integers(kvHeads, -1), t),
      perHead: concat(graph.integers(1, heads), t, graph.integers(headDim)),
      flat: graph.integers(1, -1, heads * headDim),
    };
  }

  /** q [1,T,H*hd] and k [1,T,KV*hd] rotated, v [1,T,KV*hd] -> [1,T,H*hd]. */
  layer(l: number, q: Value, k: Value, v: Value): Value {
    const { graph, shape, bias, shapes } = this;
    const { kvHeads, heads, headDim } = shape;
    const context = {
      k: graph.input(`context_k_${l}`, 'int8', [kvHeads, headDim, 'P']),
      ks: graph.input(`context_ks_${l}`, 'float32', [kvHeads, 1, 'P']),
      v: graph.input(`context_v_${l}`, 'int8', [kvHeads, 'P', headDim]),
      vs: graph.input(`context_vs_${l}`, 'float32', [kvHeads, 1, 'P']),
    };
    const windowK = graph.input(`window_k_${l}`, 'float32', [kvHeads, headDim, 'W']);
    const windowV = graph.input(`window_v_${l}`, 'float32', [kvHeads, 'W', headDim]);

    const scaled = graph.node('Mul', [q, graph.float(1 / Math.sqrt(headDim))]);
    const byHead = graph.node('Transpose', [graph.node('Reshape', [scaled, graph.integers(0, 0, heads, headDim)])], { perm: [0, 2, 1, 3] });
    const queries = graph.node('Reshape', [byHead, graph.integers(kvHeads, -1, headDim)]); // [KV,M,hd]
    const newK = graph.node('Transpose', [graph.node('Reshape', [k, graph.integers(-1, kvHeads, headDim)])], { perm: [1, 2, 0] }); // [KV,hd,T]
    const newV = graph.node('Transpose', [graph.node('Reshape', [v, graph.integers(-1, kvHeads, headDim)])], { perm: [1, 0, 2] }); // [KV,T,hd]

    const contextScores = graph.node('Add', [this.contextScores(l, queries, context), bias.contextBias]);
    const windowScores = graph.node('Add', [graph.node('MatMul', [queries, windowK]), bias.windowBias]);
    const newScores = graph.node('Add', [graph.node('Reshape', [graph.node('MatMul', [queries, newK]), shapes.grouped]), bias.newBias]);
    const scores = graph.node('Concat', [contextScores, windowScores, graph.node('Reshape', [newScores, shapes.merged])], { axis: -1 });
    const [toContext, toWindow, toNew] = graph.many('Split', [graph.node('Softmax', [scores], { axis: -1 }), this.splitSizes], 3, { axis: -1 });
    const local = graph.node('Add', [graph.node('MatMul', [toWindow, windowV]), graph.node('MatMul', [toNew, newV])]);
    const attended = graph.node('Add', [this.contextValues(l, toContext, context), local]); // [KV,M,hd]
    const perHead = graph.node('Reshape', [attended, shapes.perHead]);
    return graph.node('Reshape', [graph.node('Transpose', [perHead], { perm: [0, 2, 1, 3] }), shapes.flat]);
  }

  /** [KV,M,hd] x int8 keys -> [KV,M,P]. */
  private contextScores(l: number, queries: Value, context: ContextRows): Value {
    const { graph, shape } = this;
    const channels = graph.floats(this.form.keyChannelScales[l], [shape.kvHeads, 1, shape.headDim]);
    const weighted = graph.node('Mul', [queries, channels]);
    return this.branch(
      `scores_${l}`,
      (few) => {
        const { quantised, step, zero } = this.quantise(few, weighted);
        const product = few.node('Cast', [few.node('MatMulInteger', [quantised, context.k, zero, few.byte(0, 'int8')])], castTo('float32'));
        return few.node('Mul', [few.node('Mul', [product, context.ks]), step]);
      },
      (many) => many.node('MatMul', [weighted, many.node('Mul', [many.node('Cast', [context.k], castTo('float32')), context.ks])]),
    );
  }

  /** Probabilities [KV,M,P] x int8 values -> [KV,M,hd]. */
  private contextValues(l: number, probabilities: Value, context: ContextRows): Value {
    const top = this.form.activationBits === 8 ? 255 : 127;
    return this.branch(
      `values_${l}`,
      (few) => {
        const weighted = few.node('Mul', [probabilities, context.vs]);
        const largest = few.node('Add', [few.node('ReduceMax', [weighted], { axes: [-1], keepdims: 1 }), few.float(EPSILON)]);
        const scaled = few.node('Mul', [weighted, few.node('Div', [few.float(top), largest])]);
        const quantised = few.node('Cast', [few.node('Add', [scaled, few.float(0.5)])], castTo('uint8'));
        const product = few.node('Cast', [few.node('MatMulInteger', [quantised, context.v, few.byte(0, 'uint8'), few.byte(0, 'int8')])], castTo('float32'));
        return few.node('Mul', [product, few.node('Mul', [largest, few.float(1 / top)])]);
      },
      (many) => {
        const weighted = many.node('Mul', [probabilities, context.vs]);
        return many.node('MatMul', [weighted, many.node('Cast', [context.v], castTo('float32'))]);
      },
    );
  }

  private quantise(graph: Graph, x: Value): { quantised: Value; step: Value; zero: Value } {
    const top = this.form.activationBits === 8 ? 127 : 63;
    const largest = graph.node('Add', [graph.node('ReduceMax', [graph.node('Abs', [x])], { axes: [-1], keepdims: 1 }), graph.float(EPSILON)]);
    const scaled = graph.node('Mul', [x, graph.node('Div', [graph.float(top), largest])]);
    const quantised = graph.node('Cast', [graph.node('Add', [scaled, graph.float(top + 1.5)])], castTo('uint8'));
    return { quantised, step: graph.node('Mul', [largest, graph.float(1 / top)]), zero: graph.byte(top + 1, 'uint8') };
  }

  /** One of two forms by the number of new tokens. */
  private branch(name: string, few: (graph: Graph) => Value, many: (graph: Graph) => Value): Value {
    const part = (kind: string, build: (graph: Graph) => Value): Graph => {
      const graph = new Graph(`${name}_${kind}_`);
      graph.output(`${name}_${kind}`, build(graph), 'float32', [this.shape.kvHeads, 'M', 'N']);
      return graph;
    };
    return this.graph.node('If', [this.few], { then_branch: part('few', few), else_branch: part('many', many) });
  }
}

interface ContextRows {
  readonly k: Value;
  readonly ks: Value;
  readonly v: Value;
  readonly vs: Value;
}
