// The decoder as ONNX graphs that run one after another, some layers each: int8 weights (one scale for each output channel) against activations
// quantised per token; attention over three kinds of rows: composed context in int8, the local window in fp32, and the new tokens themselves.
// Refuses to read weights: it is given where they lie.
import { castTo, Graph, MICROSOFT, type ExternalSpan, type Value } from './builder.js';
import { partsOf, type LayerSpan, type ModelShape } from './shape.js';

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
  readonly gate: QuantisedMatrix;
  readonly up: QuantisedMatrix;
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

/** Makes the products of activations [.., inputs] with weight matrices: in int8, or in fp32 where tests compare exactly. */
export type LinearOf = (graph: Graph, activationBits: 8 | 7) => (x: Value, inputs: number, ...matrices: readonly QuantisedMatrix[]) => Value[];

/** Up to so many new tokens attend to context rows in integers; beyond, a head's rows are widened to fp32 once for all of them. */
const INTEGER_ATTENTION_TOKENS_MAX = 8;
const EPSILON = 1e-9;

/**
 * One graph for each of the shape's parts, so that only one part's context rows need be in memory.
 * Inputs (T new tokens, P context rows, W window rows; a masked row's bias is a large negative number):
 *   hidden [1,T,width]: embeddings, or what the part before returns; cos, sin [T,hd/2] of the tokens' positions; token_index [1,T]: 0 to T-1;
 *   new_bias [T,T] (causal); context_bias [1,1,P]; window_bias [1,1,W]; query_index [m]: which of the T tokens give queries;
 *   in the last part logit_index [n], not empty: which give logits;
 *   for each layer l: context_k_l [KV,hd,P] int8, rotated; context_ks_l [KV,1,P]; context_v_l [KV,P,hd] int8; context_vs_l [KV,1,P];
 *   window_k_l [KV,hd,W] rotated; window_v_l [KV,W,hd].
 * Outputs: rows [2 layers, T, KV*hd]: keys before rotation at 2l, values at 2l+1; queries [layers, m, H*hd] before rotation;
 *   next [1,T,width], in the last part logits [n, head tokens] instead.
 */
export function decoderGraphs(shape: ModelShape, weights: DecoderWeights, form: DecoderForm, dataFile: string, linearOf: LinearOf = quantisedLinear): Graph[] {
  return partsOf(shape).map((part) => partGraph(shape, weights, form, part, new Graph('', dataFile), linearOf));
}

function partGraph(shape: ModelShape, weights: DecoderWeights, form: DecoderForm, part: LayerSpan, graph: Graph, linearOf: LinearOf): Graph {
  const { layers, width, heads, kvHeads, headDim, feedForward } = shape;
  const isLast = part.end === layers;
  const linear = linearOf(graph, form.activationBits);

  const hidden = graph.input('hidden', 'float32', [1, 'T', width]);
  const [cos, sin] = ['cos', 'sin'].map((name) => graph.input(name, 'float32', ['T', headDim / 2]));
  const tokenIndex = graph.input('token_index', 'int64', [1, 'T']);
  const newBias = graph.input('new_bias', 'float32', ['T', 'T']);
  const windowBias = graph.input('window_bias', 'float32', [1, 1, 'W']);
  const queryIndex = graph.input('query_index', 'int64', ['m']);

  const norm = (x: Value, skip: Value | undefined, scale: Float32Array): [normed: Value, residual: Value] => {
    const epsilon = { epsilon: { float: shape.normEpsilon } };
    if (skip === undefined) return [graph.node('SimplifiedLayerNormalization', [x, graph.floats(scale)], { ...epsilon, axis: -1, stash_type: 1 }), x];
    const outputs = graph.many('SkipSimplifiedLayerNormalization', [x, skip, graph.floats(scale)], 4, epsilon, MICROSOFT, [1, 2]);
    return [outputs[0], outputs[3]];
  };
  const rotate = (x: Value, count: number, at = tokenIndex): Value => graph.node('RotaryEmbedding', [x, at, cos, sin], { num_heads: count }, MICROSOFT);

  const rows: Value[] = [];
  const queries: Value[] = [];
  let residual = hidden;
  let pending: Value | undefined;
  for (let l = part.first; l < part.end; l++) {
    const layer = weights.layers[l];
    let x: Value;
    [x, residual] = norm(residual, pending, layer.attentionNorm);
    let [qkv] = linear(x, width, layer.qkv);
    if (layer.qkvBias) qkv = graph.node('Add', [qkv, graph.floats(layer.qkvBias)]);
    const sizes = graph.integers(heads * headDim, kvHeads * headDim, kvHeads * headDim);
    const [q, k, v] = graph.many('Split', [qkv, sizes], 3, { axis: -1 });
    rows.push(k, v);
    queries.push(graph.node('Gather', [q, queryIndex], { axis: 1 }));
    let attended: Value;
    const contextBias = graph.input(`context_bias_${l}`, 'float32', [kvHeads, 1, 'P']);
    const attention = new Attention(graph, shape, form, { newBias, contextBias, windowBias });
    if (l < layers - 1) attended = attention.layer(l, rotate(q, heads), rotate(k, kvHeads), v);
    else {
      // Above the last layer's keys and values only what gives logits is worth computing.
      const logitIndex = graph.input('logit_index', 'int64', ['n']);
      const pick = (value: Value, axis: number): Value => graph.node('Gather', [value, logitIndex], { axis });
      const attentionOfPicked = new Attention(graph, shape, form, { newBias: pick(newBias, 0), contextBias, windowBias });
      attended = attentionOfPicked.layer(l, rotate(pick(q, 1), heads, pick(tokenIndex, 1)), rotate(k, kvHeads), v);
      residual = pick(residual, 1);
    }
    const [projected] = linear(attended, heads * headDim, layer.attentionOut);
    [x, residual] = norm(residual, projected, layer.feedForwardNorm);
    const [gate, up] = linear(x, width, layer.gate, layer.up);
    const activated = graph.node('Mul', [graph.node('QuickGelu', [gate], { alpha: { float: 1 } }, MICROSOFT), up]);
    [pending] = linear(activated, feedForward, layer.down);
  }
  if (isLast) {
    const [normed] = norm(residual, pending, weights.outputNorm);
    const [logits] = linear(normed, width, weights.head);
    graph.output('logits', graph.node('Squeeze', [logits, graph.integers(0)]), 'float32', ['n', weights.headTokens]);
  } else graph.output('next', graph.node('Add', [residual, pending!]), 'float32', [1, 'T', width]);
  const count = part.end - part.first;
  graph.output('rows', graph.node('Concat', rows, { axis: 0 }), 'float32', [2 * count, 'T', kvHeads * headDim]);
  graph.output('queries', graph.node('Concat', queries, { axis: 0 }), 'float32', [count, 'm', heads * headDim]);
  return graph;
}

/** y = x W with x quantised for each token to unsigned integers around a zero point, W int8 with a scale for each output channel. */
const quantisedLinear: LinearOf = (graph, activationBits) => {
  const top = activationBits === 8 ? 127 : 63;
  const zero = top + 1;
  return (x, inputs, ...matrices) => {
    const largest = graph.node('Add', [graph.node('ReduceMax', [graph.node('Abs', [x])], { axes: [-1], keepdims: 1 }), graph.float(EPSILON)]);
    const scaled = graph.node('Mul', [x, graph.node('Div', [graph.float(top), largest])]);
    const quantised = graph.node('Cast', [graph.node('Add', [scaled, graph.float(zero + 0.5)])], castTo('uint8'));
    const step = graph.node('Mul', [largest, graph.float(1 / top)]);
    return matrices.map(({ values, scales }) => {
      const w = graph.external('int8', [inputs, scales.length], values);
      const product = graph.node('Cast', [graph.node('MatMulInteger', [quantised, w, graph.byte(zero, 'uint8'), graph.byte(0, 'int8')])], castTo('float32'));
      return graph.node('Mul', [graph.node('Mul', [product, graph.floats(scales)]), step]);
    });
  };
};

/** Attention of A tokens, all of the T new ones or some, as plain products: the fused operator would copy the whole past on every call. G heads share a KV head; M = G A; N = P + W + T. */
class Attention {
  private readonly isFew: Value;
  /** [P, W, T]. */
  private readonly sizes: Value;
  /** [KV, A, N]. */
  private readonly bias: Value;
  /** Shapes of scores and results: [KV,G,A,rows], [KV,M,rows], [1,H,A,hd], [1,A,H*hd]. */
  private readonly shapes: Record<'grouped' | 'merged' | 'perHead' | 'flat', Value>;

  constructor(
    private readonly graph: Graph,
    private readonly shape: ModelShape,
    private readonly form: DecoderForm,
    /** newBias [A,T]. */
    biases: { readonly newBias: Value; readonly contextBias: Value; readonly windowBias: Value },
  ) {
    const { kvHeads, heads, headDim } = shape;
    const { newBias, contextBias, windowBias } = biases;
    const size = (value: Value, axis: number): Value => graph.node('Slice', [graph.node('Shape', [value]), graph.integers(axis), graph.integers(axis + 1), graph.integers(0)]);
    const concat = (...parts: Value[]): Value => graph.node('Concat', parts, { axis: 0 });
    const asking = size(newBias, 0);
    this.isFew = graph.node('LessOrEqual', [graph.node('Squeeze', [asking]), graph.integer(INTEGER_ATTENTION_TOKENS_MAX)]);
    this.sizes = concat(size(contextBias, 2), size(windowBias, 2), size(newBias, 1));
    const forEachToken = (bias: Value): Value => graph.node('Expand', [bias, concat(graph.integers(kvHeads), asking, graph.integers(1))]);
    this.bias = graph.node('Concat', [forEachToken(contextBias), forEachToken(windowBias), forEachToken(newBias)], { axis: 2 });
    this.shapes = {
      grouped: concat(graph.integers(kvHeads, heads / kvHeads), asking, graph.integers(-1)),
      merged: concat(graph.integers(kvHeads), graph.node('Mul', [asking, graph.integers(heads / kvHeads)]), graph.integers(-1)),
      perHead: concat(graph.integers(1, heads), asking, graph.integers(headDim)),
      flat: graph.integers(1, -1, heads * headDim),
    };
  }

  /** q [1,A,H*hd] and k [1,T,KV*hd] rotated, v [1,T,KV*hd] -> [1,A,H*hd]. */
  layer(l: number, q: Value, k: Value, v: Value): Value {
    const { graph, shape, shapes } = this;
    const { kvHeads, heads, headDim } = shape;
    const scaled = graph.node('Mul', [q, graph.float(1 / Math.sqrt(headDim))]);
    const byHead = graph.node('Transpose', [graph.node('Reshape', [scaled, graph.integers(0, 0, heads, headDim)])], { perm: [0, 2, 1, 3] });
    const rows: Rows = {
      queries: graph.node('Reshape', [byHead, graph.integers(kvHeads, -1, headDim)]),
      contextK: graph.input(`context_k_${l}`, 'int8', [kvHeads, headDim, 'P']),
      contextKs: graph.input(`context_ks_${l}`, 'float32', [kvHeads, 1, 'P']),
      contextV: graph.input(`context_v_${l}`, 'int8', [kvHeads, 'P', headDim]),
      contextVs: graph.input(`context_vs_${l}`, 'float32', [kvHeads, 1, 'P']),
      windowK: graph.input(`window_k_${l}`, 'float32', [kvHeads, headDim, 'W']),
      windowV: graph.input(`window_v_${l}`, 'float32', [kvHeads, 'W', headDim]),
      newK: graph.node('Transpose', [graph.node('Reshape', [k, graph.integers(-1, kvHeads, headDim)])], { perm: [1, 2, 0] }),
      newV: graph.node('Transpose', [graph.node('Reshape', [v, graph.integers(-1, kvHeads, headDim)])], { perm: [1, 0, 2] }),
    };
    const branch = (name: string, build: (part: Graph) => Value): Graph => {
      const part = new Graph(`attention_${l}_${name}_`);
      part.output(`attention_${l}_${name}`, build(part), 'float32', [kvHeads, 'M', headDim]);
      return part;
    };
    const channels = this.form.keyChannelScales[l];
    const attended = graph.node('If', [this.isFew], {
      then_branch: branch('few', (part) => this.inIntegers(part, rows, channels)),
      else_branch: branch('many', (part) => this.widened(part, rows, channels)),
    });
    const perHead = graph.node('Reshape', [attended, shapes.perHead]);
    return graph.node('Reshape', [graph.node('Transpose', [perHead], { perm: [0, 2, 1, 3] }), shapes.flat]);
  }

  /** Context rows stay int8: queries and probabilities are quantised instead, and the rows' scales folded into scores and probabilities. */
  private inIntegers(part: Graph, rows: Rows, channels: Float32Array): Value {
    const { kvHeads, headDim } = this.shape;
    const [queryTop, probabilityTop] = this.form.activationBits === 8 ? [127, 255] : [63, 127];
    const integers = (x: Value, top: number, zero: number, matrix: Value): { product: Value; step: Value } => {
      const largest = part.node('Add', [part.node('ReduceMax', [part.node('Abs', [x])], { axes: [-1], keepdims: 1 }), part.float(EPSILON)]);
      const scaled = part.node('Mul', [x, part.node('Div', [part.float(top), largest])]);
      const quantised = part.node('Cast', [part.node('Add', [scaled, part.float(zero + 0.5)])], castTo('uint8'));
      const product = part.node('MatMulInteger', [quantised, matrix, part.byte(zero, 'uint8'), part.byte(0, 'int8')]);
      return { product: part.node('Cast', [product], castTo('float32')), step: part.node('Mul', [largest, part.float(1 / top)]) };
    };
    const weighted = part.node('Mul', [rows.queries, part.floats(channels, [kvHeads, 1, headDim])]);
    const context = integers(weighted, queryTop, queryTop + 1, rows.contextK);
    const contextScores = part.node('Mul', [part.node('Mul', [context.product, rows.contextKs]), context.step]);
    const scores = [contextScores, part.node('MatMul', [rows.queries, rows.windowK]), part.node('MatMul', [rows.queries, rows.newK])];
    const probabilities = this.softmax(part, part.node('Concat', scores, { axis: -1 }));
    const [toContext, toWindow, toNew] = part.many('Split', [probabilities, this.sizes], 3, { axis: -1 });
    const values = integers(part.node('Mul', [toContext, rows.contextVs]), probabilityTop, 0, rows.contextV);
    const fromContext = part.node('Mul', [values.product, values.step]);
    const local = part.node('Add', [part.node('MatMul', [toWindow, rows.windowV]), part.node('MatMul', [toNew, rows.newV])]);
    return part.node('Add', [fromContext, local]);
  }

  /** One KV head after another, its context rows are widened to fp32 once for all of the new tokens; one query head after another, so that its scores fit a processor's cache. */
  private widened(part: Graph, rows: Rows, channels: Float32Array): Value {
    const { kvHeads, heads, headDim } = this.shape;
    const wide = (values: Value, scales: Value): Value => part.node('Mul', [part.node('Cast', [values], castTo('float32')), scales]);
    const at = (value: Value, index: number): Value => part.node('Gather', [value, part.integer(index)], { axis: 0 });
    const attended = Array.from({ length: kvHeads }, (_, h): Value => {
      const ofHead = channels.subarray(h * headDim, (h + 1) * headDim);
      // Channel scales go to the queries, so that context keys are passed over once.
      const queries = part.node('Reshape', [part.node('Mul', [at(rows.queries, h), part.floats(ofHead)]), part.integers(heads / kvHeads, -1, headDim)]);
      const unscaled = (keys: Value): Value => part.node('Mul', [at(keys, h), part.floats(ofHead.map((scale) => 1 / scale), [headDim, 1])]);
      const keys = part.node('Concat', [wide(at(rows.contextK, h), at(rows.contextKs, h)), unscaled(rows.windowK), unscaled(rows.newK)], { axis: 1 });
      const contextV = wide(at(rows.contextV, h), part.node('Transpose', [at(rows.contextVs, h)], { perm: [1, 0] }));
      const values = part.node('Concat', [contextV, at(rows.windowV, h), at(rows.newV, h)], { axis: 0 });
      const ofQueryHead = Array.from({ length: heads / kvHeads }, (__, g): Value => {
        const scores = part.node('Add', [part.node('MatMul', [at(queries, g), keys]), at(this.bias, h)]);
        return part.node('MatMul', [part.node('Softmax', [scores], { axis: -1 }), values]);
      });
      return part.node('Unsqueeze', [part.node('Concat', ofQueryHead, { axis: 0 }), part.integers(0)]);
    });
    return part.node('Concat', attended, { axis: 0 });
  }

  /** [KV,M,N] -> [KV,M,N], masked. */
  private softmax(part: Graph, scores: Value): Value {
    const masked = part.node('Add', [part.node('Reshape', [scores, this.shapes.grouped]), part.node('Unsqueeze', [this.bias, part.integers(1)])]);
    return part.node('Reshape', [part.node('Softmax', [masked], { axis: -1 }), this.shapes.merged]);
  }
}

/** What one layer attends with and to. */
type Rows = Record<'queries' | 'contextK' | 'contextKs' | 'contextV' | 'contextVs' | 'windowK' | 'windowV' | 'newK' | 'newV', Value>;
