import { type DataType, elementCount, type Tensor } from "@sealserve/protocol";

import type { StoredTensor } from "../bundle/checkpoint.ts";
import { ModelError, refuseMalformed } from "../errors.ts";
import { elementBytes } from "../onnx/element-type.ts";
import type { AttributeProto, TensorProto, ValueInfoProto } from "../onnx/schema.ts";
import { encodeModel, makeExternalInitialiser, makeInitialiser, makeNode, makeValueInfo } from "../onnx/write.ts";
import { inferSizes, type Sizes } from "./infer-sizes.ts";

/** A value of the graph that is being built. */
export interface Value {
  /** Its name in the ONNX graph. */
  readonly name: string;
  readonly dtype: DataType;
  /** Set for constants and variables; the shapes of other values are known only when they are computed. */
  readonly shape?: readonly number[];
  /** What is known of the shape of any value. */
  readonly sizes?: Sizes | undefined;
  /** Set for constants. */
  readonly constant?: Tensor;
}

/** An operation of the graph. */
export interface GraphOperation {
  readonly opType: string;
  /** Undefined for an optional input that is left out. */
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: readonly AttributeProto[];
  readonly outputs: readonly Value[];
}

/** Gives other values for the outputs of an operation, or undefined to keep it. */
export type Rewrite = (operation: GraphOperation) => readonly Value[] | undefined;

/**
 * An ONNX graph under construction. Names are numbers in order of making: two signatures that compute the same give the
 * same bytes, and names out of the owner's code do not reach error messages.
 */
export class OnnxGraph {
  #operations: GraphOperation[] = [];
  readonly #producers = new Map<Value, GraphOperation>();
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
    return { name, dtype: tensor.dtype, shape: tensor.shape, sizes: tensor.shape, constant: tensor };
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
    return { name, dtype, shape, sizes: shape };
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
    const sizes = inferSizes(opType, inputs, attributes);
    const outputs = dtypes.map((dtype): Value => ({ name: this.#nextName(), dtype, sizes }));
    this.#add({ opType, inputs, attributes, outputs });
    return outputs;
  }

  /** The operation that a value comes from; undefined for constants and inputs. */
  producerOf(value: Value): GraphOperation | undefined {
    return this.#producers.get(value);
  }

  /**
   * Replaces operations, in their order, and gives what has become of `outputs`. What nothing uses any more is left out.
   * @param rewrite is given each operation with the inputs that it has by then, and adds what it needs to the graph
   */
  rewrite(rewrite: Rewrite, outputs: readonly Value[]): Value[] {
    const given = this.#operations;
    const unused = unusedOutputs(given);
    const replaced = new Map<Value, Value>();
    const current = (value: Value): Value => replaced.get(value) ?? value;
    this.#operations = [];
    for (const operation of given) {
      const changed = { ...operation, inputs: operation.inputs.map((input) => input && current(input)) };
      const others = rewrite(changed);
      if (others === undefined) {
        this.#add(changed);
      }
      for (const [position, other] of (others ?? []).entries()) {
        replaced.set(operation.outputs[position] as Value, other);
      }
    }
    const kept = outputs.map(current);
    this.#keep([...kept, ...unused.map(current)]);
    return kept;
  }

  /** The model, with `outputs` as its outputs in order. */
  encode(outputs: readonly Value[]): Uint8Array<ArrayBuffer> {
    const nodes = this.#operations.map(({ opType, inputs, attributes, outputs: results }) => {
      const names = inputs.map((input) => input?.name ?? "");
      return makeNode(
        opType,
        names,
        results.map(({ name }) => name),
        attributes,
      );
    });
    const copies = outputs.map((output, position) => makeNode("Identity", [output.name], [outputName(position)]));
    return encodeModel({
      node: [...nodes, ...copies],
      initializer: this.#initialisers,
      input: this.#inputs,
      output: outputs.map(({ dtype }, position) => makeValueInfo(outputName(position), dtype)),
      valueInfo: this.#operations.filter(setsRank).flatMap(describeOutputs),
    });
  }

  #add(operation: GraphOperation): void {
    this.#operations.push(operation);
    for (const output of operation.outputs) {
      this.#producers.set(output, operation);
    }
  }

  /** Leaves out the operations that none of `values` needs. */
  #keep(values: readonly Value[]): void {
    const needed = new Set<Value | undefined>(values);
    const kept = this.#operations.toReversed().filter(({ inputs, outputs }) => {
      const isNeeded = outputs.some((output) => needed.has(output));
      for (const input of isNeeded ? inputs : []) {
        needed.add(input);
      }
      return isNeeded;
    });
    this.#operations = kept.toReversed();
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

/** Outputs of operations that nothing else takes an output of: what fails the run in them has to go on doing so. */
function unusedOutputs(operations: readonly GraphOperation[]): Value[] {
  const used = new Set(operations.flatMap(({ inputs }) => inputs));
  return operations.flatMap(({ outputs }) => (outputs.some((output) => used.has(output)) ? [] : outputs));
}

/** Whether an operation takes no other number of axes, which the engine does not conclude from its working. */
function setsRank({ opType, inputs: [value] }: GraphOperation): boolean {
  return opType === "Transpose" && value?.sizes === undefined;
}

function describeOutputs({ outputs }: GraphOperation): ValueInfoProto[] {
  return outputs.flatMap(({ name, dtype, sizes }) =>
    sizes === undefined
      ? []
      : [
          makeValueInfo(
            name,
            dtype,
            sizes.map((size) => size ?? -1),
          ),
        ],
  );
}
