import {
  decodeRawBody,
  type InferRequest,
  type InferResponse,
  type ModelIndex,
  type ModelMetadataResponse,
  type ModelStatistics,
  ServerMetadataResponse,
  ServingError,
} from "@sealserve/protocol";
import type { Call } from "../core/call.ts";
import type { Handler } from "../core/handler.ts";
import type { Servable, Servables } from "../core/servables.ts";
import { chooseSignature } from "./choose-signature.ts";
import { InferenceStatistics } from "./inference-statistics.ts";
import { describeModel } from "./model-metadata.ts";
import { findTarget, type ModelTarget, modelSpecOf } from "./model-target.ts";
import { repositoryIndex } from "./repository-index.ts";

/** Extensions of the protocol that are offered, by Triton's names. */
const EXTENSIONS = ["binary_tensor_data", "statistics"];

/** The calls of the Open Inference Protocol, version 2, over typed values. Every refusal is a ServingError. */
export class InferenceService {
  readonly #handler: Handler;
  readonly #servables: Servables;
  readonly #statistics = new InferenceStatistics();
  readonly #metadata: ServerMetadataResponse;

  /** @param version of this server */
  constructor(handler: Handler, servables: Servables, version: string) {
    this.#handler = handler;
    this.#servables = servables;
    this.#metadata = ServerMetadataResponse.create({ name: "sealserve", version, extensions: EXTENSIONS });
  }

  serverMetadata(): ServerMetadataResponse {
    return this.#metadata;
  }

  modelMetadata(target: ModelTarget): ModelMetadataResponse {
    return describeModel(this.#find(target), this.#servables.versions(target.name));
  }

  /** Whether a model, or the version that is named, answers calls. @throws ServingError NOT_FOUND when it is not known */
  modelReady(target: ModelTarget): boolean {
    const spec = modelSpecOf(target);
    const version = spec.versionLabel === undefined ? spec.version : this.#find(target).version;
    const known = this.#servables.versions(target.name);
    const asked = known.filter((status) => version === undefined || status.version === version);
    if (asked.length === 0) {
      throw new ServingError("NOT_FOUND", `Model ${target.name} is not known in that version`);
    }
    return asked.some(({ state }) => state === "AVAILABLE");
  }

  async infer(target: ModelTarget, request: InferRequest, call: Call): Promise<InferResponse> {
    const spec = modelSpecOf(target);
    const { model } = findTarget(this.#servables, spec);
    const modelSpec = { ...spec, signatureName: chooseSignature(model, request.signatureName).key };
    const { id, inputs, outputs: outputFilter } = request;
    const response = await this.#statistics.count(model, inputs, (onQueued) =>
      this.#handler.predict({ modelSpec, inputs, outputFilter }, { ...call, onQueued }),
    );
    const { name, version } = response.modelSpec;
    return { modelName: name, modelVersion: `${version}`, id, outputs: response.outputs };
  }

  /** The request in a body that is nothing but the bytes of the model's one input. @throws ServingError INVALID_ARGUMENT */
  readRawBody(target: ModelTarget, body: Uint8Array): InferRequest {
    const { signature } = chooseSignature(this.#find(target).model, "");
    const [input, ...others] = signature.inputs;
    if (input === undefined || others.length > 0) {
      throw new ServingError(
        "INVALID_ARGUMENT",
        `A raw body needs a model with one input, not ${signature.inputs.size}`,
      );
    }
    const [name, declared] = input;
    return { id: "", signatureName: "", inputs: new Map([[name, decodeRawBody(body, declared)]]), outputs: [] };
  }

  /** Names of all models. */
  modelNames(): readonly string[] {
    return this.#servables.names();
  }

  /** @param readyOnly whether only versions that answer calls are listed */
  index(readyOnly: boolean): ModelIndex[] {
    return repositoryIndex(this.#servables, readyOnly);
  }

  /** Counts of the versions that answer calls: of one model and version, or of all where these are empty. */
  statistics(target: ModelTarget): ModelStatistics[] {
    return this.#chosen(target).map((servable) => this.#statistics.report(servable));
  }

  #chosen({ name, version }: ModelTarget): Servable[] {
    if (name !== "" && version !== "") {
      return [this.#find({ name, version })];
    }
    const names = name === "" ? this.#servables.names() : [this.#find({ name, version }).name];
    return names.flatMap((known) =>
      this.#servables
        .versions(known)
        .filter(({ state }) => state === "AVAILABLE")
        .map((status) => this.#find({ name: known, version: `${status.version}` })),
    );
  }

  #find(target: ModelTarget): Servable {
    return findTarget(this.#servables, modelSpecOf(target));
  }
}
