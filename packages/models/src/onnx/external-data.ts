import { ModelError } from "../errors.ts";
import { isBesideOnnx, type ReadableFiles } from "../model-files.ts";
import { elementType } from "./element-type.ts";
import { EXTERNAL_DATA_LOCATION, type TensorProto } from "./schema.ts";
import { countElements } from "./tensor-size.ts";

/** Where a tensor says that its values stand. */
export interface ExternalPlace {
  readonly file: string;
  readonly offset: number;
  /** Up to the end of the file where the tensor says nothing. */
  readonly length: number | undefined;
}

const KEYS: ReadonlySet<string> = new Set(["location", "offset", "length"]);
const WHOLE_NUMBER = /^(0|[1-9]\d{0,15})$/;

/** Whether a tensor keeps its values outside of the model, or says so in part. */
export function isExternal({ dataLocation, externalData }: TensorProto): boolean {
  return dataLocation === EXTERNAL_DATA_LOCATION || externalData.length > 0;
}

/**
 * The files of weights beside an ONNX model (ONNX, External Data): of the version's own files those directly in its folder. Nothing
 * else is looked at, whatever a tensor says.
 */
export class ExternalData {
  readonly #files: ReadableFiles;
  readonly #used = new Map<string, Uint8Array>();
  /** Bytes of these files that no tensor has taken: a model asks for no more memory than it brings. */
  #bytesLeft = 0;

  constructor(files: ReadableFiles) {
    this.#files = files;
  }

  /** The files that checked tensors use, by path. */
  get files(): ReadonlyMap<string, Uint8Array> {
    return this.#used;
  }

  /**
   * Checks an initialiser whose values stand in such a file: that they do, and fill its shape exactly.
   * @throws ModelError `external-data`, `bad-onnx`, `unsupported-type`, `too-large`
   */
  check(tensor: TensorProto): void {
    const name = JSON.stringify(tensor.name);
    const { file, offset, length } = placeOf(tensor, name);
    const content = this.#open(file, name);
    const bytes = elementType(tensor.dataType)?.bytes;
    if (bytes === undefined) {
      throw new ModelError("unsupported-type", `tensor ${name} in another file has element type ${tensor.dataType}`);
    }
    const actual = length ?? content.length - offset;
    if (actual < 0 || offset + actual > content.length) {
      throw new ModelError("external-data", `tensor ${name} lies outside of ${JSON.stringify(file)}`, {
        expected: `${offset + Math.max(actual, 0)} bytes`,
        actual: `${content.length} bytes`,
      });
    }
    const elements = countElements(tensor.dims, { bytesEach: bytes, maxBytes: content.length, name });
    const expected = Math.ceil(elements * bytes);
    if (expected !== actual) {
      throw new ModelError("bad-onnx", `data of tensor ${name} in ${JSON.stringify(file)} does not fit its shape`, {
        expected: `${expected} bytes`,
        actual: `${actual}`,
      });
    }
    this.#take(actual);
  }

  #open(file: string, name: string): Uint8Array {
    const content = this.#used.get(file) ?? (isBesideOnnx(file) ? this.#files.get(file) : undefined);
    if (content === undefined) {
      throw new ModelError("external-data", `tensor ${name} keeps its data in ${JSON.stringify(file)}`, {
        expected: "a file that stands beside the model",
        remedy: "save the model with its weights in one file, or in files in the same folder",
      });
    }
    if (!this.#used.has(file)) {
      this.#used.set(file, content);
      this.#bytesLeft += content.length;
    }
    return content;
  }

  #take(bytes: number): void {
    this.#bytesLeft -= bytes;
    if (this.#bytesLeft < 0) {
      throw new ModelError("too-large", "tensors of the ONNX model share their data in other files", {
        expected: "at most as many bytes as these files have",
      });
    }
  }
}

/**
 * Where a tensor says that its values stand, which need not be true.
 * @param name of the tensor, for messages
 * @throws ModelError `external-data` when it says so in no way, or in one that is not known
 */
export function placeOf({ externalData, dataLocation, rawData }: TensorProto, name: string): ExternalPlace {
  const entries = new Map(externalData.map(({ key, value }) => [key, value]));
  const unknown = externalData.find(({ key }) => !KEYS.has(key));
  const file = entries.get("location");
  if (file === undefined || dataLocation !== EXTERNAL_DATA_LOCATION || rawData.length > 0) {
    throw new ModelError(
      "external-data",
      `tensor ${name} does not say in which file its data is, or where it is at all`,
    );
  }
  if (unknown !== undefined || entries.size !== externalData.length) {
    throw new ModelError("external-data", `tensor ${name} says more of its file than where its data is`, {
      expected: [...KEYS].join(", "),
      actual: externalData.map(({ key }) => key).join(", "),
    });
  }
  return {
    file,
    offset: numberOf(entries.get("offset") ?? "0", name),
    length: optionalNumber(entries.get("length"), name),
  };
}

function optionalNumber(text: string | undefined, name: string): number | undefined {
  return text === undefined ? undefined : numberOf(text, name);
}

function numberOf(text: string, name: string): number {
  if (!WHOLE_NUMBER.test(text)) {
    throw new ModelError("external-data", `offset or length of tensor ${name} is no whole number`, { actual: text });
  }
  return Number(text);
}
