import { ModelConfig } from "@sealserve/protocol";
import { ModelConfigFile } from "../life/config-file.ts";
import { ConfiguredModels } from "../life/configured-models.ts";
import { readModelConfigs } from "../life/model-config.ts";
import type { ModelsOption } from "../options/server-options.ts";
import { DirectorySource } from "../source/directory-source.ts";
import type { ServedModels } from "./served-models.ts";
import type { StartContext } from "./start-context.ts";
import { readChannelSecurity } from "./tls-files.ts";
import { wipedWithStart } from "./tls-key.ts";

const SECOND_MS = 1000;
/** How often a process that only waits wakes up, milliseconds. */
const WAKING_MS = 60_000;

/** Models in plain folders, by a base path or a model config file. */
export type PlainModelsOption = Exclude<ModelsOption, { readonly kind: "sealed" }>;

/**
 * Loads the models of plain folders and keeps looking for new versions. Whoever can write there chooses what is served, so
 * nothing proves to requesters which model answers.
 *
 * @throws NodeError, ServingError with TensorFlow Serving's messages
 */
export async function servePlainModels(context: StartContext, models: PlainModelsOption): Promise<ServedModels> {
  const { options, steps, store, signal, log } = context;
  const readTls = async (): Promise<ServedModels["tls"]> => await readChannelSecurity(options.tls, options.listen);
  const tls = wipedWithStart(await readTls(), context.closers);
  warn(options.tls.allowInsecurePlaintext, log);
  const source = openSource(context);
  const { allowLabelsForUnavailable } = options.loading;
  const configured = new ConfiguredModels({ store, source, allowLabelsForUnavailable });
  const file = models.kind === "config-file" ? openConfigFile(context, models.file, configured) : undefined;
  await steps.run(
    "models loaded",
    async () => await inLivingProcess(file?.start(signal) ?? configured.start(singleModel(models), signal)),
    () => store.names().join(", "),
  );
  return {
    servables: store,
    isServing: () => true,
    tls,
    sealed: undefined,
    configured,
    rereadModels: async () => await (file?.reread() ?? source.poll()),
    keepTls: () => undefined,
    rereadTls: async () => (options.tls.sslConfigFile === undefined ? undefined : await readTls()),
  };
}

function warn(isPlaintext: boolean, log: StartContext["log"]): void {
  log("plain-models", { warning: "whoever can write to the models' folders chooses what is served" });
  if (isPlaintext) {
    log("plaintext", { warning: "no TLS: everyone on the way can read and change requests and answers" });
  }
}

/**
 * Keeps the process while something is waited for that nothing in it will bring, such as a version in a folder that is not
 * looked at again: as TensorFlow Serving, it stays until it is stopped.
 */
async function inLivingProcess(waiting: Promise<void>): Promise<void> {
  const waking = setInterval(() => undefined, WAKING_MS);
  try {
    await waiting;
  } finally {
    clearInterval(waking);
  }
}

function openSource({ options, store, load, closers, log }: StartContext): DirectorySource {
  const pollMs = options.polling.fileSystemSeconds * SECOND_MS;
  const source = new DirectorySource({ aspire: (model, versions) => store.aspire(model, versions), load, pollMs, log });
  closers.add({ close: async () => source.close() });
  return source;
}

function openConfigFile(
  { options, closers, log }: StartContext,
  file: string,
  models: ConfiguredModels,
): ModelConfigFile {
  const pollMs = options.polling.modelConfigSeconds * SECOND_MS;
  const opened = new ModelConfigFile({ file, models, pollMs, log });
  closers.add({ close: async () => opened.close() });
  return opened;
}

/** The one model at a base path, as TensorFlow Serving configures it. */
function singleModel(models: PlainModelsOption): ReturnType<typeof readModelConfigs> {
  if (models.kind !== "directory") {
    return [];
  }
  const { name, basePath } = models;
  const config = [ModelConfig.create({ name, basePath, modelPlatform: "tensorflow" })];
  return readModelConfigs({ modelConfigList: { config } });
}
