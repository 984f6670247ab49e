import type { MetaGraphDef } from "@sealserve/protocol";

import type { Checkpoint } from "../bundle/checkpoint.ts";
import type { LookupTable } from "../interpreter/lookup/lookup-table.ts";
import type { ReadableFiles } from "../model-files.ts";
import type { FlatNode, FlatSource } from "./flat-graph.ts";
import { flatten } from "./flatten.ts";
import type { GraphLibrary } from "./graph-library.ts";
import { assetFiles, initialisationOperation } from "./initialisation.ts";
import { liftLoops } from "./loops/lift-loops.ts";
import { originalSource } from "./pass-through.ts";
import { declaredTable, fillsTable, fillTable, TABLE_OPERATIONS, type TableSources } from "./table-content.ts";
import { variableIdentity } from "./variables.ts";

/**
 * The tables of a model by their identity, filled with what its initialisation and its restoring put there; undefined for
 * one whose content is computed.
 * @throws ModelError `bad-graph` and others
 */
export function fillTables(
  library: GraphLibrary,
  metaGraph: MetaGraphDef,
  files: ReadableFiles,
  checkpoint: Checkpoint | undefined,
): Map<string, LookupTable | undefined> {
  const tables = new Map<string, LookupTable | undefined>();
  const targets = [initialisationOperation(metaGraph), metaGraph.saverDef?.restoreOpName];
  for (const target of targets) {
    const request = { fed: [], fetched: [], targets: target ? [target] : [] };
    const { effects } = flatten(liftLoops(library, request), request);
    const sources: TableSources = {
      fill: library.fill,
      asset: assetReader(metaGraph, files),
      stored: (key) => checkpoint?.read(key),
      origin: originFinder(effects),
    };
    for (const node of effects.filter(fillsTable)) {
      addContent(tables, node, sources);
    }
  }
  return tables;
}

function addContent(tables: Map<string, LookupTable | undefined>, node: FlatNode, sources: TableSources): void {
  const handle = node.inputs[0] && originalSource(node.inputs[0]);
  if (handle === undefined || !("node" in handle) || !TABLE_OPERATIONS.has(handle.node.op)) {
    return;
  }
  const identity = variableIdentity(handle.node);
  const table = tables.has(identity) ? tables.get(identity) : declaredTable(handle.node);
  const filled = table !== undefined && fillTable(table, node, sources);
  tables.set(identity, filled ? table : undefined);
}

/**
 * Finds where a value comes from, past nodes that hand it on and through variables that are assigned once: newer versions of
 * TensorFlow put the path of an asset into one, and read it from there.
 */
function originFinder(effects: readonly FlatNode[]): TableSources["origin"] {
  const assigned = new Map<string, FlatSource | undefined>();
  for (const { op, inputs } of effects) {
    const variable = op === "AssignVariableOp" ? handleOf(inputs[0]) : undefined;
    if (variable !== undefined) {
      assigned.set(variable, assigned.has(variable) ? undefined : inputs[1]);
    }
  }
  return (source) => {
    const original = originalSource(source);
    const isRead = "node" in original && original.node.op === "ReadVariableOp";
    const variable = isRead ? handleOf(original.node.inputs[0]) : undefined;
    const value = variable === undefined ? undefined : assigned.get(variable);
    return value === undefined ? original : originalSource(value);
  };
}

/** Identity of the variable that a handle is of. */
function handleOf(handle: FlatSource | undefined): string | undefined {
  const original = handle && originalSource(handle);
  const isHandle = original !== undefined && "node" in original && original.node.op === "VarHandleOp";
  return isHandle ? variableIdentity(original.node) : undefined;
}

function assetReader(metaGraph: MetaGraphDef, files: ReadableFiles): TableSources["asset"] {
  const names = assetFiles(metaGraph);
  return (node) => {
    const name = names.get(node);
    return name === undefined ? undefined : files.get(`assets/${name}`);
  };
}
