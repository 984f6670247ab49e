import type { InferenceSession, Tensor } from "onnxruntime-node";

import { disableTelemetry } from "./telemetry.ts";
import type { EngineTensor } from "./tensors.ts";

type Runtime = typeof import("onnxruntime-node");

/** What sessions are made of. */
export interface SessionModels {
  /** Encoded ONNX models. */
  readonly models: readonly Uint8Array[];
  /** Files that the models refer to for their weights. */
  readonly files: readonly { readonly path: string; readonly data: Uint8Array }[];
  /** Folder with files that they refer to instead, which are mapped. */
  readonly folder?: string | undefined;
  /** Threads for one operation; undefined for one per core. */
  readonly threads: number | undefined;
}

/** Sessions of `onnxruntime`, one for each model that could be loaded. */
export interface Sessions {
  readonly refusals: readonly (string | undefined)[];
  run(
    model: number,
    feeds: ReadonlyMap<string, EngineTensor>,
    fetches: readonly string[],
  ): Promise<Map<string, EngineTensor>>;
  release(): Promise<void>;
}

/** Creates a session for each model. `onnxruntime` copies models and weights into memory of its own, but for those that it maps. */
export async function loadSessions(given: SessionModels): Promise<Sessions> {
  const runtime = await importRuntime();
  const options = sessionOptions(given);
  const created: (InferenceSession | string)[] = [];
  for (const model of given.models) {
    created.push(await createSession(runtime, model, options));
  }
  return wrapSessions(runtime, created);
}

/** Loads the engine's library; once it is there, at no cost. @throws what Node says of a library that cannot be loaded */
export async function importRuntime(): Promise<Runtime> {
  // The binding fails on JavaScript's arrays of 16-bit floats; where these are missing it takes the floats' bits, which is
  // how tensors are held here. The thread is the engine's own, so nobody misses them.
  Reflect.deleteProperty(globalThis, "Float16Array");
  disableTelemetry();
  const runtime = await import("onnxruntime-node");
  runtime.env.logLevel = "fatal";
  return runtime;
}

function sessionOptions({ files, folder, threads }: SessionModels): InferenceSession.SessionOptions {
  return {
    externalData: files.map(({ path, data }) => ({ path, data })),
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    extra: {
      session: {
        // Threads that wait for work spin for a while by default, which costs more than it gains on shared cores.
        intra_op: { allow_spinning: "0" },
        // Else bytes that carry the mark of the runtime's own format would be read as that, not as what was checked.
        load_model_format: "ONNX",
        ...(folder === undefined ? {} : { model_external_initializers_file_folder_path: folder }),
      },
    },
    // Failures come as exceptions. What the runtime would log goes straight to the process's standard error.
    logSeverityLevel: 4,
  };
}

async function createSession(
  runtime: Runtime,
  model: Uint8Array,
  options: InferenceSession.SessionOptions,
): Promise<InferenceSession | string> {
  try {
    return await runtime.InferenceSession.create(model, options);
  } catch (error) {
    return error instanceof Error ? error.message : "unknown failure";
  }
}

function wrapSessions(runtime: Runtime, created: readonly (InferenceSession | string)[]): Sessions {
  return {
    refusals: created.map((session) => (typeof session === "string" ? session : undefined)),
    run: async (model, feeds, fetches) => {
      const session = created[model];
      if (session === undefined || typeof session === "string") {
        throw new Error("the model is not loaded");
      }
      const inputs = Object.fromEntries([...feeds].map(([name, tensor]) => [name, toTensor(runtime, tensor)]));
      const outputs = await session.run(inputs, [...fetches], { logSeverityLevel: 4 });
      return new Map(fetches.map((name) => [name, fromTensor(outputs[name])]));
    },
    release: async () => {
      for (const session of created) {
        if (typeof session !== "string") {
          await session.release();
        }
      }
    },
  };
}

function toTensor(runtime: Runtime, { type, dims, data }: EngineTensor): Tensor {
  return new runtime.Tensor(type as Tensor.Type, data as Tensor.DataTypeMap[Tensor.Type], dims);
}

function fromTensor(tensor: Tensor | undefined): EngineTensor {
  if (tensor === undefined) {
    throw new Error("the model did not give an output that it declares");
  }
  return { type: tensor.type, dims: [...tensor.dims], data: tensor.data as EngineTensor["data"] };
}
