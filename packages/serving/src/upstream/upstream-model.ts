import type { LoadedModel, ModelDeclaration, RunOptions } from "@sealserve/models";
import {
  dataTypeErrorName,
  ModelSpec,
  type PredictRequest,
  type PredictResponse,
  ProtocolError,
  ServingError,
  type Tensor,
} from "@sealserve/protocol";
import { ChannelBroken, type GrpcChannel, NoAnswer } from "./grpc-channel.ts";
import { askPredict, type ServedVersion } from "./model-server-client.ts";

/** What an {@link UpstreamModel} is made of. */
export interface UpstreamParts {
  readonly served: ServedVersion;
  readonly declaration: ModelDeclaration;
  /** To the program while it serves. */
  readonly server: { readonly channel: GrpcChannel | undefined; close(): Promise<void> };
  /** Removes what the program was given. */
  readonly clear: () => Promise<void>;
}

/** A version of a model that runs in another program of the same TEE, which answers as TensorFlow Serving does. */
export class UpstreamModel implements LoadedModel {
  readonly platform = "tensorflow";
  readonly refusals: LoadedModel["refusals"] = new Map();
  /** None: a program that has ended is started again for as long as the model is loaded. */
  readonly failure = undefined;
  readonly #parts: UpstreamParts;
  #closing: Promise<void> | undefined;

  constructor(parts: UpstreamParts) {
    this.#parts = parts;
  }

  get signatures(): LoadedModel["signatures"] {
    return this.#parts.declaration.signatures;
  }

  get signatureDefs(): LoadedModel["signatureDefs"] {
    return this.#parts.declaration.signatureDefs;
  }

  /**
   * @throws ServingError what the program answers; `UNAVAILABLE` while it does not run or when it ends before it has answered;
   *   `INTERNAL` for an answer that is none to the request
   */
  async run(
    signatureName: string,
    inputs: ReadonlyMap<string, Tensor>,
    outputs: readonly string[],
    { signal }: RunOptions = {},
  ): Promise<Map<string, Tensor>> {
    const { served, server } = this.#parts;
    const { channel } = server;
    if (this.#closing !== undefined || channel === undefined) {
      throw new ServingError("UNAVAILABLE", "The model's engine is not running");
    }
    const modelSpec = ModelSpec.create({ ...served, signatureName });
    const request = { modelSpec, inputs, outputFilter: outputs };
    try {
      return this.#checkAnswer(request, await askPredict(channel, request, signal));
    } catch (cause) {
      throw statusOf(cause);
    }
  }

  async close(): Promise<void> {
    const { server, clear } = this.#parts;
    this.#closing ??= server.close().then(clear);
    await this.#closing;
  }

  /** Only what was asked for, from the version that was asked (threat E7). */
  #checkAnswer(
    { modelSpec, outputFilter }: PredictRequest,
    { modelSpec: answered, outputs }: PredictResponse,
  ): Map<string, Tensor> {
    const declared = this.signatures.get(modelSpec?.signatureName ?? "")?.outputs ?? new Map();
    if (answered.name !== modelSpec?.name || answered.version !== modelSpec.version) {
      throw new NoAnswer("of another model");
    }
    const asked = outputFilter.length === 0 ? [...declared.keys()] : outputFilter;
    return new Map(
      asked.map((name) => {
        const [tensor, port] = [outputs.get(name), declared.get(name)];
        if (tensor === undefined || tensor.dtype !== port?.dtype) {
          throw new NoAnswer(`output of type ${tensor && dataTypeErrorName(tensor.dtype)}`);
        }
        return [name, tensor];
      }),
    );
  }
}

/** Another error is thrown as it is. */
function statusOf(cause: unknown): unknown {
  if (cause instanceof ChannelBroken) {
    return new ServingError("UNAVAILABLE", "The model's engine has failed", { cause });
  }
  if (cause instanceof NoAnswer || cause instanceof ProtocolError) {
    return new ServingError("INTERNAL", "The model's engine gave no usable answer", { cause });
  }
  return cause;
}
