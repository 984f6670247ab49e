import { AssetFileDef, type MetaGraphDef } from "@sealserve/protocol";

import { refuseMalformed } from "../errors.ts";

const INITIALISATION_SIGNATURE = "__saved_model_init_op";
const ASSETS_COLLECTION = "saved_model_assets";
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

/**
 * File names of the assets by the node that stands for each, as the graph reads them. Older versions keep them in a
 * collection (loader_util.cc).
 * @throws ModelError `bad-saved-model`
 */
export function assetFiles({ assetFileDef, collectionDef }: MetaGraphDef): Map<string, string> {
  const collected = collectionDef.get(ASSETS_COLLECTION)?.anyList?.value ?? [];
  const definitions =
    assetFileDef.length > 0
      ? assetFileDef
      : collected.map(({ value }) =>
          refuseMalformed("bad-saved-model", "collection of assets", () => AssetFileDef.decode(value)),
        );
  return new Map(
    definitions.map(({ tensorInfo, filename }) => [(tensorInfo?.name ?? "").replace(/:0$/, ""), filename]),
  );
}
