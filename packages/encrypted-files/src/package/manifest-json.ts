import { decodeUtf8, type JsonValue, parseStrictJson } from "@sealserve/core";
import { EncryptedFilesError } from "../errors.ts";

/** Depth of a manifest: document, list of files, file. */
const MAX_DEPTH = 3;

/**
 * The JSON value of a manifest's bytes.
 * @throws EncryptedFilesError `manifest-invalid`
 */
export function parseManifestJson(bytes: Uint8Array): JsonValue {
  try {
    return parseStrictJson(decodeUtf8(bytes), { maxLength: bytes.length, maxDepth: MAX_DEPTH });
  } catch (cause) {
    throw new EncryptedFilesError("manifest-invalid", "the package's manifest is not strict JSON", {
      expected: "UTF-8 JSON without duplicate members",
      remedy: "seal again",
      cause,
    });
  }
}
