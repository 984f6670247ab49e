import { decodeUtf8 } from "@sealserve/core";
import {
  type AttrValue,
  type DataType,
  dataTypeFromNumber,
  decodeTensor,
  type FillBudget,
  isNumberData,
  type NameAttrList,
  type Tensor,
} from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import type { FlatNode } from "./flat-graph.ts";

/** What is known about an input of an operation before the model runs. */
export interface KnownInput {
  readonly dtype: DataType;
  /** Set for constants. */
  readonly constant?: Tensor | undefined;
}

/**
 * A TensorFlow operation with its inputs in some form. Attributes that hold their default may be missing from the file, so
 * every reader takes the default.
 */
export class NodeOperation<Input extends KnownInput> {
  readonly node: FlatNode;
  readonly inputs: readonly Input[];
  readonly #signature: string;
  readonly #fill: FillBudget;

  /**
   * @param signature its key, for messages
   * @param fill what the model's constants may still fill up
   */
  constructor(node: FlatNode, inputs: readonly Input[], signature: string, fill: FillBudget) {
    this.node = node;
    this.inputs = inputs;
    this.#signature = signature;
    this.#fill = fill;
  }

  /** The same operation with each input in another form. */
  withInputs<Other extends KnownInput>(change: (input: Input) => Other): NodeOperation<Other> {
    return this.on(this.inputs.map(change));
  }

  /** The same operation on other inputs, which need not be as many. */
  on<Other extends KnownInput>(inputs: readonly Other[]): NodeOperation<Other> {
    return new NodeOperation(this.node, inputs, this.#signature, this.#fill);
  }

  /** @throws ModelError `bad-graph` when there are fewer inputs */
  input(position: number): Input {
    const value = this.inputs[position];
    if (value === undefined) {
      throw new ModelError("bad-graph", `operation ${this.describe()} lacks input ${position}`);
    }
    return value;
  }

  /**
   * The value of an input that has to be a constant.
   * @throws ModelError `unsupported-op` when it is computed
   */
  constant(position: number): Tensor {
    return this.input(position).constant ?? this.refuse(`its input ${position} is not a constant`);
  }

  /** {@link constant} for whole numbers, such as the axes of a reduction. */
  constantIntegers(position: number): readonly number[] {
    const { data } = this.constant(position);
    const numbers = isNumberData(data) ? Array.from<number | bigint, number>(data, Number) : [Number.NaN];
    return numbers.every(Number.isInteger)
      ? numbers
      : this.refuse(`its input ${position} is not made of whole numbers`);
  }

  /** {@link constantIntegers} for an input that holds one number. */
  constantInteger(position: number): number {
    const [value, ...rest] = this.constantIntegers(position);
    return value === undefined || rest.length > 0 ? this.refuse(`its input ${position} is not one number`) : value;
  }

  /** {@link constant} for texts, such as names. */
  constantTexts(position: number): readonly string[] {
    const { data } = this.constant(position);
    return isNumberData(data) ? this.refuse(`its input ${position} is not made of strings`) : data.map(decodeUtf8);
  }

  integer(name: string, fallback: number): number {
    const value = this.#attribute(name)?.i;
    return value === undefined ? fallback : Number(value);
  }

  integers(name: string, fallback: readonly number[] = []): readonly number[] {
    const list = this.#attribute(name)?.list;
    return list === undefined ? fallback : Array.from(list.i, Number);
  }

  /** Whole numbers of 64 bits. */
  longIntegers(name: string): readonly bigint[] {
    return Array.from(this.#attribute(name)?.list?.i ?? []);
  }

  /** A whole number of 64 bits. */
  longInteger(name: string, fallback: bigint): bigint {
    return this.#attribute(name)?.i ?? fallback;
  }

  floats(name: string): readonly number[] {
    return Array.from(this.#attribute(name)?.list?.f ?? []);
  }

  float(name: string, fallback: number): number {
    return this.#attribute(name)?.f ?? fallback;
  }

  flag(name: string, fallback: boolean): boolean {
    return this.#attribute(name)?.b ?? fallback;
  }

  text(name: string, fallback: string): string {
    const value = this.#attribute(name)?.s;
    return value === undefined ? fallback : decodeUtf8(value);
  }

  /** A string that need not be a text; empty where the attribute is missing. */
  bytes(name: string): Uint8Array {
    return (this.#attribute(name)?.s ?? new Uint8Array()).slice();
  }

  texts(name: string): readonly string[] {
    return (this.#attribute(name)?.list?.s ?? []).map(decodeUtf8);
  }

  /** @throws ModelError `unsupported-type` for reference types and unknown ones */
  type(name: string, fallback?: DataType): DataType {
    const number = this.#attribute(name)?.type;
    return number === undefined && fallback !== undefined ? fallback : this.#knownType(name, number);
  }

  /** @throws ModelError `unsupported-type` for reference types and unknown ones */
  types(name: string): readonly DataType[] {
    return (this.#attribute(name)?.list?.type ?? []).map((number) => this.#knownType(name, number));
  }

  /** Shapes with -1 for a dimension of any size; undefined for one of unknown rank. */
  shapes(name: string): readonly (readonly number[] | undefined)[] {
    const shapes = this.#attribute(name)?.list?.shape ?? [];
    return shapes.map(({ dim, unknownRank }) => (unknownRank ? undefined : dim.map(({ size }) => Number(size))));
  }

  /**
   * The tensor of a constant. Strings are views into the model's file.
   * @throws ModelError `bad-graph`
   * @throws ProtocolError when it is malformed, or repeats its values beyond what the model may
   */
  tensor(name: string): Tensor {
    const value = this.#attribute(name)?.tensor;
    if (value === undefined) {
      throw new ModelError("bad-graph", `operation ${this.describe()} lacks its tensor ${name}`);
    }
    return decodeTensor(value, { fill: this.#fill });
  }

  /** A function that the operation calls. @throws ModelError `bad-graph` when it names none */
  callee(name: string): NameAttrList {
    return this.#attribute(name)?.func ?? this.#lacks(name);
  }

  /** {@link callee} for a list of functions. */
  callees(name: string): readonly NameAttrList[] {
    return this.#attribute(name)?.list?.func ?? this.#lacks(name);
  }

  /** A shape with -1 for a dimension of any size; undefined for one of unknown rank, or where the attribute is missing. */
  shape(name: string): readonly number[] | undefined {
    const shape = this.#attribute(name)?.shape;
    return shape === undefined || shape.unknownRank ? undefined : shape.dim.map(({ size }) => Number(size));
  }

  /** Ends the import of the signature. @param reason completes "is not supported: " */
  refuse(reason: string): never {
    throw new ModelError("unsupported-op", `operation ${this.describe()} is not supported: ${reason}`);
  }

  /** How messages name the operation. */
  describe(): string {
    return describeOperation(this.node, this.#signature);
  }

  #attribute(name: string): AttrValue | undefined {
    return this.node.attribute(name);
  }

  #lacks(name: string): never {
    throw new ModelError("bad-graph", `operation ${this.describe()} lacks its attribute ${name}`);
  }

  #knownType(name: string, number: number | undefined): DataType {
    const dtype = number === undefined ? undefined : dataTypeFromNumber(number);
    if (dtype === undefined) {
      throw new ModelError("unsupported-type", `operation ${this.describe()} has no type that is known in ${name}`);
    }
    return dtype;
  }
}

/** How messages name an operation: type, node, signature. */
export function describeOperation(node: { readonly op: string; readonly name: string }, signature: string): string {
  return `${node.op} (node ${JSON.stringify(node.name)}, signature ${JSON.stringify(signature)})`;
}
