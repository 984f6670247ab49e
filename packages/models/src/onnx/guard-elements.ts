import { encodeWith, field, message, repeated, WireReader, type WireWriter, wireTypes } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import { withBodies } from "./bodies.ts";
import { functionKey } from "./check-functions.ts";
import { AttributeProto, AttributeTypeEnum, type ModelProto, NodeProto } from "./schema.ts";
import { makeInitialiser, makeNode } from "./write.ts";

/**
 * Operations at which the engine (onnxruntime 1.30) may end the process when it computes that they have no steps, an empty batch or
 * no features, or may give memory that it has not set; those of its own are made of the same code. All take [steps, batch,
 * features] first.
 */
const RECURRENT: ReadonlySet<string> = new Set([
  ...["", "ai.onnx"].flatMap((domain) => ["GRU", "LSTM", "RNN"].map((name) => functionKey({ domain, name }))),
  ...["AttnLSTM", "DynamicQuantizeLSTM"].map((name) => functionKey({ domain: "com.microsoft", name })),
]);

/**
 * Other operations at which it ends the process for inputs of some shapes without elements.
 */
const NEEDS_ELEMENTS: ReadonlySet<string> = new Set(
  ["", "ai.onnx"].flatMap((domain) =>
    ["DFT", "Einsum", "InstanceNormalization", "Multinomial", "TopK", "Unique"].map((name) =>
      functionKey({ domain, name }),
    ),
  ),
);

/** Name of the operations that stand before a recurrent one, by which their failures are known. */
export const RECURRENT_GUARD = "sealserve_recurrent_guard";
/** The same before the others. */
export const ELEMENTS_GUARD = "sealserve_elements_guard";

/**
 * What a tensor of three dimensions is reshaped to, one after the other. Each leaves it as it is, as 0 stands for the size that is
 * there; but -1 cannot be worked out beside a size of 0, so that the engine gives the run up.
 */
const THREE_DIMENSIONS: readonly (readonly bigint[])[] = [
  [0n, 0n, -1n],
  [-1n, 0n, 0n],
];

/**
 * What a matrix of one row is reshaped to, which stays one: the number of columns cannot be 0. A tensor of any shape is made such a
 * matrix and brought back. Its size is not asked for, since the engine would take that from what the model declares.
 */
const ONE_ROW = [-1n, 0n];

/** A field whose messages are looked into, by its number (onnx.proto3). */
type Fields = ReadonlyMap<number, (content: Uint8Array, writer: WireWriter) => void>;

/** What has to be known of a node. */
const NodeHead = message("onnx.NodeProto", {
  input: repeated(1, "string"),
  opType: field(4, "string"),
  domain: field(7, "string"),
});
const INPUT = 1;
const NODE = { graph: 1, function: 7 };

/**
 * A model whose recurrent operations and others at which the engine would end the process, in bodies and functions too, are given
 * nothing without elements: such a run fails. What is asked with does not tell, since a model may compute its sizes.
 * @param bytes of a model that has been checked
 * @returns `bytes` themselves for a model without such operations; else a copy in which all else stands as it stood
 * @throws ModelError `bad-onnx` for such an operation without its first input
 */
export function guardElements(bytes: Uint8Array, { graph, functions }: ModelProto): Uint8Array {
  const nodes = [...(graph?.node ?? []), ...functions.flatMap(({ node }) => node)];
  return [...withBodies(nodes)].some(isGuarded) ? new Guarding().model(bytes) : bytes;
}

function isRecurrent({ domain, opType }: Pick<NodeProto, "domain" | "opType">): boolean {
  return RECURRENT.has(functionKey({ domain, name: opType }));
}

function needsElements({ domain, opType }: Pick<NodeProto, "domain" | "opType">): boolean {
  return NEEDS_ELEMENTS.has(functionKey({ domain, name: opType }));
}

function isGuarded(node: NodeProto): boolean {
  return isRecurrent(node) || needsElements(node);
}

/** Copies a model field by field: a schema would lose what it does not know. */
class Guarding {
  #guarded = 0;
  readonly #bodies: Fields = new Map([6, 11].map((number) => [number, this.#messages(number, () => this.#graph)]));
  readonly #attributes: Fields = new Map([[5, this.#messages(5, () => this.#bodies)]]);
  readonly #graph: Fields = new Map([[NODE.graph, this.#nodes(NODE.graph)]]);
  readonly #function: Fields = new Map([[NODE.function, this.#nodes(NODE.function)]]);

  model(bytes: Uint8Array): Uint8Array {
    const fields: Fields = new Map([
      [7, this.#messages(7, () => this.#graph)],
      [25, this.#messages(25, () => this.#function)],
    ]);
    return encodeWith((writer) => copyFields(bytes, fields, writer));
  }

  #messages(number: number, fields: () => Fields): (content: Uint8Array, writer: WireWriter) => void {
    return (content, writer) =>
      writer.tag(number, wireTypes.lengthDelimited).delimited((inner) => copyFields(content, fields(), inner));
  }

  #nodes(number: number): (content: Uint8Array, writer: WireWriter) => void {
    return (content, writer) => {
      const head = NodeHead.decode(content);
      const write = (nodes: readonly NodeProto[]): void => {
        for (const node of nodes) {
          writer.tag(number, wireTypes.lengthDelimited).bytes(NodeProto.encode(node));
        }
      };
      const names = this.#guardInputs(head, write);
      const fields = names.length === 0 ? this.#attributes : new Map([...this.#attributes, [INPUT, rename(names)]]);
      writer.tag(number, wireTypes.lengthDelimited).delimited((inner) => copyFields(content, fields, inner));
    };
  }

  /** Adds what checks inputs of a node. @returns names of the first inputs behind it; none for a node that is not guarded */
  #guardInputs(node: Pick<NodeProto, "domain" | "opType" | "input">, write: (nodes: readonly NodeProto[]) => void) {
    const { domain, opType, input } = node;
    if (isRecurrent(node)) {
      return [this.#guardSequence(expectFirst(input, "a recurrent operation"), write)];
    }
    if (!needsElements(node)) {
      return [];
    }
    const guarded = opType === "Einsum" ? input : [expectFirst(input, `${domain}${opType}`)];
    return guarded.map((name) => this.#guardTensor(name, write));
  }

  /** Checks a tensor of three dimensions. @returns name of the value behind it */
  #guardSequence(input: string, write: (nodes: readonly NodeProto[]) => void): string {
    return THREE_DIMENSIONS.reduce((value, shape) => {
      const name = `${RECURRENT_GUARD}_${this.#guarded++}`;
      write(reshape(value, shape, name));
      return name;
    }, input);
  }

  /** Checks a tensor of any shape. @returns name of the value behind it */
  #guardTensor(input: string, write: (nodes: readonly NodeProto[]) => void): string {
    const name = `${ELEMENTS_GUARD}_${this.#guarded++}`;
    const axis = AttributeProto.create({ name: "axis", i: 0n, type: AttributeTypeEnum.values["INT"] ?? 0 });
    write([
      makeNode("Shape", [input], [`${name}_given`]),
      makeNode("Flatten", [input], [`${name}_row`], [axis]),
      ...reshape(`${name}_row`, ONE_ROW, `${name}_checked`),
      makeNode("Reshape", [`${name}_checked`, `${name}_given`], [name]),
    ]);
    return name;
  }
}

function expectFirst([first = ""]: readonly string[], what: string): string {
  if (first === "") {
    throw new ModelError("bad-onnx", `${what} of the ONNX model lacks its first input`);
  }
  return first;
}

/** Operations that give a value another shape. */
function reshape(value: string, shape: readonly bigint[], name: string): NodeProto[] {
  const t = makeInitialiser("", { dtype: "int64", shape: [shape.length], data: BigInt64Array.from(shape) });
  const attribute = AttributeProto.create({ name: "value", t, type: AttributeTypeEnum.values["TENSOR"] ?? 0 });
  return [
    makeNode("Constant", [], [`${name}_shape`], [attribute]),
    makeNode("Reshape", [value, `${name}_shape`], [name]),
  ];
}

/** Writes `names` for the first inputs of a node, and the others as they are. */
function rename(names: readonly string[]): (content: Uint8Array, writer: WireWriter) => void {
  let place = 0;
  return (content, writer) => {
    const name = names[place++];
    writer.tag(INPUT, wireTypes.lengthDelimited);
    if (name === undefined) {
      writer.bytes(content);
    } else {
      writer.string(name);
    }
  };
}

/** Copies the fields of a message: those that `fields` has as it says, others byte by byte. */
function copyFields(bytes: Uint8Array, fields: Fields, writer: WireWriter): void {
  const reader = new WireReader(bytes);
  for (let start = 0; reader.next(); start = bytes.length - reader.remaining) {
    const copy = reader.wireType === wireTypes.lengthDelimited ? fields.get(reader.fieldNumber) : undefined;
    if (copy === undefined) {
      reader.skip();
      writer.raw(bytes.subarray(start, bytes.length - reader.remaining));
    } else {
      copy(reader.bytes(), writer);
    }
  }
}
