import type { ConfigMapping, ConfigValue } from "@sealserve/config";
import type { EngineRunner } from "../options/server-options.ts";

/**
 * Reads what runs the models of a sealed node. A program beside the node is pinned by its digest, so that the measured
 * configuration covers it (threat A11).
 *
 * ```yaml
 * engine: onnxruntime                  # or a program of the same TEE:
 * engine:
 *   upstream: /usr/bin/tensorflow_model_server   # or tensorflow: /usr/lib/libtensorflow.so
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
  return value.mapping((members) => readMembers(members, value));
}

function readMembers(members: ConfigMapping, value: ConfigValue): EngineRunner {
  const [upstream, tensorflow] = [members.optional("upstream"), members.optional("tensorflow")];
  const sha256 = readDigest(members.required("sha256"));
  const place = members.optional("privateDirectory")?.filePath();
  if (upstream !== undefined && tensorflow === undefined) {
    const program = { path: upstream.filePath(), sha256, namedBy: "engine.upstream" };
    return { kind: "upstream", program, place };
  }
  if (tensorflow !== undefined && upstream === undefined) {
    const library = { path: tensorflow.filePath(), sha256, namedBy: "engine.tensorflow" };
    return { kind: "tensorflow", library, place };
  }
  throw value.problem("needs exactly one of upstream, tensorflow", "keep the one that is to run the models");
}

function readDigest(value: ConfigValue): string {
  const digest = value.string();
  if (!/^[0-9a-f]{64}$/.test(digest)) {
    throw value.problem("is no SHA-256", "write what sha256sum prints: 64 digits 0-9a-f");
  }
  return digest;
}
