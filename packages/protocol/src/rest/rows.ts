import { invalidArgument, ServingError } from "../status/serving-error.ts";
import type { DataType } from "../tensor/data-type.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { base64Text } from "./base64-bytes.ts";
import { denseShape, fillTensor } from "./dense.ts";
import { describeNode } from "./json/describe.ts";
import type { JsonDocument } from "./json/document.ts";
import { type JsonList, type JsonNode, JsonRecord, NumberBlock, sizeOf } from "./json/node.ts";
import { TensorBuilder } from "./tensor-builder.ts";

/**
 * Tensors from a list with one element for each row of the batch: a value where there is one tensor, an object with all
 * names where there are several.
 * @param types data type of each named tensor
 * @throws ServingError with TensorFlow Serving's messages
 */
export function tensorsFromRows(
  rows: NumberBlock | JsonList,
  types: ReadonlyMap<string, DataType>,
  document: JsonDocument,
): Map<string, Tensor> {
  if (rows instanceof NumberBlock) {
    return tensorFromBlock(rows, types, document);
  }
  const first = rows.items[0] ?? null;
  if (!(first instanceof JsonRecord) && types.size > 1) {
    throw plainList();
  }
  const batch = new Batch(types, document);
  const expectObjects = isNamedRow(first);
  rows.items.forEach((row, index) => {
    if (isNamedRow(row) !== expectObjects) {
      const [expected, actual] = expectObjects ? ["object", "list"] : ["value/list", "object"];
      throw invalidArgument(`Expecting ${expected} but got ${actual} at item ${index} of input list`);
    }
    if (expectObjects && row instanceof JsonRecord) {
      batch.addObject(row, index);
    } else {
      batch.addValue(row, index);
    }
  });
  return batch.finish(rows.items.length);
}

/** The short way for a batch that is nothing but numbers in lists of equal sizes. */
function tensorFromBlock(
  rows: NumberBlock,
  types: ReadonlyMap<string, DataType>,
  document: JsonDocument,
): Map<string, Tensor> {
  const [entry, ...others] = types;
  if (entry === undefined || others.length > 0) {
    throw plainList();
  }
  const [name, dtype] = entry;
  const builder = new TensorBuilder(document, dtype);
  const refused = builder.addBlock(rows);
  if (refused >= 0) {
    const row = Math.floor((refused - rows.from) / sizeOf(rows.shape.slice(1)));
    throw failedRow(row, "", builder.refuseNumber(refused));
  }
  return new Map([[name, builder.finish(rows.shape)]]);
}

/** The tensors of a batch while its rows are read. */
class Batch {
  readonly #types: ReadonlyMap<string, DataType>;
  readonly #document: JsonDocument;
  readonly #columns = new Map<string, Column>();
  readonly #names: string;

  constructor(types: ReadonlyMap<string, DataType>, document: JsonDocument) {
    this.#types = types;
    this.#document = document;
    this.#names = [...types.keys()].sort().join(",");
  }

  addObject(row: JsonRecord, index: number): void {
    const names = new Set<string>();
    for (const [name, value] of row.members) {
      this.#addItem(name, value, index, ` key: ${name}`);
      names.add(name);
    }
    if (names.size !== row.members.length || [...names].sort().join(",") !== this.#names) {
      const object = describeNode(row, this.#document);
      const message = `JSON object: ${object} keys must be equal to: ${this.#names}`;
      throw invalidArgument(`Failed to process element: ${index} of 'instances' list. ${message}`);
    }
  }

  addValue(row: JsonNode, index: number): void {
    const [name] = this.#types.keys();
    if (name === undefined || this.#types.size > 1) {
      throw plainList();
    }
    this.#addItem(name, row, index, "");
  }

  finish(rows: number): Map<string, Tensor> {
    const tensors = new Map<string, Tensor>();
    for (const [name, column] of this.#columns) {
      tensors.set(name, column.finish(rows));
    }
    return tensors;
  }

  #addItem(name: string, value: JsonNode, row: number, key: string): void {
    try {
      this.#column(name).add(value);
    } catch (error) {
      throw error instanceof ServingError ? failedRow(row, key, error) : error;
    }
  }

  #column(name: string): Column {
    const dtype = this.#types.get(name);
    if (dtype === undefined) {
      throw invalidArgument(`JSON object: does not have named input: ${name}`);
    }
    let column = this.#columns.get(name);
    if (column === undefined) {
      column = new Column(this.#document, dtype);
      this.#columns.set(name, column);
    }
    return column;
  }
}

/** One tensor of a batch: its rows must all have the shape of the first one. */
class Column {
  readonly #document: JsonDocument;
  readonly #builder: TensorBuilder;
  #shape: readonly number[] | undefined;
  #size = 0;

  constructor(document: JsonDocument, dtype: DataType) {
    this.#document = document;
    this.#builder = new TensorBuilder(document, dtype);
  }

  add(value: JsonNode): void {
    const shape = denseShape(value);
    const before = this.#builder.length;
    fillTensor(value, shape, this.#builder, this.#document);
    const size = this.#builder.length - before;
    if (this.#shape === undefined) {
      this.#shape = shape;
      this.#size = size;
    } else if (size !== this.#size) {
      throw invalidArgument(`Expecting tensor size: ${this.#size} but got: ${size}`);
    } else if (shape.join(",") !== this.#shape.join(",")) {
      throw invalidArgument(`Expecting shape [${this.#shape.join(",")}] but got: [${shape.join(",")}]`);
    }
  }

  finish(rows: number): Tensor {
    return this.#builder.finish([rows, ...(this.#shape ?? [])]);
  }
}

/** Whether a row is an object by names, and not a byte string. */
function isNamedRow(row: JsonNode): boolean {
  return row instanceof JsonRecord && base64Text(row) === undefined;
}

function plainList(): ServingError {
  return invalidArgument(
    "instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map",
  );
}

function failedRow(row: number, key: string, cause: ServingError): ServingError {
  const where = `Failed to process element: ${row}${key} of 'instances' list.`;
  return invalidArgument(`${where} Error: ${cause.code}: ${cause.message}`);
}
