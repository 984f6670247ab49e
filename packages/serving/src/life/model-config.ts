import { isAbsolute } from "node:path";
import {
  invalidArgument,
  type ModelConfig,
  type ModelServerConfig,
  modelTypes,
  type ServableVersionPolicy,
  ServingError,
} from "@sealserve/protocol";
import type { VersionPolicyOption } from "../options/server-options.ts";

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;

/** A model of the configuration, checked. */
export interface ConfiguredModel {
  readonly name: string;
  readonly platform: string;
  /** Absolute path of the folder with the version folders. */
  readonly basePath: string;
  readonly policy: VersionPolicyOption;
  readonly labels: ReadonlyMap<string, bigint>;
}

/**
 * The models of a configuration.
 * @throws ServingError with TensorFlow Serving's codes and messages
 */
export function readModelConfigs({ modelConfigList }: ModelServerConfig): ConfiguredModel[] {
  if (modelConfigList === undefined) {
    const supported = "Only ModelConfigList is currently supported";
    throw invalidArgument(`ServerModelConfig type not supported by HandleReloadConfigRequest. ${supported}`);
  }
  const names = new Set<string>();
  for (const { name } of modelConfigList.config) {
    if (names.has(name)) {
      throw invalidArgument(`Illegal to list model ${name} multiple times in config list`);
    }
    names.add(name);
  }
  return modelConfigList.config.map(readModelConfig);
}

function readModelConfig(config: ModelConfig): ConfiguredModel {
  const { name, basePath, versionLabels, loggingConfig } = config;
  if (name === "") {
    throw invalidArgument("Illegal to list a model without a name in config list");
  }
  checkBasePath(name, basePath);
  const platform = readPlatform(config);
  if (loggingConfig !== undefined) {
    throw invalidArgument("No request-logger-creator provided.");
  }
  return { name, platform, basePath, policy: readPolicy(config.modelVersionPolicy), labels: versionLabels };
}

function checkBasePath(name: string, basePath: string): void {
  const scheme = SCHEME.exec(basePath)?.[1];
  if (scheme !== undefined) {
    throw new ServingError("UNIMPLEMENTED", `File system scheme '${scheme}' not implemented (file: '${basePath}')`);
  }
  if (!isAbsolute(basePath)) {
    throw invalidArgument(`Expected model ${name} to have an absolute path or URI; got base_path()=${basePath}`);
  }
}

function readPlatform({ name, modelType, modelPlatform }: ModelConfig): string {
  const fields = "ModelServerConfig::model_type (deprecated) %s ModelServerConfig::model_platform";
  const hasType = modelType !== modelTypes.MODEL_TYPE_UNSPECIFIED;
  if (hasType && modelPlatform !== "") {
    throw invalidArgument(`Illegal setting both ${fields.replace("%s", "and")}.`);
  }
  if (!hasType && modelPlatform === "") {
    throw invalidArgument(`Illegal setting neither ${fields.replace("%s", "nor")}, model name is ${name}`);
  }
  if (hasType && modelType !== modelTypes.TENSORFLOW) {
    throw invalidArgument(`ModelServerConfig::model_type choice ${modelType} not supported.`);
  }
  return hasType ? "tensorflow" : modelPlatform;
}

function readPolicy(policy: ServableVersionPolicy | undefined): VersionPolicyOption {
  if (policy?.all !== undefined) {
    return { kind: "all" };
  }
  if (policy?.specific !== undefined) {
    return { kind: "specific", versions: policy.specific.versions };
  }
  return { kind: "latest", count: Math.max(1, policy?.latest?.numVersions ?? 1) };
}
