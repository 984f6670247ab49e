import { fileRoles, readBoundedText } from "../config/bounded-file.ts";
import { parseServeConfig } from "../config/serve-config.ts";
import { NodeError } from "../errors.ts";
import { flagWarnings } from "./flag-warnings.ts";
import { optionsOfFlags } from "./options-of-flags.ts";
import type { ParsedFlags } from "./parse-flags.ts";
import type { ServerOptions } from "./server-options.ts";

/** Flags that change nothing of what is served, so that they go with a configuration file. */
const BESIDE_CONFIG = ["config", "json"];

/** The options of a command line, and what its operator should know of it. */
export interface ReadOptions {
  readonly options: ServerOptions;
  readonly warnings: readonly string[];
}

/**
 * The options of a server from the YAML file that `--config` names, or from flags. Beside a file no flag counts: in an enclave
 * the file is measured and the command line is the host's.
 *
 * @throws NodeError, ConfigError, ServingError
 */
export async function readOptions(flags: ParsedFlags): Promise<ReadOptions> {
  const { config } = flags.own;
  if (!flags.given.has("config")) {
    return { options: await optionsOfFlags(flags), warnings: flagWarnings(flags) };
  }
  const other = [...flags.given].map((name) => `--${name}`).concat(flags.unknown);
  const refused = other.find((argument) => !BESIDE_CONFIG.includes(argument.slice(2)));
  if (refused !== undefined) {
    throw new NodeError("bad-option", "an argument stands beside --config", {
      actual: refused.split("=")[0],
      remedy: "write it as a member of the file, or remove it",
    });
  }
  return { options: parseServeConfig(await readBoundedText(config, fileRoles.serveConfig), config), warnings: [] };
}
