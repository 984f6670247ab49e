import { decodeUtf8 } from "@sealserve/core";
import {
  type AttrValue,
  type DataType,
  dataTypeFromNumber,
  decodeTensor,
  type FillBudget,
  isNumberData,
  type Tensor,
} from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import type { FlatNode } from "../saved-model/flatten.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";

/** Gives the value of a variable by its identity, as the checkpoint has it; undefined when nothing restores it. */
export type ReadVariable = (identity: string) => Value | undefined;

/** Turns one TensorFlow operation into ONNX operations and gives the value of its first output. */
export type Lowering = (operation: Operation, graph: OnnxGraph, readVariable: ReadVariable) => Value;

/**
 * A TensorFlow operation on its way to ONNX. Attributes that hold their default may be missing from the file, so every
 * reader takes the default.
 */
export class Operation {
  readonly node: FlatNode;
  readonly inputs: readonly Value[];
  readonly #signature: string;
  readonly #fill: FillBudget;

  /** @param fill what the model's constants may still fill up */
  constructor(node: FlatNode, inputs: readonly Value[], signature: string, fill: FillBudget) {
    this.node = node;
    this.inputs = inputs;
    this.#signature = signature;
    this.#fill = fill;
  }

  /** @throws ModelError `bad-graph` when there are fewer inputs */
  input(position: number): Value {
    const value = this.inputs[position];
    if (value === undefined) {
      throw new ModelError("bad-graph", `operation ${this.#describe()} lacks input ${position}`);
    }
    return value;
  }

  /**
   * Whole numbers of an input that has to be a constant, such as the axes of a reduction.
   * @throws ModelError `unsupported-op` when it is computed
   */
  constantIntegers(position: number): readonly number[] {
    const { constant } = this.input(position);
    if (constant === undefined || !isNumberData(constant.data)) {
      return this.refuse(`its input ${position} is not a constant`);
    }
    return Array.from(constant.data, Number);
  }

  /** {@link constantIntegers} for an input that holds one number. */
  constantInteger(position: number): number {
    const [value, ...rest] = this.constantIntegers(position);
    return value === undefined || rest.length > 0 ? this.refuse(`its input ${position} is not one number`) : value;
  }

  integer(name: string, fallback: number): number {
    const value = this.#attribute(name)?.i;
    return value === undefined ? fallback : Number(value);
  }

  integers(name: string, fallback: readonly number[] = []): readonly number[] {
    const list = this.#attribute(name)?.list;
    return list === undefined ? fallback : Array.from(list.i, Number);
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

  /** @throws ModelError `unsupported-type` for reference types and unknown ones */
  type(name: string, fallback?: DataType): DataType {
    const number = this.#attribute(name)?.type;
    const dtype = number === undefined ? fallback : dataTypeFromNumber(number);
    if (dtype === undefined) {
      throw new ModelError("unsupported-type", `operation ${this.#describe()} has no type that is known in ${name}`);
    }
    return dtype;
  }

  /**
   * The tensor of a constant.
   * @throws ModelError `bad-graph`
   * @throws ProtocolError when it is malformed, or repeats its values beyond what the model may
   */
  tensor(name: string): Tensor {
    const value = this.#attribute(name)?.tensor;
    if (value === undefined) {
      throw new ModelError("bad-graph", `operation ${this.#describe()} lacks its tensor ${name}`);
    }
    return decodeTensor(value, { fill: this.#fill });
  }

  /** Ends the import of the signature. @param reason completes "is not supported: " */
  refuse(reason: string): never {
    throw new ModelError("unsupported-op", `operation ${this.#describe()} is not supported: ${reason}`);
  }

  #attribute(name: string): AttrValue | undefined {
    return this.node.attribute(name);
  }

  #describe(): string {
    return describeOperation(this.node, this.#signature);
  }
}

/** How messages name an operation: type, node, signature. */
export function describeOperation(node: { readonly op: string; readonly name: string }, signature: string): string {
  return `${node.op} (node ${JSON.stringify(node.name)}, signature ${JSON.stringify(signature)})`;
}
