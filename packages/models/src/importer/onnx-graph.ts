import { type DataType, elementCount, type Tensor } from "@sealserve/protocol";

import type { StoredTensor } from "../bundle/checkpoint.ts";
import { ModelError, refuseMalformed } from "../errors.ts";
import { elementBytes } from "../onnx/element-type.ts";
import type { AttributeProto, NodeProto, TensorProto, ValueInfoProto } from "../onnx/schema.ts";
import { encodeModel, makeExternalInitialiser, makeInitialiser, makeNode, makeValueInfo } from "../onnx/write.ts";

/** A value of the graph that is being built. */
export interface Value {
  /** Its name in the ONNX graph. */
  readonly name: string;
  readonly dtype: DataType;
  /** Set for constants and variables; the shapes of other values are known only when they are computed. */
  readonly shape?: readonly number[];
  /** Set for constants. */
  readonly constant?: Tensor;
}

/**
 * An ONNX graph under construction. Names are numbers in order of making: two signatures that compute the same give the
 * same bytes, and names out of the owner's code do not reach error messages.
 */
export class OnnxGraph {
  readonly #nodes: NodeProto[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #initialisers: TensorProto[] = [];
  #values = 0;

  /** Adds an input of any shape. */
  input(dtype: DataType): Value {
    const name = inputName(this.#inputs.length);
    this.#inputs.push(makeValueInfo(name, dtype));
    return { name, dtype };
  }

  /** Adds a constant whose values are in the model. */
  constant(tensor: Tensor): Value {
    const name = this.#nextName();
    this.#initialisers.push(makeInitialiser(name, tensor));
    return { name, dtype: tensor.dtype, shape: tensor.shape, constant: tensor };
  }

  /** Adds a one-dimensional constant of whole numbers, the form in which ONNX takes axes and shapes. */
  integers(values: readonly number[]): Value {
    return this.constant({ dtype: "int64", shape: [values.length], data: BigInt64Array.from(values, BigInt) });
  }

  /**
   * Adds a constant whose bytes stand in a checkpoint shard.
   * @throws ModelError `bad-checkpoint` when the bytes do not fill the shape, `unsupported-type`
   */
  stored(key: string, { dtype, shape, file, offset, bytes }: StoredTensor): Value {
    const bytesEach = elementBytes(dtype);
    if (bytesEach === undefined) {
      throw new ModelError("unsupported-type", `variable ${JSON.stringify(key)} has type ${dtype}`);
    }
    const what = `shape of variable ${JSON.stringify(key)}`;
    const elements = refuseMalformed("bad-checkpoint", what, () => elementCount(shape));
    const expected = elements * bytesEach;
    if (expected !== bytes.length) {
      throw new ModelError("bad-checkpoint", `data of variable ${JSON.stringify(key)} do not fit their shape`, {
        expected: `${expected} bytes`,
        actual: `${bytes.length} bytes`,
      });
    }
    const name = this.#nextName();
    this.#initialisers.push(
      bytes.length === 0
        ? makeInitialiser(name, { dtype, shape, data: bytes })
        : makeExternalInitialiser(name, dtype, shape, { file, offset, length: bytes.length }),
    );
    return { name, dtype, shape };
  }

  /** Adds an operation with one output. An input of undefined leaves an optional input out. */
  apply(
    opType: string,
    inputs: readonly (Value | undefined)[],
    dtype: DataType,
    attributes: readonly AttributeProto[] = [],
  ): Value {
    const [output] = this.applyToSeveral(opType, inputs, [dtype], attributes);
    return output as Value;
  }

  /** Adds an operation with an output for each of the types. */
  applyToSeveral(
    opType: string,
    inputs: readonly (Value | undefined)[],
    dtypes: readonly DataType[],
    attributes: readonly AttributeProto[] = [],
  ): Value[] {
    const outputs = dtypes.map((dtype): Value => ({ name: this.#nextName(), dtype }));
    const inputNames = inputs.map((input) => input?.name ?? "");
    const outputNames = outputs.map(({ name }) => name);
    this.#nodes.push(makeNode(opType, inputNames, outputNames, attributes));
    return outputs;
  }

  /** The model, with `outputs` as its outputs in order. */
  encode(outputs: readonly Value[]): Uint8Array<ArrayBuffer> {
    const copies = outputs.map((output, position) => makeNode("Identity", [output.name], [outputName(position)]));
    return encodeModel({
      node: [...this.#nodes, ...copies],
      initializer: this.#initialisers,
      input: this.#inputs,
      output: outputs.map(({ dtype }, position) => makeValueInfo(outputName(position), dtype)),
    });
  }

  #nextName(): string {
    return `v${this.#values++}`;
  }
}

/** Name of a built model's input by its position. */
function inputName(position: number): string {
  return `input_${position}`;
}

/** Name of a built model's output by its position. */
export function outputName(position: number): string {
  return `output_${position}`;
}
