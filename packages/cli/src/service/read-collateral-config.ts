import { parseServiceConfig, type ServiceConfig } from "@sealserve/collateral-service";
import { readNamedText } from "../named-file.ts";

/** The option that names the configuration of a collateral service. */
export const COLLATERAL_CONFIG = [
  "--config <file>",
  "YAML configuration, or the JSON file of Intel's PCCS as it is",
] as const;

/** Reads it. @throws ConfigError */
export async function readCollateralConfig(file: string): Promise<ServiceConfig> {
  return parseServiceConfig(await readNamedText(file), file);
}
