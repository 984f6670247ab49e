import { decodeUtf8, encodeUtf8 } from "@sealserve/core";
import { invalidArgument } from "../status/serving-error.ts";

/** The model that a path names. */
export interface RestModel {
  readonly name: string;
  readonly version?: bigint;
  readonly versionLabel?: string;
}

/** What a request line asks for. */
export type RestCall =
  | { readonly kind: "predict" | "classify" | "regress" | "status" | "metadata"; readonly model: RestModel }
  /** An OPTIONS request for anything under `/v1/`. */
  | { readonly kind: "preflight" };

const apiPattern = /^\/v1\//i;
const modelPattern = "([^/:]+)";
const choicePattern = String.raw`(?:/versions/(\d+)|/labels/([^/:]+))?`;
const postPattern = new RegExp(`^/v1/models/${modelPattern}${choicePattern}:(classify|regress|predict)$`, "i");
const getPattern = new RegExp(`^/v1/models(?:/${modelPattern})?${choicePattern}(?:/(metadata))?$`, "i");

const LARGEST_VERSION = 2n ** 63n - 1n;

/** Whether a request's target belongs to TensorFlow Serving's REST API. */
export function isRestTarget(target: string): boolean {
  return apiPattern.test(target);
}

/**
 * Takes a request line apart by the rules of TensorFlow Serving's REST API. Upper and lower case are the same, but for
 * the verb behind the colon; a query is left aside.
 * @param target one of this API, with or without a query
 * @throws ServingError INVALID_ARGUMENT
 */
export function parseRestPath(method: string, target: string): RestCall {
  const path = target.replace(/[?#].*$/s, "");
  switch (method) {
    case "OPTIONS":
      return { kind: "preflight" };
    case "POST":
      return parseCall(method, path);
    case "GET":
      return parseQuestion(method, path);
    default:
      throw malformed(method, path);
  }
}

function parseCall(method: string, path: string): RestCall {
  const [, name, version, label, verb] = postPattern.exec(path) ?? [];
  if (name === undefined || (verb !== "predict" && verb !== "classify" && verb !== "regress")) {
    throw malformed(method, path);
  }
  return { kind: verb, model: parseModel(method, path, name, version, label) };
}

function parseQuestion(method: string, path: string): RestCall {
  const match = getPattern.exec(path);
  if (match === null) {
    throw malformed(method, path);
  }
  const [, name, version, label, subresource] = match;
  if (name === undefined) {
    throw invalidArgument("Missing model name in request.");
  }
  const model = parseModel(method, path, name, version, label);
  return { kind: subresource === undefined ? "status" : "metadata", model };
}

function parseModel(
  method: string,
  path: string,
  name: string,
  version: string | undefined,
  label: string | undefined,
): RestModel {
  const model: { -readonly [K in keyof RestModel]: RestModel[K] } = { name: decodePart(name, method, path) };
  if (version !== undefined) {
    model.version = parseVersion(version);
  }
  if (label !== undefined) {
    model.versionLabel = decodePart(label, method, path);
  }
  return model;
}

function parseVersion(digits: string): bigint {
  const significant = digits.replace(/^0+(?=\d)/, "");
  const version = significant.length > `${LARGEST_VERSION}`.length ? undefined : BigInt(significant);
  if (version === undefined || version > LARGEST_VERSION) {
    // TensorFlow Serving loses its message here and answers with an empty body.
    throw invalidArgument("");
  }
  return version;
}

/** Resolves percent escapes; what is no escape stays as it is. */
function decodePart(part: string, method: string, path: string): string {
  if (!part.includes("%")) {
    return part;
  }
  const bytes = encodeUtf8(part);
  const decoded = new Uint8Array(bytes.length);
  let length = 0;
  for (let offset = 0; offset < bytes.length; offset++) {
    const escaped = /^%[0-9a-fA-F]{2}$/.exec(String.fromCharCode(...bytes.subarray(offset, offset + 3)));
    decoded[length++] = escaped === null ? (bytes[offset] as number) : Number.parseInt(escaped[0].slice(1), 16);
    offset += escaped === null ? 0 : 2;
  }
  try {
    return decodeUtf8(decoded.subarray(0, length));
  } catch {
    throw malformed(method, path);
  }
}

function malformed(method: string, path: string): Error {
  return invalidArgument(`Malformed request: ${method} ${path}`);
}
