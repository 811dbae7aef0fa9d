// Counts rows and bytes of a request as they are really held. Refuses to measure time.
import { rowsKept } from './anchors.js';
import type { ComposedContext, DocumentState } from './documents.js';
import type { ModelShape } from './graph/shape.js';
import type { Library } from './library.js';
import type { ContextForm, KvFigures, Served } from './types.js';

const FP32_BYTES = 4;
const FP16_BYTES = 2;

/** `causalTokens`: context read in the window itself (joint, text), held in fp32. */
export function kvFigures(shape: ModelShape, state: DocumentState, context: ContextForm, library: Library, causalTokens: number): KvFigures {
  const valuesPerRow = shape.layers * shape.kvHeads * 2 * shape.headDim;
  const composed = context.form === 'composed' ? state.context : undefined;
  const storedShare = context.form === 'composed' ? context.anchors.storedShare : 0;
  const tokenCounts = composed?.candidates.map(({ tokens }) => tokens.length) ?? [];
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  // Outlines stand for the whole texts that they were made of.
  const contextTokens = (context.form === 'composed' && context.anchors.policy === 'outline-text' ? context.plan.tokens : sum(tokenCounts)) + causalTokens;
  const bytesStored = sum(tokenCounts.map((tokens) => library.bytesStored(tokens, storedShare)));
  const rowsResident = (composed?.rowsHeldMax ?? 0) + causalTokens;
  const contextBytes = composed && composed.rows.rows > 0 && !composed.rows.isNone ? (composed.rows.bytes / composed.rows.rows) * composed.rowsHeldMax : causalTokens * valuesPerRow * FP32_BYTES;
  const denseBytesFp16 = contextTokens * valuesPerRow * FP16_BYTES;
  const reduction = (bytes: number, of: number): number => (of === 0 ? 0 : 1 - bytes / of);
  return {
    contextTokens,
    rowsStored: sum(tokenCounts.map((tokens) => rowsKept(tokens, storedShare))),
    rowsResident,
    rowsAttended: sum(composed?.rowsPerCandidate ?? []) + causalTokens,
    rowsExchanged: 0,
    rowReduction: reduction(rowsResident, contextTokens),
    bytesStored,
    bytesResident: contextBytes + state.window.bytes - causalTokens * valuesPerRow * FP32_BYTES * (composed ? 0 : 1),
    denseBytesFp16,
    byteReduction: reduction(contextBytes, denseBytesFp16),
    byteReductionStored: reduction(bytesStored, denseBytesFp16),
  };
}

/** Which segments a request drew on, in the plan's order; rows of what was read together are told in proportion to its tokens. */
export function served(context: ComposedContext | undefined, form: ContextForm): Served[] {
  if (form.form !== 'composed' || !context) return [];
  const planned = new Map(form.plan.segments.map((each) => [each.segment.digest, each]));
  return context.candidates.flatMap(({ segments, tokens }, c) => {
    const rows = context.rowsPerCandidate[c] ?? 0;
    const sizes = segments.map(({ digest }) => (segments.length === 1 ? tokens.length : (planned.get(digest)?.tokens ?? 0)));
    const size = sizes.reduce((sum, count) => sum + count, 0) || 1;
    return segments.map(({ path, digest }, s): Served => ({ source: planned.get(digest)?.source ?? 'given', path, tokens: sizes[s], rows: (rows * sizes[s]) / size }));
  });
}
