import { AssetFileDef, type MetaGraphDef } from "@sealserve/protocol";

import { ModelError, refuseMalformed } from "../errors.ts";

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
export function assetFiles(metaGraph: MetaGraphDef): Map<string, string> {
  return new Map(
    assetsOf(metaGraph).map(({ tensorInfo, filename }) => [(tensorInfo?.name ?? "").replace(/:0$/, ""), filename]),
  );
}

/**
 * Tensors that TensorFlow feeds with the paths of assets, each of which it makes of the folder's and the name as it is.
 * @throws ModelError `bad-saved-model`; `unsafe-path` for a name that leads out of the folder
 */
export function assetTensors(metaGraph: MetaGraphDef): string[] {
  return assetsOf(metaGraph).map(({ tensorInfo, filename }) => {
    if (filename.split("/").some((segment) => segment === "" || segment === "..")) {
      throw new ModelError(
        "unsafe-path",
        `the asset ${JSON.stringify(filename)} is not in the model's folder of assets`,
        {
          expected: "a file name, or a path below the folder",
          remedy: "export the model again",
        },
      );
    }
    return tensorInfo?.name ?? "";
  });
}

function assetsOf({ assetFileDef, collectionDef }: MetaGraphDef): readonly AssetFileDef[] {
  const collected = collectionDef.get(ASSETS_COLLECTION)?.anyList?.value ?? [];
  return assetFileDef.length > 0
    ? assetFileDef
    : collected.map(({ value }) =>
        refuseMalformed("bad-saved-model", "collection of assets", () => AssetFileDef.decode(value)),
      );
}
