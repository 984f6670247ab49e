import { field, type GrpcCodeName, grpcCodeName, message, ServingError, type Tensor } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import { parseTensorReference } from "../saved-model/tensor-reference.ts";
import type { CApi, Pointer } from "./c-api.ts";
import { createNativeTensor, readNativeTensor } from "./native-tensor.ts";

/** Some of `tensorflow.ConfigProto` (config.proto). */
const ConfigProto = message("tensorflow.ConfigProto", {
  intraOpParallelismThreads: field(2, "int32"),
  interOpParallelismThreads: field(5, "int32"),
  allowSoftPlacement: field(7, "bool"),
  usePerSessionThreads: field(9, "bool"),
});
/** Some of `tensorflow.RunOptions` (config.proto). */
const RunOptions = message("tensorflow.RunOptions", { timeoutInMs: field(2, "int64") });

const POINTER_BYTES = 8;
/** Size of a `TF_Output`: the address of an operation, and the number of one of its outputs with padding. */
const OUTPUT_BYTES = 16;
const MAX_REASON_LENGTH = 300;

/** How a model is loaded and run. */
export interface SessionSettings {
  readonly tags: readonly string[];
  /** Threads for one operation, and operations at one time; undefined: TensorFlow's own choice. */
  readonly threads: number | undefined;
  /** Time that one run may take, milliseconds: then TensorFlow cancels it. */
  readonly maxRunMs: number;
}

/** An output of an operation in the graph: `TF_Output`. */
export interface NativeOutput {
  readonly operation: Pointer;
  readonly index: number;
}

/** A graph with its variables in TensorFlow. */
export class NativeSession {
  readonly #api: CApi;
  readonly #graph: Pointer;
  readonly #session: Pointer;
  readonly #runOptions: Pointer;

  private constructor(api: CApi, graph: Pointer, session: Pointer, { maxRunMs }: SessionSettings) {
    this.#api = api;
    this.#graph = graph;
    this.#session = session;
    const options = RunOptions.encode(RunOptions.create({ timeoutInMs: BigInt(maxRunMs) }));
    this.#runOptions = api.TF_NewBufferFromString(options, options.length);
  }

  /**
   * Has TensorFlow load a SavedModel: its graph, its variables, and what fills its tables.
   *
   * @param directory version folder
   * @throws ModelError `engine-refused` with TensorFlow's reason
   */
  static async load(api: CApi, directory: string, settings: SessionSettings): Promise<NativeSession> {
    const graph = api.TF_NewGraph();
    const options = api.TF_NewSessionOptions();
    const tags = makeTexts(api, settings.tags);
    try {
      const config = encodeConfig(settings);
      await withStatus(api, async (status) => api.TF_SetConfig(options, config, config.length, status));
      const load = (status: Pointer): Promise<Pointer | null> =>
        api.TF_LoadSessionFromSavedModel(
          options,
          null,
          expectText(directory),
          tags.table,
          settings.tags.length,
          graph,
          null,
          status,
        );
      const { result, code, reason } = await withStatus(api, load);
      if (result === null || code !== "OK") {
        throw new ModelError("engine-refused", "TensorFlow does not load the model", {
          actual: `${code}: ${reason.slice(0, MAX_REASON_LENGTH)}`,
        });
      }
      return new NativeSession(api, graph, result, settings);
    } catch (error) {
      api.TF_DeleteGraph(graph);
      throw error;
    } finally {
      api.TF_DeleteSessionOptions(options);
      tags.free();
    }
  }

  /**
   * Finds a tensor of the graph.
   *
   * @param tensorName such as `x:0`
   * @throws ModelError `bad-graph`
   */
  find(tensorName: string): NativeOutput {
    const reference = parseTensorReference(tensorName);
    const operation = this.#api.TF_GraphOperationByName(this.#graph, expectText(reference.node));
    const index = reference.kind === "output" ? reference.index : -1;
    if (operation === null || index < 0 || index >= this.#api.TF_OperationNumOutputs(operation)) {
      throw new ModelError("bad-graph", `the graph has no tensor ${JSON.stringify(tensorName)}`);
    }
    return { operation, index };
  }

  /**
   * Runs the graph. Several runs may go on at a time.
   *
   * @param inputs checked
   * @throws ServingError TensorFlow's status
   */
  async run(inputs: readonly (readonly [NativeOutput, Tensor])[], outputs: readonly NativeOutput[]): Promise<Tensor[]> {
    const api = this.#api;
    const made: Pointer[] = [];
    const frame = new RunFrame(api, inputs.length, outputs.length);
    try {
      for (const [, tensor] of inputs) {
        made.push(createNativeTensor(api, tensor));
      }
      frame.fill(
        inputs.map(([input]) => input),
        made,
        outputs,
      );
      const { code, reason } = await withStatus(api, (status) => this.#runFrame(frame, status));
      const given = frame.takeOutputs();
      made.push(...given);
      if (code !== "OK") {
        throw new ServingError(code, reason);
      }
      return given.map((tensor) => readNativeTensor(api, tensor));
    } finally {
      frame.free();
      for (const tensor of made) {
        api.TF_DeleteTensor(tensor);
      }
    }
  }

  /** Ends the session. No run may be under way. */
  async close(): Promise<void> {
    const api = this.#api;
    await withStatus(api, (status) => api.TF_CloseSession(this.#session, status));
    await withStatus(api, (status) => api.TF_DeleteSession(this.#session, status));
    api.TF_DeleteBuffer(this.#runOptions);
    api.TF_DeleteGraph(this.#graph);
  }

  #runFrame(frame: RunFrame, status: Pointer): Promise<void> {
    const { inputs, inputValues, inputCount, outputs, outputValues, outputCount } = frame;
    return this.#api.TF_SessionRun(
      this.#session,
      this.#runOptions,
      inputs,
      inputValues,
      inputCount,
      outputs,
      outputValues,
      outputCount,
      null,
      0,
      null,
      status,
    );
  }
}

/** The lists that a run is given by address, in memory that stays where it is while the run goes on elsewhere. */
class RunFrame {
  readonly inputCount: number;
  readonly outputCount: number;
  readonly #api: CApi;
  readonly #address: Pointer;

  constructor(api: CApi, inputCount: number, outputCount: number) {
    this.#api = api;
    this.inputCount = inputCount;
    this.outputCount = outputCount;
    this.#address = api.allocate((inputCount + outputCount) * (OUTPUT_BYTES + POINTER_BYTES) + 1);
  }

  get inputs(): Pointer {
    return this.#address;
  }

  get outputs(): Pointer {
    return this.inputs + BigInt(this.inputCount * OUTPUT_BYTES);
  }

  get inputValues(): Pointer {
    return this.outputs + BigInt(this.outputCount * OUTPUT_BYTES);
  }

  get outputValues(): Pointer {
    return this.inputValues + BigInt(this.inputCount * POINTER_BYTES);
  }

  fill(inputs: readonly NativeOutput[], values: readonly Pointer[], outputs: readonly NativeOutput[]): void {
    const ends = [...inputs, ...outputs].flatMap(({ operation, index }) => [operation, BigInt(index)]);
    this.#write(this.#address, [...ends, ...values]);
  }

  /** The tensors that the run has given, for the caller to delete; none of them after a failure. */
  takeOutputs(): Pointer[] {
    const given = new BigUint64Array(this.outputCount);
    if (given.length > 0) {
      this.#api.copy(new Uint8Array(given.buffer), this.outputValues, given.byteLength);
    }
    return [...given].filter((tensor) => tensor !== 0n);
  }

  free(): void {
    this.#api.free(this.#address);
  }

  #write(address: Pointer, words: readonly bigint[]): void {
    const bytes = new Uint8Array(BigUint64Array.from(words).buffer);
    if (bytes.length > 0) {
      this.#api.copy(address, bytes, bytes.length);
    }
  }
}

interface Outcome<T> {
  readonly result: T;
  readonly code: GrpcCodeName;
  readonly reason: string;
}

/** Calls a function that reports by a `TF_Status`. */
async function withStatus<T>(api: CApi, call: (status: Pointer) => Promise<T>): Promise<Outcome<T>> {
  const status = api.TF_NewStatus();
  try {
    const result = await call(status);
    return { result, code: grpcCodeName(api.TF_GetCode(status)), reason: api.TF_Message(status) };
  } finally {
    api.TF_DeleteStatus(status);
  }
}

function encodeConfig({ threads = 0 }: SessionSettings): Uint8Array {
  return ConfigProto.encode(
    ConfigProto.create({
      intraOpParallelismThreads: threads,
      interOpParallelismThreads: threads,
      // Devices that a graph was trained on need not be here.
      allowSoftPlacement: true,
      // Otherwise the first session of the process decides for all.
      usePerSessionThreads: true,
    }),
  );
}

/** A `const char* const*`. */
function makeTexts(api: CApi, texts: readonly string[]): { readonly table: Pointer; readonly free: () => void } {
  const encoded = texts.map((text) => Buffer.from(`${expectText(text)}\0`));
  const tableBytes = texts.length * POINTER_BYTES;
  const address = api.allocate(encoded.reduce((sum, { length }) => sum + length, tableBytes + 1));
  const table = new BigUint64Array(texts.length);
  let end = address + BigInt(tableBytes);
  for (const [index, text] of encoded.entries()) {
    table[index] = end;
    api.copy(end, text, text.length);
    end += BigInt(text.length);
  }
  if (table.length > 0) {
    api.copy(address, new Uint8Array(table.buffer), table.byteLength);
  }
  return { table: address, free: () => api.free(address) };
}

/** C ends a text where a zero is. */
function expectText(text: string): string {
  if (text.includes("\0")) {
    throw new ModelError("bad-graph", `${JSON.stringify(text)} cannot be a name`);
  }
  return text;
}
