/** Writes SavedModels for the figures: a graph, its functions, and its variables in a checkpoint. */
import {
  AttrList,
  type AttrValue,
  type DataType,
  dataTypeNumber,
  type FunctionDef,
  type NodeDef,
  type Tensor,
} from "@sealserve/protocol";
import type { CheckpointTensor } from "../../packages/models/src/bundle/checkpoint-writer.ts";
import { constantNode, node, shapeAttr, textTensor, typeAttr } from "../../packages/models/src/examples/graph-def.ts";
import { type FixtureSignature, savedModelFiles } from "../../packages/models/test/fixtures/saved-model.ts";

const floats = typeAttr("float32");
const RESTORE = "save/restore_all";
const FILE = "save/file";

/** A graph under construction. Values go by the names that TensorFlow gives them: a node's, with `:1` for its second output. */
export class SavedModelWriter {
  readonly #nodes: NodeDef[] = [];
  readonly #variables = new Map<string, CheckpointTensor>();
  readonly #initialisers: string[] = [];

  /** Adds an operation on floats. @returns its first output */
  add(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttrValue>> = {},
    name = `${op}_${this.#nodes.length}`,
  ): string {
    this.#nodes.push(node(name, op, inputs, { T: floats, ...attributes }));
    return name;
  }

  placeholder(name: string, dtype: DataType): string {
    this.#nodes.push(node(name, "Placeholder", [], { dtype: typeAttr(dtype) }));
    return name;
  }

  constant(tensor: Tensor): string {
    const name = `Const_${this.#nodes.length}`;
    this.#nodes.push(constantNode(name, tensor));
    return name;
  }

  /** Whole numbers, as TensorFlow keeps axes and shapes. */
  integers(...values: readonly number[]): string {
    return this.constant({ dtype: "int32", shape: [values.length], data: Int32Array.from(values) });
  }

  integer(value: number): string {
    return this.constant({ dtype: "int32", shape: [], data: Int32Array.of(value) });
  }

  /** Adds a variable. @returns its handle */
  handle(shape: readonly number[], values: Float32Array<ArrayBuffer>): string {
    const name = `variable_${this.#variables.size}`;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.#variables.set(name, { dtype: "float32", shape, bytes });
    const attributes = { dtype: floats, shape: shapeAttr(shape), shared_name: { s: Buffer.from(name) } };
    this.#nodes.push(node(name, "VarHandleOp", [], attributes));
    return name;
  }

  /** Adds a variable. @returns its value */
  variable(shape: readonly number[], values: Float32Array<ArrayBuffer>): string {
    const name = `ReadVariableOp_${this.#nodes.length}`;
    this.#nodes.push(node(name, "ReadVariableOp", [this.handle(shape, values)], { dtype: floats }));
    return name;
  }

  /** A node that TensorFlow runs once, when it restores the variables. */
  initialiseBy(name: string): void {
    this.#initialisers.push(name);
  }

  /** The files of the model, whose one signature is `serving_default`. */
  files(signature: FixtureSignature, functions: readonly FunctionDef[] = []): Map<string, Uint8Array> {
    return savedModelFiles({
      nodes: [...this.#nodes, ...this.#restore()],
      functions,
      variables: Object.fromEntries(this.#variables),
      restoreOperation: RESTORE,
      filenameTensor: `${FILE}:0`,
      signatures: { serving_default: signature },
    });
  }

  #restore(): NodeDef[] {
    const names = [...this.#variables.keys()];
    const dtypes = { list: AttrList.create({ type: names.map(() => dataTypeNumber("float32")) }) };
    const assignments = names.map((name, index) =>
      node(`save/${name}`, "AssignVariableOp", [name, `save/RestoreV2:${index}`], { dtype: floats }),
    );
    const targets = [...assignments.map(({ name }) => name), ...this.#initialisers];
    return [
      constantNode(FILE, { ...textTensor(["variables"]), shape: [] }),
      constantNode("save/names", textTensor(names)),
      constantNode("save/slices", textTensor(names.map(() => ""))),
      node("save/RestoreV2", "RestoreV2", [FILE, "save/names", "save/slices"], { dtypes }),
      ...assignments,
      node(
        RESTORE,
        "NoOp",
        targets.map((name) => `^${name}`),
      ),
    ];
  }
}

/** An attribute that is a list of whole numbers, such as strides. */
export function integersAttr(...values: readonly number[]): AttrValue {
  return { list: AttrList.create({ i: BigInt64Array.from(values, BigInt) }) };
}

/** An attribute that is a list of texts. */
export function textsAttr(...values: readonly string[]): AttrValue {
  return { list: AttrList.create({ s: values.map((value) => Buffer.from(value)) }) };
}

/** An attribute that is a text. */
export function textAttr(value: string): AttrValue {
  return { s: Buffer.from(value) };
}
