import { type ConfigMapping, type ConfigValue, type Endpoint, parseYamlDocument } from "@sealserve/config";
import type { PlatformChoice } from "@sealserve/platform";
import { readPlatformChoice } from "./platform-choice.ts";

const DEFAULT_HOST = "127.0.0.1";
const MAX_THREADS = 1024;

/** Configuration of a serving node. File names are absolute. */
export interface ServeConfig {
  readonly listen: { readonly grpc: Endpoint; readonly rest: Endpoint };
  /** The owner's key broker and the PEM file of the authority its TLS certificate must come from. */
  readonly broker: { readonly url: string; readonly caFile: string };
  /** Folder of the sealed package. */
  readonly packageDirectory: string;
  readonly model: string;
  /** Where the node's evidence comes from. */
  readonly platform: PlatformChoice;
  /** How many of the newest versions in the package are served. */
  readonly latestVersions: number;
  /** Threads of the engine; undefined leaves the choice to it. */
  readonly threads: number | undefined;
}

/**
 * Reads the YAML configuration of a serving node.
 *
 * ```yaml
 * listen: { host: 127.0.0.1, grpc: 8500, rest: 8501 }
 * broker: { url: "https://broker.example:8443", ca: broker-ca.pem }
 * package: /models/half_plus_two
 * model: half_plus_two
 * platform: gramine                         # the default; or another of {@link readPlatformChoice}
 * latestVersions: 1                         # optional
 * threads: 2                                # optional
 * ```
 *
 * @param file name for messages; relative file names start at its folder
 * @throws ConfigError whose message names file, line, member and remedy
 */
export function parseServeConfig(yaml: string, file: string): ServeConfig {
  return parseYamlDocument(yaml, file).mapping((root) => ({
    listen: root.required("listen").mapping(readListen),
    broker: root.required("broker").mapping((broker) => ({
      url: readHttpsUrl(broker.required("url")),
      caFile: broker.required("ca").filePath(),
    })),
    packageDirectory: root.required("package").filePath(),
    model: root.required("model").string(),
    platform: readPlatformChoice(root.optional("platform")),
    latestVersions: root.optional("latestVersions")?.integer({ minimum: 1 }) ?? 1,
    threads: root.optional("threads")?.integer({ minimum: 1, maximum: MAX_THREADS }),
  }));
}

function readListen(listen: ConfigMapping): ServeConfig["listen"] {
  const host = listen.optional("host")?.string() ?? DEFAULT_HOST;
  return { grpc: listen.required("grpc").endpoint(host), rest: listen.required("rest").endpoint(host) };
}

function readHttpsUrl(value: ConfigValue): string {
  const text = value.string();
  if (!URL.canParse(text) || new URL(text).protocol !== "https:") {
    throw value.problem("is not an https URL", "write for example https://broker.example:8443");
  }
  return text;
}
