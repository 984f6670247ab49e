import { dataTypeFromNumber, decodeTensor, type FillBudget, type Tensor } from "@sealserve/protocol";

import { ModelError, refuseMalformed } from "../errors.ts";
import { LookupTable } from "../interpreter/lookup/lookup-table.ts";
import type { FlatNode, FlatSource } from "./flat-graph.ts";
import { parseTextFile } from "./table-text.ts";
import { restoredTensors } from "./variables.ts";

/** What tables are filled from. */
export interface TableSources {
  readonly fill: FillBudget;
  /** Content of the asset that a node stands for; undefined when it stands for none. */
  readonly asset: (node: string) => Uint8Array | undefined;
  /** Tensor of the model's checkpoint; undefined when the model has none. @throws ModelError */
  readonly stored: (key: string) => Tensor | undefined;
  /** Where a value comes from, past what only hands it on. */
  readonly origin: (source: FlatSource) => FlatSource;
}

/** Operations that make a table. */
export const TABLE_OPERATIONS: ReadonlySet<string> = new Set(["HashTable", "HashTableV2", "MutableHashTableV2"]);
/** Operations that fill a table with two tensors. */
const FROM_TENSORS: ReadonlySet<string> = new Set([
  "InitializeTable",
  "InitializeTableV2",
  "LookupTableImport",
  "LookupTableImportV2",
]);
/** Operations that fill a table from a file. */
const FROM_TEXT_FILE: ReadonlySet<string> = new Set(["InitializeTableFromTextFile", "InitializeTableFromTextFileV2"]);

/** An empty table as a node declares it; undefined when a type is unknown. */
export function declaredTable(node: FlatNode): LookupTable | undefined {
  const [keys, values] = ["key_dtype", "value_dtype"].map((name) =>
    dataTypeFromNumber(node.attribute(name)?.type ?? 0),
  );
  return keys === undefined || values === undefined ? undefined : new LookupTable({ keys, values });
}

/**
 * Does what a node does to a table.
 * @returns false for a node that fills no table, or fills it with something that is computed
 * @throws ModelError `bad-graph` for content that does not fit the table, and for an asset that is not there
 */
export function fillTable(table: LookupTable, node: FlatNode, sources: TableSources): boolean {
  if (FROM_TENSORS.has(node.op)) {
    const [keys, values] = [node.inputs[1], node.inputs[2]].map((source) => knownTensor(source, sources));
    return keys !== undefined && values !== undefined && addEntries(table, node, keys, values);
  }
  const file = FROM_TEXT_FILE.has(node.op) ? assetContent(node, sources) : undefined;
  if (file === undefined) {
    return false;
  }
  const [keys, values] = parseTextFile(node, table.types, file);
  return addEntries(table, node, keys, values);
}

/** Whether a node fills a table. */
export function fillsTable({ op }: FlatNode): boolean {
  return FROM_TENSORS.has(op) || FROM_TEXT_FILE.has(op);
}

function addEntries(table: LookupTable, node: FlatNode, keys: Tensor, values: Tensor): true {
  const { types } = table;
  const what = `the table that node ${JSON.stringify(node.name)} fills`;
  if (keys.dtype !== types.keys || values.dtype !== types.values || keys.data.length !== values.data.length) {
    throw new ModelError("bad-graph", `${what} has other types, or gets another number of keys than of values`);
  }
  if (table.add(keys, values) !== undefined) {
    throw new ModelError("bad-graph", `${what} gets two values for one key`);
  }
  return true;
}

/** A tensor that is in the graph or in the checkpoint; undefined for one that is computed. */
function knownTensor(source: FlatSource | undefined, { fill, stored, origin }: TableSources): Tensor | undefined {
  const original = source && origin(source);
  if (original === undefined || !("node" in original)) {
    return undefined;
  }
  const { node, output } = original;
  if (node.op === "RestoreV2") {
    const restored = restoredTensors(node, fill)[output];
    return restored === undefined || restored.slice !== undefined ? undefined : stored(restored.key);
  }
  if (node.op !== "Const") {
    return undefined;
  }
  return refuseMalformed("bad-graph", `constant ${JSON.stringify(node.name)}`, () =>
    decodeTensor(node.attribute("value")?.tensor ?? new Uint8Array(), { fill }),
  );
}

function assetContent(node: FlatNode, { asset, origin }: TableSources): Uint8Array | undefined {
  const source = node.inputs[1] && origin(node.inputs[1]);
  return source !== undefined && "node" in source ? asset(source.node.name) : undefined;
}
