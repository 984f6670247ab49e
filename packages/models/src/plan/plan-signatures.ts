import { equalBytes } from "@sealserve/core";
import { DEFAULT_SIGNATURE_KEY } from "@sealserve/protocol";

import { ModelError, type ModelErrorCode } from "../errors.ts";
import type { PreparedModel } from "../prepared-model.ts";
import type { RunnableGraph } from "../runnable-graph.ts";
import type { GraphLibrary } from "../saved-model/graph-library.ts";
import type { Signature } from "../signature.ts";
import { mapIslands, type Plan, soleGraph } from "./plan.ts";
import { type ModelResources, planSignature, usedVariablesOf } from "./plan-signature.ts";

/** Reasons that concern one signature only. Any other means that the model is damaged or hostile. */
const signatureCodes: ReadonlySet<ModelErrorCode> = new Set([
  "unsupported-op",
  "unsupported-type",
  "unsupported-signature",
]);

/** Signatures of one model; published ones have some ten. Each may take a copy of the graph's constants. */
const MAX_SIGNATURES = 256;

/**
 * Plans all signatures of a model. One that uses something unsupported is set aside with the reason.
 * @throws ModelError when the model is broken
 */
export function planSignatures(
  library: GraphLibrary,
  signatures: ReadonlyMap<string, Signature>,
  resources: ModelResources,
): Pick<PreparedModel, "graphs" | "plans" | "refusals"> {
  if (signatures.size > MAX_SIGNATURES) {
    throw new ModelError("too-large", "the model has too many signatures", {
      expected: `at most ${MAX_SIGNATURES}`,
      actual: `${signatures.size}`,
    });
  }
  const sorted = new SortedSignatures();
  const shared = { ...resources, usedVariables: usedVariablesOf(library, [...signatures.values()]) };
  for (const [key, signature] of signatures) {
    sorted.add(key, () => planSignature(library, key, signature, shared));
  }
  return sorted;
}

/**
 * Ends the load of a model of which no signature can be run.
 * @throws ModelError the refusal of the default signature, or else of the first one
 */
export function expectSome({ graphs, plans, refusals }: Pick<PreparedModel, "graphs" | "plans" | "refusals">): void {
  if (graphs.size > 0 || plans.size > 0) {
    return;
  }
  const [first] = refusals.values();
  throw (
    refusals.get(DEFAULT_SIGNATURE_KEY) ??
    first ??
    new ModelError("bad-saved-model", "the graph declares no signatures", {
      remedy: "save the model with signatures",
    })
  );
}

class SortedSignatures {
  readonly graphs = new Map<string, RunnableGraph>();
  readonly plans = new Map<string, Plan>();
  readonly refusals = new Map<string, ModelError>();
  readonly #models: Uint8Array[] = [];

  add(key: string, makePlan: () => Plan): void {
    try {
      const plan = this.#shareModels(makePlan());
      const graph = soleGraph(plan);
      if (graph === undefined) {
        this.plans.set(key, plan);
      } else {
        this.graphs.set(key, graph);
      }
    } catch (error) {
      if (!(error instanceof ModelError) || !signatureCodes.has(error.code)) {
        throw error;
      }
      this.refusals.set(key, error);
    }
  }

  #shareModels(plan: Plan): Plan {
    const share = (island: RunnableGraph): RunnableGraph => ({ ...island, model: this.#share(island.model) });
    return { ...plan, steps: mapIslands(plan.steps, share) };
  }

  /** Islands that compute the same share one encoded model; the other copy is overwritten. */
  #share(model: Uint8Array): Uint8Array {
    const shared = this.#models.find((other) => equalBytes(other, model));
    if (shared === undefined) {
      this.#models.push(model);
      return model;
    }
    model.fill(0);
    return shared;
  }
}
