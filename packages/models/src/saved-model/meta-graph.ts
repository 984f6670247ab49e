import { type MetaGraphDef, SavedModel } from "@sealserve/protocol";

import { ModelError, refuseMalformed } from "../errors.ts";

/** Tags of the graph that TensorFlow Serving loads unless told otherwise. */
export const SERVE_TAGS: readonly string[] = ["serve"];

/**
 * The meta graph of a `saved_model.pb` whose set of tags is exactly `tags`, as TensorFlow's loader chooses it.
 * @throws ModelError `bad-saved-model`, `unknown-tag`
 */
export function parseMetaGraph(bytes: Uint8Array, tags: readonly string[] = SERVE_TAGS): MetaGraphDef {
  const { metaGraphs } = refuseMalformed("bad-saved-model", "saved_model.pb", () => SavedModel.decode(bytes));
  if (metaGraphs.length === 0) {
    throw new ModelError("bad-saved-model", "saved_model.pb holds no graph");
  }
  const wanted = spellTags(tags);
  const chosen = metaGraphs.find(({ metaInfoDef }) => spellTags(metaInfoDef?.tags) === wanted);
  if (chosen === undefined) {
    throw new ModelError("unknown-tag", `saved_model.pb has no graph with the tags ${wanted}`, {
      expected: wanted,
      actual: metaGraphs.map(({ metaInfoDef }) => spellTags(metaInfoDef?.tags)).join(", "),
    });
  }
  return chosen;
}

/** One spelling for each set of tags. */
function spellTags(tags: readonly string[] = []): string {
  return `{${[...new Set(tags)].sort().join(", ")}}`;
}
