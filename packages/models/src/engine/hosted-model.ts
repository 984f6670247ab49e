import { DEFAULT_SIGNATURE_KEY } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import type { LightGraph } from "../light/light-graph.ts";
import { readLightGraph } from "../light/read-light-graph.ts";
import { DirectoryFiles } from "../model-directory.ts";
import { islandsOf } from "../plan/plan.ts";
import { prepareModel } from "../prepare-model.ts";
import type { PreparedModel } from "../prepared-model.ts";
import type { RunnableGraph } from "../runnable-graph.ts";
import type { RunnableSignature } from "../runnable-signature.ts";
import { bindGraph } from "./bind-graph.ts";
import { bindPlan } from "./bind-plan.ts";
import { mapWeights } from "./mapped-weights.ts";
import type { EngineLoad, ModelDescription } from "./messages.ts";
import { toPlainModelError } from "./plain-error.ts";
import { loadSessions, type Sessions } from "./sessions.ts";

/** A model as the engine's thread holds it. */
export interface HostedModel {
  readonly description: ModelDescription;
  /** One for each signature that can be run. */
  readonly callables: ReadonlyMap<string, RunnableSignature>;
  release(): Promise<void>;
}

type Sorted = Pick<HostedModel, "callables"> & Pick<PreparedModel, "refusals">;

/**
 * Prepares a model and creates its sessions. Whatever the outcome, its files in memory are overwritten then and given back: `onnxruntime`
 * has copied or mapped the weights, and no second plaintext stays behind.
 * @throws ModelError those of {@link DirectoryFiles} and {@link prepareModel}; `engine-refused` when the engine can run none of the
 *   signatures; `closed` when nobody waits for the model any more
 */
export async function hostModel({ source, tags, threads, givenUp }: EngineLoad): Promise<HostedModel> {
  const files = "directory" in source ? new DirectoryFiles(source.directory) : source;
  const models = new Set<Uint8Array>();
  let weights: ReadonlyMap<string, Uint8Array> = new Map();
  try {
    const prepared = prepareModel(files, tags);
    for (const { model } of [...prepared.graphs.values(), ...[...prepared.plans.values()].flatMap(islandsOf)]) {
      models.add(model);
    }
    if (givenUp[0] !== 0) {
      throw new ModelError("closed", "nobody waits for the model any more");
    }
    weights = prepared.arrangeWeights();
    const light = readLightGraphs(prepared, weights);
    const sessions = await createSessions({ prepared, models: [...models], weights, threads }, () => {
      discard([...files.values(), ...weights.values()]);
    });
    return await openModel(prepared, sessions, [...models], light);
  } finally {
    discard([...files.values(), ...models, ...weights.values()]);
  }
}

/** What sessions are created of. */
interface SessionParts extends Pick<EngineLoad, "threads"> {
  readonly prepared: PreparedModel;
  readonly models: readonly Uint8Array[];
  readonly weights: ReadonlyMap<string, Uint8Array>;
}

/**
 * Models in ONNX stay as they were checked, with their weights in place.
 * @param discardWeights is called as soon as the engine needs no more of them than it maps
 */
async function createSessions(
  { prepared: { platform }, models, weights, threads }: SessionParts,
  discardWeights: () => void,
): Promise<Sessions> {
  const mapped = platform === "tensorflow" ? mapWeights(models, weights) : undefined;
  if (mapped === undefined) {
    return await loadSessions({ models, files: [...weights].map(([path, data]) => ({ path, data })), threads });
  }
  try {
    discardWeights();
    return await loadSessions({ models: mapped.models, files: [], folder: mapped.folder, threads });
  } finally {
    mapped.close();
    discard(mapped.models);
  }
}

/** Overwrites the bytes and frees them at once: an idle thread may not collect its garbage for hours. What is free already stays so. */
function discard(contents: readonly Uint8Array[]): void {
  for (const bytes of contents) {
    if (bytes.length > 0) {
      bytes.fill(0);
    }
  }
  for (const { buffer } of contents) {
    if (buffer instanceof ArrayBuffer && !buffer.detached) {
      buffer.transfer(0);
    }
  }
}

async function openModel(
  prepared: PreparedModel,
  sessions: Sessions,
  models: readonly Uint8Array[],
  light: ReadonlyMap<string, LightGraph>,
): Promise<HostedModel> {
  const { callables, refusals } = sortSignatures(prepared, sessions, models);
  const [firstRefusal] = refusals.values();
  if (callables.size === 0 && firstRefusal !== undefined) {
    await sessions.release();
    throw refusals.get(DEFAULT_SIGNATURE_KEY) ?? firstRefusal;
  }
  return {
    description: describeModel(prepared, { callables, refusals }, light),
    callables,
    release: () => sessions.release(),
  };
}

/** Splits the signatures into those that the engine can run and those that cannot be run, with the reason. */
function sortSignatures(prepared: PreparedModel, sessions: Sessions, models: readonly Uint8Array[]): Sorted {
  const callables = new Map<string, RunnableSignature>();
  const refusals = new Map(prepared.refusals);
  const bind = (key: string, { model, ...ports }: RunnableGraph): RunnableSignature => {
    const place = models.indexOf(model);
    const reason = sessions.refusals[place];
    if (reason !== undefined) {
      const message = `the engine cannot run signature ${JSON.stringify(key)}: ${reason}`;
      refusals.set(key, new ModelError("engine-refused", message));
    }
    return bindGraph(ports, sessions, place);
  };
  for (const [key, graph] of prepared.graphs) {
    callables.set(key, bind(key, graph));
  }
  for (const [key, plan] of prepared.plans) {
    callables.set(
      key,
      bindPlan(plan, (island) => bind(key, island)),
    );
  }
  for (const key of refusals.keys()) {
    callables.delete(key);
  }
  return { callables, refusals };
}

function describeModel(
  prepared: PreparedModel,
  { callables, refusals }: Sorted,
  light: ReadonlyMap<string, LightGraph>,
): ModelDescription {
  const { platform, signatures, signatureDefs } = prepared;
  return {
    platform,
    signatures,
    signatureDefs,
    calls: new Map([...callables].map(([key, { inputs, outputs }]) => [key, { inputs, outputs }])),
    light: new Map([...light].filter(([key]) => callables.has(key))),
    refusals: new Map([...refusals].map(([key, refusal]) => [key, toPlainModelError(refusal)])),
  };
}

function readLightGraphs({ graphs }: PreparedModel, weights: ReadonlyMap<string, Uint8Array>): Map<string, LightGraph> {
  const light = new Map<string, LightGraph>();
  for (const [key, graph] of graphs) {
    const read = readLightGraph(graph, weights);
    if (read !== undefined) {
      light.set(key, read);
    }
  }
  return light;
}
