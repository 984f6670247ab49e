import { decodeUtf8 } from "@sealserve/core";
import { BatchingParameters } from "@sealserve/protocol";
import type { BatchingSettings } from "../batching/server-batching.ts";
import { fileRoles, readBoundedText } from "../config/bounded-file.ts";
import { parseTextConfig } from "../config/text-config.ts";
import type { BatchingOptions } from "../options/server-options.ts";
import { readVersionFile, type VersionFiles } from "../source/version-files.ts";

/** Batching parameters of one version, beside its model. */
export const MODEL_BATCHING_FILE = "batching_params.pbtxt";
/** TensorFlow Serving's name for its threads when no file gives one. */
const THREAD_POOL_NAME = "model_server_batch_threads";

/**
 * How the options of a server say that it batches; undefined when it does not.
 *
 * @throws ServingError `INVALID_ARGUMENT` naming file and line
 * @throws NodeError `file-too-large`
 */
export async function readBatchingSettings(options: BatchingOptions): Promise<BatchingSettings | undefined> {
  if (options.kind !== "parameters") {
    return options.kind === "off" ? undefined : options;
  }
  const { file, perModel } = options;
  const parameters =
    file === undefined
      ? BatchingParameters.create({ threadPoolName: THREAD_POOL_NAME })
      : parseTextConfig(BatchingParameters, await readBoundedText(file, fileRoles.batchingParameters), file);
  return { kind: "parameters", parameters, perModel };
}

/** The parameters that a version brings along, if any. @throws ServingError `INVALID_ARGUMENT` naming file and line, `RESOURCE_EXHAUSTED` */
export async function readModelBatching(files: VersionFiles): Promise<BatchingParameters | undefined> {
  const content = await readVersionFile(files, MODEL_BATCHING_FILE, fileRoles.batchingParameters.maxBytes);
  return content && parseTextConfig(BatchingParameters, decodeUtf8(content), MODEL_BATCHING_FILE);
}
