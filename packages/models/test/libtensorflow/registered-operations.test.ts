// All operations that a TensorFlow library has, against the list of those that reach out of a model.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dataTypeNumber, type OpDef, OpList } from "@sealserve/protocol";
import koffi from "koffi";

import { libraries, skipWithoutLibrary } from "../../../../tests/support/libtensorflow.ts";
import { openCApi } from "../../src/libtensorflow/c-api.ts";
import { isRestricted } from "../../src/libtensorflow/outward-operations.ts";

/** Names of texts that may say a place outside of the model, or hold a program. */
const PLACE =
  /file|path|dir$|directory|addr|host|server|ur[li]|end_?point|descriptor|memory_region|target|prefix|pattern|source|protocol|graph|module|serialized_(?!sparse|sum|opt)|spec$/;
const TEXT = dataTypeNumber("string");
/** Read one by one: what they are given stays inside. */
const HARMLESS: ReadonlySet<string> = new Set([
  // Names are put together here, not opened.
  "ShardedFilename",
  "ShardedFilespec",
  // Patterns of regular expressions.
  "RegexFullMatch",
  "RegexReplace",
  "StaticRegexFullMatch",
  "StaticRegexReplace",
  // The name of counters in memory.
  "SetStatsAggregatorDataset",
  "ExperimentalSetStatsAggregatorDataset",
  // Which gradient an array belongs to.
  "TensorArrayGrad",
  "TensorArrayGradV2",
  "TensorArrayGradV3",
  "TensorArrayGradWithShape",
  // Compiled for this machine: it may call functions of the graph, which count as reached.
  "XlaCallModule",
  // Without a TPU they have no kernels.
  "TPUReplicateMetadata",
  "_TPUReplicate",
]);

function placesOf({ inputArg, attr }: OpDef): string[] {
  const inputs = inputArg.filter(({ type }) => type === TEXT);
  const attributes = attr.filter(({ type }) => type === "string" || type === "list(string)");
  return [...inputs, ...attributes].map(({ name }) => name).filter((name) => PLACE.test(name));
}

async function registeredOperations(library: string): Promise<readonly OpDef[]> {
  // It stays loaded then: its threads outlive the test.
  await openCApi(library);
  const buffer = koffi.struct({ data: "void *", length: "size_t", deallocator: "void *" });
  const list: () => bigint = koffi.load(library).func("void *TF_GetAllOpList()");
  const { data, length }: { data: bigint; length: number } = koffi.decode(list(), buffer);
  return OpList.decode(new Uint8Array(koffi.view(data, length))).op;
}

for (const library of libraries.length > 0 ? libraries : ["libtensorflow"]) {
  test(`each operation of ${library} that may be told a place is refused, or known to stay inside`, {
    skip: skipWithoutLibrary,
  }, async () => {
    const operations = await registeredOperations(library);
    assert.ok(operations.length > 1000, `${operations.length} operations`);
    const unknown = operations
      .map((operation): [string, string[]] => [operation.name, placesOf(operation)])
      .filter(([name, places]) => places.length > 0 && !isRestricted(name) && !HARMLESS.has(name));
    assert.deepEqual(unknown, []);
  });
}
