import type { MetaGraphDef } from "@sealserve/protocol";

const INITIALISATION_SIGNATURE = "__saved_model_init_op";
const INITIALISATION_COLLECTIONS = ["saved_model_main_op", "legacy_init_op"] as const;

/**
 * Name of the node that TensorFlow runs once when a model has been restored, such as to fill its tables: TensorFlow 2 keeps
 * it as a signature, older versions in a collection (saved_model/loader_util.cc). Undefined when there is none.
 */
export function initialisationOperation({ signatureDef, collectionDef }: MetaGraphDef): string | undefined {
  const declared = signatureDef.get(INITIALISATION_SIGNATURE)?.outputs.get(INITIALISATION_SIGNATURE)?.name;
  const collected = INITIALISATION_COLLECTIONS.map((name) => collectionDef.get(name)?.nodeList?.value[0]);
  const [name] = [declared, ...collected].filter((candidate) => candidate !== undefined && candidate !== "");
  return name?.replace(/^\^/, "").replace(/:\d+$/, "");
}

/** File names of the assets by the node that stands for each, as the graph reads them. */
export function assetFiles({ assetFileDef }: MetaGraphDef): Map<string, string> {
  return new Map(
    assetFileDef.map(({ tensorInfo, filename }) => [(tensorInfo?.name ?? "").replace(/:0$/, ""), filename]),
  );
}
