// Writes an ONNX graph node by node; large tensors live in one external data file beside it, so that weights are streamed and mapped.
// Refuses to know any model.
import onnxProto, { type onnx } from 'onnx-proto';
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { assert } from '../../base/assert.js';
import { writeFileAtomically, writeWhole } from '../../base/files.js';

export const MICROSOFT = 'com.microsoft';
const OPSET_ONNX = 17;
const OPSET_MICROSOFT = 1;
const IR_VERSION = 8;
/** Where an external tensor may start: a cache line. */
const EXTERNAL_ALIGN_BYTES = 64;
/** Equal constants up to this size are written once. */
const CONSTANT_SHARED_BYTES_MAX = 1024;

export type ElementType = 'float32' | 'int8' | 'uint8' | 'int32' | 'int64' | 'bool';
const TYPE_CODE: Record<ElementType, number> = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 };

/** The name of a value in the graph. */
export type Value = string;
type Dimension = number | string;
export type Attribute = number | string | readonly number[] | { readonly float: number } | Graph;

/** Where an external tensor's bytes lie in the data file. */
export interface ExternalSpan {
  readonly offset: number;
  readonly bytes: number;
}

/** Appends tensors' bytes to the external data file. */
export class ExternalData {
  private readonly file: number;
  private end = 0;

  private constructor(path: string) {
    this.file = openSync(path, 'w', 0o600);
  }

  /** What `fill` appended is durable once it returns; the file is closed whatever happens. */
  static write<T>(path: string, fill: (data: ExternalData) => T): T {
    const data = new ExternalData(path);
    try {
      const filled = fill(data);
      fsyncSync(data.file);
      return filled;
    } finally {
      closeSync(data.file);
    }
  }

  append(bytes: Uint8Array): ExternalSpan {
    const offset = Math.ceil(this.end / EXTERNAL_ALIGN_BYTES) * EXTERNAL_ALIGN_BYTES;
    writeWhole(this.file, bytes, offset);
    this.end = offset + bytes.byteLength;
    return { offset, bytes: bytes.byteLength };
  }
}

/** One graph under construction (the model's own, or a branch of an If). Nodes are added in the order of execution. */
export class Graph {
  private readonly nodes: onnx.INodeProto[] = [];
  private readonly initializers: onnx.ITensorProto[] = [];
  private readonly constants = new Map<string, Value>();
  private readonly inputs: onnx.IValueInfoProto[] = [];
  private readonly outputs: onnx.IValueInfoProto[] = [];
  private count = 0;

  constructor(
    private readonly prefix = '',
    private readonly dataFile = '',
  ) {}

  input(name: Value, type: ElementType, shape: readonly Dimension[]): Value {
    this.inputs.push(valueInfo(name, type, shape));
    return name;
  }

  /** Declares `value` as an output under `name`. */
  output(name: Value, value: Value, type: ElementType, shape: readonly Dimension[]): void {
    this.nodes.push({ opType: 'Identity', input: [value], output: [name], name: `out_${name}` });
    this.outputs.push(valueInfo(name, type, shape));
  }

  /** A node with one output; `attributes` numbers are integers unless given as {float}. */
  node(opType: string, input: readonly Value[], attributes: Readonly<Record<string, Attribute>> = {}, domain = ''): Value {
    return this.many(opType, input, 1, attributes, domain)[0];
  }

  /** A node with several outputs; those in `omitted` are not computed and their names are ''. */
  many(opType: string, input: readonly Value[], outputCount: number, attributes: Readonly<Record<string, Attribute>> = {}, domain = '', omitted: readonly number[] = []): Value[] {
    const name = this.unique(opType);
    const output = Array.from({ length: outputCount }, (_, i) => (omitted.includes(i) ? '' : outputCount === 1 ? name : `${name}_${i}`));
    const attribute = Object.entries(attributes).map(([key, value]) => attributeProto(key, value));
    this.nodes.push({ opType, name, domain, input: [...input], output, attribute });
    return output;
  }

  floats(values: readonly number[] | Float32Array, shape: readonly number[] = [values.length]): Value {
    const data = Float32Array.from(values);
    return this.constant('float32', shape, new Uint8Array(data.buffer));
  }
  float(value: number): Value {
    return this.floats([value], []);
  }
  integers(...values: number[]): Value {
    const data = BigInt64Array.from(values.map(BigInt));
    return this.constant('int64', [values.length], new Uint8Array(data.buffer));
  }
  integer(value: number): Value {
    return this.constant('int64', [], new Uint8Array(BigInt64Array.of(BigInt(value)).buffer));
  }
  bytes(values: Int8Array, shape: readonly number[]): Value {
    return this.constant('int8', shape, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  byte(value: number, type: 'int8' | 'uint8'): Value {
    return this.constant(type, [], Uint8Array.of(value & 255));
  }

  /** A tensor whose bytes lie in the external data file. */
  external(type: ElementType, shape: readonly number[], span: ExternalSpan): Value {
    assert(this.dataFile !== '', 'a graph without a data file holds no external tensor');
    const name = this.unique('w');
    const entries = { location: this.dataFile, offset: String(span.offset), length: String(span.bytes) };
    this.initializers.push({
      name,
      dataType: TYPE_CODE[type],
      dims: [...shape],
      dataLocation: onnxProto.onnx.TensorProto.DataLocation.EXTERNAL,
      externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
    });
    return name;
  }

  private constant(type: ElementType, shape: readonly number[], bytes: Uint8Array): Value {
    if (bytes.byteLength > CONSTANT_SHARED_BYTES_MAX) return this.initializer(type, shape, bytes);
    const key = `${type}:${shape.join('x')}:${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}`;
    const known = this.constants.get(key);
    if (known) return known;
    const name = this.initializer(type, shape, bytes);
    this.constants.set(key, name);
    return name;
  }

  private initializer(type: ElementType, shape: readonly number[], rawData: Uint8Array): Value {
    const name = this.unique('c');
    this.initializers.push({ name, dataType: TYPE_CODE[type], dims: [...shape], rawData });
    return name;
  }

  private unique(kind: string): string {
    this.count += 1;
    return `${this.prefix}${kind}_${this.count}`;
  }

  proto(name: string): onnx.IGraphProto {
    return { name, node: this.nodes, initializer: this.initializers, input: this.inputs, output: this.outputs };
  }

  /** The whole model's bytes. */
  encode(name: string): Uint8Array {
    return onnxProto.onnx.ModelProto.encode({
      irVersion: IR_VERSION,
      producerName: 'kedge',
      opsetImport: [
        { domain: '', version: OPSET_ONNX },
        { domain: MICROSOFT, version: OPSET_MICROSOFT },
      ],
      graph: this.proto(name),
    }).finish();
  }

  write(path: string, name: string): void {
    writeFileAtomically(path, this.encode(name));
  }
}

function valueInfo(name: string, type: ElementType, shape: readonly Dimension[]): onnx.IValueInfoProto {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: TYPE_CODE[type], shape: { dim } } } };
}

function attributeProto(name: string, value: Attribute): onnx.IAttributeProto {
  const kind = onnxProto.onnx.AttributeProto.AttributeType;
  if (value instanceof Graph) return { name, type: kind.GRAPH, g: value.proto(name) };
  if (typeof value === 'number') return { name, type: kind.INT, i: value };
  if (typeof value === 'string') return { name, type: kind.STRING, s: Buffer.from(value) };
  if ('float' in value) return { name, type: kind.FLOAT, f: value.float };
  return { name, type: kind.INTS, ints: [...value] };
}

/** Codes for Cast's `to`. */
export const castTo = (type: ElementType): Readonly<Record<string, Attribute>> => ({ to: TYPE_CODE[type] });
