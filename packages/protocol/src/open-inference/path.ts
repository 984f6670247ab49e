/** What a path below `/v2` asks for. The version is empty where the path names none. */
export type InferencePath =
  | { readonly kind: ServerKind }
  | { readonly kind: "index" }
  | ({ readonly kind: "infer" } & NamedModel)
  | ({ readonly kind: "model" | "model-ready" | "model-statistics" } & NamedModel);

type ServerKind = "server" | "live" | "ready" | "models" | "statistics";

interface NamedModel {
  readonly name: string;
  readonly version: string;
}

const serverPaths: Readonly<Record<string, ServerKind | "index">> = {
  "/v2": "server",
  "/v2/health/live": "live",
  "/v2/health/ready": "ready",
  "/v2/models": "models",
  "/v2/models/stats": "statistics",
  "/v2/repository/index": "index",
};

const modelPattern = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(?:\/(ready|infer|stats))?$/;
const modelKinds = { ready: "model-ready", infer: "infer", stats: "model-statistics" } as const;

/** Whether a request target belongs to the Open Inference Protocol, known or not. */
export function isInferenceTarget(target: string): boolean {
  return /^\/v2(?:[/?#]|$)/.test(target);
}

/**
 * Takes the path of a request apart by the Open Inference Protocol and Triton's extensions to it; a slash at the end and
 * a query are left aside.
 * @returns undefined for a path that is none of them, or has escapes that are no text
 */
export function parseInferencePath(target: string): InferencePath | undefined {
  const path = target.replace(/[?#].*$/s, "").replace(/\/$/, "");
  if (Object.hasOwn(serverPaths, path)) {
    const kind = serverPaths[path];
    return kind === undefined ? undefined : { kind };
  }
  const [, name, version = "", call] = modelPattern.exec(path) ?? [];
  const kind = call === undefined ? "model" : modelKinds[call as keyof typeof modelKinds];
  try {
    return name === undefined
      ? undefined
      : { kind, name: decodeURIComponent(name), version: decodeURIComponent(version) };
  } catch {
    return undefined;
  }
}
