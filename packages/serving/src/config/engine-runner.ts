import type { ConfigMapping, ConfigValue } from "@sealserve/config";
import type { EngineRunner } from "../options/server-options.ts";

/**
 * Reads what runs the models of a sealed node. A program beside the node is pinned by its digest, so that the measured
 * configuration covers it (threat A11).
 *
 * ```yaml
 * engine: onnxruntime                  # or a model server of the same TEE:
 * engine:
 *   upstream: /usr/bin/tensorflow_model_server
 *   sha256: "HEX"                      # of that file, in quotes
 *   privateDirectory: /dev/shm         # optional: a tmpfs
 * ```
 *
 * @throws ConfigError
 */
export function readEngineRunner(value: ConfigValue | undefined): EngineRunner {
  if (value === undefined || typeof value.json() === "string") {
    return { kind: value?.oneOf(["onnxruntime"] as const) ?? "onnxruntime" };
  }
  return value.mapping((members) => ({
    kind: "upstream",
    program: {
      path: members.required("upstream").filePath(),
      sha256: readDigest(members.required("sha256")),
      namedBy: "engine.upstream",
    },
    place: readPlace(members),
  }));
}

function readDigest(value: ConfigValue): string {
  const digest = value.string();
  if (!/^[0-9a-f]{64}$/.test(digest)) {
    throw value.problem("is no SHA-256", "write what sha256sum prints: 64 digits 0-9a-f");
  }
  return digest;
}

function readPlace(members: ConfigMapping): string | undefined {
  return members.optional("privateDirectory")?.filePath();
}
