import type { NodeDef } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import type { GraphLibrary } from "../saved-model/graph-library.ts";
import { type ReachedNode, ReachedNodes } from "../saved-model/reached-nodes.ts";
import { GivenPaths } from "./given-paths.ts";

/** What the loader does with the model's own variables, and nobody else may do; their first input is the checkpoint's path. */
const RESTORING = ["Restore", "RestoreSlice", "RestoreV2"];
/** What fills a table from a text file, and may do so from an asset of the model alone; the path is the second input. */
const TABLES = ["InitializeTableFromTextFile", "InitializeTableFromTextFileV2"];
const CHECKPOINTS = ["Save", "SaveSlices", "SaveV2", "MergeV2Checkpoints", "DTensorRestoreV2", "LoadAndRemapMatrix"];
const FILES = ["ReadFile", "WriteFile", "MatchingFiles", "GenerateVocabRemapping", "FileSystemSetConfiguration"];
/** By an attribute: a file as a constant, a corpus, files that match, and one that statistics are written to. */
const MORE_FILES = ["ImmutableConst", "Skipgram", "RecordInput", "CalibrationStatisticsSaver"];
const TENSORRT = ["InitializeTRTResource", "SerializeTRTResource", "CreateTRTResourceHandle", "TRTEngineOp"];
const PYTHON = ["PyFunc", "PyFuncStateless", "EagerPyFunc"];
const NETWORK = ["RpcCall", "RpcClient", "RpcServer", "RemoteCall", "Rpc", "TryRpc", "RegisterDataset"];
const CLOUD = [
  "BigQueryReader",
  "GenerateBigQueryReaderPartitions",
  "GcsConfigureCredentials",
  "GcsConfigureBlockCache",
];
/** Between processes and devices of a cluster. */
const SENDING = ["Send", "Recv", "_Send", "_Recv", "_HostSend", "_HostRecv"];
/** What these run stands in a text or tensor, where it is not looked for. */
const PROGRAMS = ["DatasetFromGraph", "DeserializeIterator", "RemoteFusedGraphExecute", "MlirPassthroughOp"];
const XLA_PROGRAMS = ["XlaCustomCall", "_TPUCompileMlir", "_XlaHostComputeMlir"];
const SUMMARIES = ["CreateSummaryDbWriter", "CreateSummaryFileWriter"];
/** The first two run debugging operations that their attribute names. */
const DEBUGGING = ["Copy", "CopyHost", "DebugIdentity", "DebugNanCount", "DebugNumericSummary", "DumpTensor"];
const READERS = ["FixedLengthRecordReader", "TextLineReader", "LMDBReader", "TFRecordReader", "WholeFileReader"];
const DATASETS = ["CSVDataset", "FixedLengthRecordDataset", "LMDBDataset", "MatchingFilesDataset", "SqlDataset"];
const MORE_DATASETS = ["TextLineDataset", "TFRecordDataset", "DatasetToTFRecord", "DataServiceDataset"];
const STORED_DATASETS = ["CacheDataset", "LoadDataset", "SaveDataset", "DistributedSave", "SnapshotDataset"];
const SNAPSHOTS = [
  "SnapshotDatasetReader",
  "SnapshotNestedDatasetReader",
  "SnapshotChunkDataset",
  "ListSnapshotChunksDataset",
];

/**
 * Operations by which a graph reaches files, other machines or a Python interpreter that it names itself, whatever their version. Those
 * of custom libraries do not count: none is ever loaded.
 */
const OUTWARD_OPERATIONS: ReadonlySet<string> = new Set([
  ...RESTORING,
  ...TABLES,
  ...CHECKPOINTS,
  ...FILES,
  ...MORE_FILES,
  ...TENSORRT,
  ...PYTHON,
  ...NETWORK,
  ...CLOUD,
  ...SENDING,
  ...PROGRAMS,
  ...XLA_PROGRAMS,
  ...SUMMARIES,
  ...DEBUGGING,
  ...READERS,
  ...DATASETS,
  ...MORE_DATASETS,
  ...STORED_DATASETS,
  ...SNAPSHOTS,
]);
/** Newer forms of an operation, and those on trial, have its name with this before and behind. */
const VARIANT = /^(?:Experimental)?(?<name>.*?)(?:V\d+)?$/;
/** A text attribute that may name a file, and what keeps the operation inside. */
interface Place {
  readonly attribute: string;
  readonly inside: (text: string) => boolean;
}
const PRINTING: Place = {
  attribute: "output_stream",
  inside: (text) => ["", "stdout", "stderr", "log(info)", "log(warning)", "log(error)"].includes(text),
};
/** Of protocol buffers: those of the program, or in the attribute itself. */
const DESCRIPTORS: Place = {
  attribute: "descriptor_source",
  inside: (text) => text === "" || text === "local://" || text.startsWith("bytes://"),
};
const PLACES: ReadonlyMap<string, Place> = new Map([
  ["Print", PRINTING],
  ["DecodeProto", DESCRIPTORS],
  ["EncodeProto", DESCRIPTORS],
  ["FixedUnigramCandidateSampler", { attribute: "vocab_file", inside: (text) => text === "" }],
]);

/** What TensorFlow may be asked to run at one time. */
export interface Reach {
  /** Tensors and operations that are asked for. */
  readonly fetched: readonly string[];
  /** Tensors whose values come with the call, so that what would compute them does not run. */
  readonly fed: readonly string[];
  /** For the loader's restoring of variables, the tensor that it feeds with the path of the model's own checkpoint. */
  readonly checkpoint?: string | undefined;
  /** For what the loader runs, the tensors that it feeds with the paths of the model's own assets. */
  readonly assets?: readonly string[] | undefined;
}

/** Operations that may read what the loader has given them the path of. */
interface Permission {
  readonly operations: readonly string[];
  /** Position of the path among their inputs. */
  readonly input: number;
  readonly paths: GivenPaths;
}

/** Nodes and their inputs that are looked at over all signatures; a model of 5000 nodes and 100 signatures has a million. */
const MAX_STEPS = 20_000_000;

/**
 * Refuses a graph that reaches out of the model (threat D10). Of functions that are called, all of the body counts.
 *
 * @throws ModelError `unsupported-op`, naming the node; `too-large` when it cannot be told in reasonable time; `bad-graph`
 */
export function refuseOutwardOperations(library: GraphLibrary, reaches: readonly Reach[], maxSteps = MAX_STEPS): void {
  const reading: [ReachedNode, Permission][] = [];
  // What restoring puts into variables is there when tables are filled.
  const assets = new GivenPaths(
    library,
    reaches.flatMap((reach) => reach.assets ?? []),
  );
  let steps = 0;
  for (const reach of reaches) {
    const permissions = permissionsOf(reach, library, assets);
    for (const reached of new ReachedNodes(library, reach.fed).from(reach.fetched)) {
      steps += 1 + reached.node.input.length;
      if (steps > maxSteps) {
        throw new ModelError("too-large", "the graph has too many nodes for its number of signatures", {
          remedy: "export fewer signatures, or each in a model of its own",
        });
      }
      for (const { paths } of permissions) {
        paths.add(reached);
      }
      const permission = permissions.find(({ operations }) => operations.includes(reached.node.op));
      if (permission === undefined) {
        refuseOutward(reached.node);
      } else {
        reading.push([reached, permission]);
      }
    }
  }
  // Where an argument comes from is known when all calls are.
  for (const [reached] of reading.filter(([node, { paths, input }]) => !paths.isOwn(node, input))) {
    refuseOutward(reached.node);
  }
}

function permissionsOf({ checkpoint, assets }: Reach, library: GraphLibrary, ofAssets: GivenPaths): Permission[] {
  return [
    ...(checkpoint === undefined
      ? []
      : [{ operations: RESTORING, input: 0, paths: new GivenPaths(library, [checkpoint]) }]),
    ...(assets === undefined ? [] : [{ operations: TABLES, input: 1, paths: ofAssets }]),
  ];
}

function refuseOutward({ name, op, attr }: NodeDef): void {
  const place = placeOf(op);
  const text = place === undefined ? undefined : attr.get(place.attribute);
  // An attribute of another type than text is for TensorFlow to refuse, but not to be relied on.
  const names = text !== undefined && !place?.inside(Buffer.from(text.s ?? [0]).toString("latin1"));
  if (isAlwaysOutward(op) || names) {
    throw new ModelError("unsupported-op", `node ${JSON.stringify(name)} reaches out of the model by ${op}`, {
      remedy: TABLES.includes(op)
        ? "export the model with its vocabulary as an asset, and read that when the model is loaded"
        : "export the model without it: what files and other services give belongs into the request",
    });
  }
}

/** Whether an operation of TensorFlow is refused, whatever it is given or by what its attributes say. */
export function isRestricted(op: string): boolean {
  return isAlwaysOutward(op) || placeOf(op) !== undefined;
}

function isAlwaysOutward(op: string): boolean {
  return OUTWARD_OPERATIONS.has(op) || OUTWARD_OPERATIONS.has(plainName(op));
}

function placeOf(op: string): Place | undefined {
  return PLACES.get(op) ?? PLACES.get(plainName(op));
}

function plainName(op: string): string {
  return VARIANT.exec(op)?.groups?.["name"] ?? "";
}
