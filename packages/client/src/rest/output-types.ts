import { CoreError, decodeUtf8, type JsonValue, parseStrictJson } from "@sealserve/core";
import { type DataType, DEFAULT_SIGNATURE_KEY, dataTypes } from "@sealserve/protocol";
import { ClientError } from "../errors.ts";

const MAX_LENGTH = 64 << 20;

/** What a predict answer over REST leaves out: which version gave it, and the data type of each output. */
export interface AnsweringSignature {
  readonly version: bigint;
  readonly signatureName: string;
  readonly outputs: ReadonlyMap<string, DataType>;
}

/**
 * Reads the answer to `GET /v1/models/NAME/metadata`.
 *
 * @param signatureName the default signature when empty
 * @throws ClientError `bad-answer`
 */
export function readAnsweringSignature(body: Uint8Array, signatureName: string): AnsweringSignature {
  const name = signatureName === "" ? DEFAULT_SIGNATURE_KEY : signatureName;
  try {
    const root = parseStrictJson(decodeUtf8(body), { maxLength: MAX_LENGTH });
    const outputs = child(root, "metadata", "signature_def", "signature_def", name, "outputs");
    const version = child(root, "model_spec", "version");
    return {
      version: BigInt(typeof version === "string" ? version : ""),
      signatureName: name,
      outputs: new Map(
        Object.entries(asObject(outputs)).map(([alias, info]) => [alias, dataTypeOf(child(info, "dtype"))]),
      ),
    };
  } catch (cause) {
    if (cause instanceof CoreError || cause instanceof SyntaxError) {
      throw badMetadata(cause);
    }
    throw cause;
  }
}

function child(value: JsonValue, ...path: string[]): JsonValue {
  return path.reduce((current, name) => asObject(current)[name] ?? null, value);
}

function asObject(value: JsonValue): { readonly [name: string]: JsonValue } {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badMetadata(undefined);
  }
  return value;
}

function dataTypeOf(protoName: JsonValue): DataType {
  const row = dataTypes.find((candidate) => candidate.protoName === protoName);
  if (row === undefined) {
    throw badMetadata(undefined);
  }
  return row.name;
}

function badMetadata(cause: unknown): ClientError {
  return new ClientError("bad-answer", "the server's metadata does not describe the signature", { cause });
}
