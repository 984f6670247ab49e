import { invalidArgument } from "../status/serving-error.ts";
import type { DataType } from "../tensor/data-type.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tensorsFromColumns } from "./columns.ts";
import { type JsonDocument, parseJsonObject } from "./json/document.ts";
import type { JsonLimits } from "./json/limits.ts";
import { JsonList, type JsonNode, NumberBlock } from "./json/node.ts";
import type { NumberStorage } from "./json/number-storage.ts";
import { tensorsFromRows } from "./rows.ts";
import { badDocument, readSignatureName, SIGNATURE_NAME_MEMBER } from "./signature-name.ts";

/** Layout of tensors in JSON: `row` with one element for each example (`instances`), or `column` (`inputs`). */
export type PredictFormat = "row" | "column";

/** What a request body is read against: the data type of each input. */
export interface PredictSignature {
  readonly inputs: ReadonlyMap<string, DataType>;
}

/** The content of a predict call's body. */
export interface PredictBody {
  readonly inputs: Map<string, Tensor>;
  readonly format: PredictFormat;
  /** Empty when the body names none. */
  readonly signatureName: string;
}

const wanted: ReadonlySet<string> = new Set([SIGNATURE_NAME_MEMBER, "instances", "inputs"]);

/**
 * The body of `POST /v1/models/NAME:predict`, by TensorFlow Serving's rules and with its messages.
 * @param signature the signature, or how to get it by the name in the body (empty: none given), which can throw
 * @param storage where the numbers are put while the body is read
 * @throws ServingError INVALID_ARGUMENT, UNIMPLEMENTED
 */
export function parsePredictBody(
  bytes: Uint8Array,
  signature: PredictSignature | ((signatureName: string) => PredictSignature),
  limits: Partial<JsonLimits> = {},
  storage?: NumberStorage,
): PredictBody {
  const document = new PredictDocument(bytes, limits, storage);
  return document.against(typeof signature === "function" ? signature(document.signatureName) : signature);
}

/** The same body when its syntax has been read, but not its tensors. */
export class PredictDocument {
  /** Empty when the body names none. */
  readonly signatureName: string;
  readonly #document: JsonDocument;

  /** @param storage where its numbers are put @throws ServingError INVALID_ARGUMENT */
  constructor(bytes: Uint8Array, limits: Partial<JsonLimits> = {}, storage?: NumberStorage) {
    this.#document = parseJsonObject(bytes, wanted, limits, storage);
    this.signatureName = readSignatureName(this.#document);
  }

  /** Its content, read against the signature that it names. @throws ServingError INVALID_ARGUMENT, UNIMPLEMENTED */
  against({ inputs: types }: PredictSignature): PredictBody {
    const document = this.#document;
    const { signatureName } = this;
    if (types.size === 0) {
      throw invalidArgument(`Failed to get input map for signature: ${signatureName || "DEFAULT"}`);
    }
    const instances = document.members.get("instances");
    const inputs = document.members.get("inputs");
    if (instances !== undefined && inputs !== undefined) {
      throw badDocument(
        document,
        "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
      );
    }
    if (instances !== undefined) {
      const rows = requireRows(instances, document);
      return { inputs: tensorsFromRows(rows, types, document), format: "row", signatureName };
    }
    if (inputs !== undefined) {
      return { inputs: tensorsFromColumns(inputs, types, document), format: "column", signatureName };
    }
    throw invalidArgument("Missing 'inputs' or 'instances' key");
  }
}

function requireRows(instances: JsonNode, document: JsonDocument): NumberBlock | JsonList {
  const isBlock = instances instanceof NumberBlock && instances.shape.length > 0;
  if (!isBlock && !(instances instanceof JsonList)) {
    throw badDocument(document, "Expecting 'instances' to be an list/array");
  }
  if (isBlock && instances.shape[0] === 0) {
    throw badDocument(document, "No values in 'instances' array");
  }
  return instances;
}
