import type { AttrValue, NodeDef } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import type { GraphLibrary } from "../saved-model/graph-library.ts";
import { parseTensorReference, tensorKey } from "../saved-model/tensor-reference.ts";

/** What the loader does with the model's own variables, and nobody else may do. */
const RESTORING = ["Restore", "RestoreSlice", "RestoreV2"];
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
 * of custom libraries do not count: none is ever loaded. Tables out of text files do not either, since that is how assets are read.
 */
const OUTWARD_OPERATIONS: ReadonlySet<string> = new Set([
  ...RESTORING,
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
  /** Whether it is the loader's restoring of variables. */
  readonly restores: boolean;
}

/** Nodes and their inputs that are looked at over all signatures; a model of 5000 nodes and 100 signatures has a million. */
const MAX_STEPS = 20_000_000;

/**
 * Refuses a graph that reaches out of the model (threat D10). Of functions that are called, all of the body counts.
 *
 * @throws ModelError `unsupported-op`, naming the node; `too-large` when it cannot be told in reasonable time; `bad-graph`
 */
export function refuseOutwardOperations(library: GraphLibrary, reaches: readonly Reach[], maxSteps = MAX_STEPS): void {
  let steps = 0;
  for (const { fetched, fed, restores } of reaches) {
    for (const node of new ReachedNodes(library, fed).from(fetched)) {
      steps += 1 + node.input.length;
      if (steps > maxSteps) {
        throw new ModelError("too-large", "the graph has too many nodes for its number of signatures", {
          remedy: "export fewer signatures, or each in a model of its own",
        });
      }
      if (!(restores && RESTORING.includes(node.op))) {
        refuseOutward(node);
      }
    }
  }
}

function refuseOutward({ name, op, attr }: NodeDef): void {
  const place = placeOf(op);
  const text = place === undefined ? undefined : attr.get(place.attribute);
  // An attribute of another type than text is for TensorFlow to refuse, but not to be relied on.
  const names = text !== undefined && !place?.inside(Buffer.from(text.s ?? [0]).toString("latin1"));
  if (isAlwaysOutward(op) || names) {
    throw new ModelError("unsupported-op", `node ${JSON.stringify(name)} reaches out of the model by ${op}`, {
      remedy: "export the model without it: what files and other services give belongs into the request",
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

/** Nodes that run for what is asked of a graph. */
class ReachedNodes {
  readonly #library: GraphLibrary;
  readonly #fed: ReadonlySet<string>;
  /** Nodes of the graph itself, and functions, that have been given. */
  readonly #seen = new Set<string>();

  constructor(library: GraphLibrary, fed: readonly string[]) {
    this.#library = library;
    this.#fed = new Set(fed.map(tensorKey));
  }

  /** Each node once. @throws ModelError `bad-graph` */
  *from(references: readonly string[]): Generator<NodeDef> {
    const names = this.#nodesOf(references);
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      const node = this.#library.nodes.get(name);
      if (node === undefined || this.#isSeen(`node ${name}`)) {
        continue;
      }
      yield node;
      yield* this.#bodies([node]);
      names.push(...this.#nodesOf(node.input));
    }
  }

  *#bodies(nodes: readonly NodeDef[]): Generator<NodeDef> {
    const waiting = nodes.flatMap(functionsNamedBy);
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      const called = this.#library.functions.get(name);
      if (called !== undefined && !this.#isSeen(`function ${name}`)) {
        yield* called.nodes.values();
        // One by one: there may be more than can be spread into arguments.
        for (const next of [...called.standIns, ...Array.from(called.nodes.values(), functionsNamedBy).flat()]) {
          waiting.push(next);
        }
      }
    }
  }

  #nodesOf(references: readonly string[]): string[] {
    return references.flatMap((text) => {
      const { kind, node } = parseTensorReference(text);
      return kind === "output" && this.#fed.has(tensorKey(text)) ? [] : [node];
    });
  }

  #isSeen(what: string): boolean {
    const seen = this.#seen.has(what);
    this.#seen.add(what);
    return seen;
  }
}

/** A function may also be called by its name, as an operation. */
function functionsNamedBy({ op, attr }: NodeDef): string[] {
  return [op, ...Array.from(attr.values(), functionsIn).flat()];
}

function functionsIn({ func, list }: AttrValue): string[] {
  const named = [...(func === undefined ? [] : [func]), ...(list?.func ?? [])];
  return named.flatMap(({ name, attr }) => [name, ...Array.from(attr.values(), functionsIn).flat()]);
}
