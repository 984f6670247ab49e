import { type DataType, elementCount, type Tensor } from "@sealserve/protocol";

import type { StoredTensor } from "../bundle/checkpoint.ts";
import { ModelError, refuseMalformed } from "../errors.ts";
import { elementBytes } from "../onnx/element-type.ts";
import type { AttributeProto, TensorProto, ValueInfoProto } from "../onnx/schema.ts";
import { encodeModel, makeExternalInitialiser, makeInitialiser, makeNode, makeValueInfo } from "../onnx/write.ts";
import { encodeOperation, takenByBody } from "./encode-operation.ts";
import type { GraphBody, GraphOperation, Value, Weights } from "./graph-operation.ts";
import { inferSizes, type Sizes } from "./infer-sizes.ts";
import { AS_STORED } from "./weights/weight-form.ts";
import { WeightPlaces } from "./weights/weight-places.ts";

export type { GraphBody, GraphOperation, Value, Weights } from "./graph-operation.ts";

/** A constant of the graph, whose bytes have a place when the graph is done. */
interface Initialiser {
  readonly name: string;
  encode(places: WeightPlaces): TensorProto;
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
  readonly #whole: WholeGraph;
  readonly #isBody: boolean;

  /** @param whole what a body shares with the graph around it; none for a graph of its own */
  constructor(whole?: WholeGraph) {
    this.#whole = whole ?? { initialisers: [], values: 0 };
    this.#isBody = whole !== undefined;
  }

  /** A graph for an operation of this one. Constants of both stand in the outermost graph, where the engine prepares them. */
  body(): OnnxGraph {
    return new OnnxGraph(this.#whole);
  }

  /** Adds an input of any shape, of which something may be known. */
  input(dtype: DataType, sizes?: Sizes): Value {
    const name = this.#isBody ? this.nextName() : inputName(this.#inputs.length);
    this.#inputs.push(makeValueInfo(name, dtype));
    return { name, dtype, sizes };
  }

  /** Adds a constant whose values are in the model. */
  constant(tensor: Tensor): Value {
    const name = this.nextName();
    this.#whole.initialisers.push({ name, encode: () => makeInitialiser(name, tensor) });
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
  stored(key: string, tensor: StoredTensor): Value {
    const { dtype, shape, bytes } = tensor;
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
    return bytes.length === 0
      ? this.constant({ dtype, shape, data: bytes })
      : this.weights({ tensor, form: AS_STORED }, shape);
  }

  /** Adds weights of a checkpoint shard in a form that their place admits, as a tensor of a shape that they fill. */
  weights({ tensor, form }: Weights, shape: readonly number[]): Value {
    const name = this.nextName();
    const { dtype } = tensor;
    this.#whole.initialisers.push({
      name,
      encode: (places) => makeExternalInitialiser(name, dtype, shape, places.place(tensor, form)),
    });
    return { name, dtype, shape, sizes: shape, weights: { tensor, form } };
  }

  /**
   * Adds an operation with one output. An input of undefined leaves an optional input out.
   * @param sizes what is known of the output's shape, when it is more than what follows from the operation
   */
  apply(
    opType: string,
    inputs: readonly (Value | undefined)[],
    dtype: DataType,
    attributes: readonly AttributeProto[] = [],
    sizes = inferSizes(opType, inputs, attributes),
  ): Value {
    const output = { name: this.nextName(), dtype, sizes };
    this.#add({ opType, inputs, attributes, outputs: [output] });
    return output;
  }

  /** Adds an operation with an output for each of the types. */
  applyToSeveral(
    opType: string,
    inputs: readonly (Value | undefined)[],
    dtypes: readonly DataType[],
    attributes: readonly AttributeProto[] = [],
  ): Value[] {
    const sizes = inferSizes(opType, inputs, attributes);
    const outputs = dtypes.map((dtype): Value => ({ name: this.nextName(), dtype, sizes }));
    this.#add({ opType, inputs, attributes, outputs });
    return outputs;
  }

  /**
   * Adds an operation with graphs inside of it.
   * @param bodies by attribute
   * @param outputs their types, and what is known of their shapes
   */
  applyWithBodies(
    opType: string,
    inputs: readonly (Value | undefined)[],
    bodies: Readonly<Record<string, GraphBody>>,
    outputs: readonly Pick<Value, "dtype" | "sizes">[],
  ): Value[] {
    const taken = [...new Set(Object.values(bodies).flatMap((body) => takenByBody(body)))];
    const values = outputs.map(({ dtype, sizes }): Value => ({ name: this.nextName(), dtype, sizes }));
    this.#add({ opType, inputs: [...inputs, ...taken], attributes: [], outputs: values, bodies, taken });
    return values;
  }

  /** Takes operations on constants out of a body of this graph, so that they are done once instead of in each turn. */
  takeInvariant(body: OnnxGraph): void {
    const taken = new Set<Value>();
    const isKnown = (value: Value | undefined): boolean =>
      value === undefined || value.shape !== undefined || taken.has(value);
    body.#operations = body.#operations.filter((operation) => {
      const { inputs, bodies } = operation;
      if (bodies !== undefined || inputs.length === 0 || !inputs.every(isKnown)) {
        return true;
      }
      for (const output of operation.outputs) {
        taken.add(output);
      }
      this.#add(operation);
      return false;
    });
  }

  /** The operations, in order. */
  get operations(): readonly GraphOperation[] {
    return this.#operations;
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

  /**
   * The model, with `outputs` as its outputs in order.
   * @param places where it finds its weights
   */
  encode(outputs: readonly Value[], places = new WeightPlaces()): Uint8Array<ArrayBuffer> {
    const used = new Set([...this.#operations.flatMap(({ inputs }) => inputs), ...outputs].map((value) => value?.name));
    const nodes = this.#operations.map((operation) => encodeOperation(operation, (name) => name));
    const copies = outputs.map((output, position) => makeNode("Identity", [output.name], [outputName(position)]));
    return encodeModel({
      node: [...nodes, ...copies],
      initializer: this.#whole.initialisers
        .filter(({ name }) => used.has(name))
        .map((initialiser) => initialiser.encode(places)),
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

  /** A name that no other value has. */
  nextName(): string {
    return `v${this.#whole.values++}`;
  }
}

/** What a graph and its bodies have in common. */
interface WholeGraph {
  readonly initialisers: Initialiser[];
  /** Number of values, for their names. */
  values: number;
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
