import { ModelError } from "../errors.ts";
import type { ReadableFiles } from "../model-files.ts";
import { EXTERNAL_DATA_LOCATION, type TensorProto } from "../onnx/schema.ts";

/** A protobuf message takes less than 2 GiB; what is left of that is for everything but weights. */
const MAX_INSIDE_BYTES = 2 ** 31 - 2 ** 26;
/** Where each tensor in a file of weights begins: ONNX advises whole pages, so that the file can be mapped. */
const ALIGNMENT = 4096;
/** A tensor of fewer bytes stays in the model. */
const MIN_OUTSIDE_BYTES = 1024;

/** Initialisers of a model that is to be written, and the bytes of its file of weights; none when all are in the model. */
export interface PlacedWeights {
  readonly initialisers: readonly TensorProto[];
  readonly weights: readonly Uint8Array[];
}

/**
 * Puts weights that stand in files of a SavedModel into the model itself, or all larger ones into one file beside it.
 * @param weightsFile name of that file
 * @param outside whether to use it although a model with its weights would not be too large
 */
export function placeWeights(
  initialisers: readonly TensorProto[],
  files: ReadableFiles,
  { weightsFile, outside }: { readonly weightsFile: string; readonly outside: boolean },
): PlacedWeights {
  const stored = initialisers.map((initialiser) => readStored(initialiser, files));
  const total = stored.reduce((sum, { rawData }) => sum + rawData.length, 0);
  if (!outside && total <= MAX_INSIDE_BYTES) {
    return { initialisers: stored, weights: [] };
  }
  const weights: Uint8Array[] = [];
  let end = 0;
  const placed = stored.map((initialiser) => {
    const { length } = initialiser.rawData;
    if (length < MIN_OUTSIDE_BYTES) {
      return initialiser;
    }
    const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
    weights.push(new Uint8Array(offset - end), initialiser.rawData);
    end = offset + length;
    return { ...initialiser, ...outsideOf(weightsFile, offset, length) };
  });
  return { initialisers: placed, weights };
}

function outsideOf(file: string, offset: number, length: number) {
  const entry = (key: string, value: string | number) => ({ key, value: `${value}` });
  return {
    rawData: new Uint8Array(),
    dataLocation: EXTERNAL_DATA_LOCATION,
    externalData: [entry("location", file), entry("offset", offset), entry("length", length)],
  };
}

/** An initialiser with its bytes, wherever they stand. */
function readStored(initialiser: TensorProto, files: ReadableFiles): TensorProto {
  if (initialiser.dataLocation !== EXTERNAL_DATA_LOCATION) {
    return initialiser;
  }
  const entry = (key: string): string => initialiser.externalData.find((row) => row.key === key)?.value ?? "";
  const [offset, length] = [Number(entry("offset")), Number(entry("length"))];
  const rawData = files.get(entry("location"))?.subarray(offset, offset + length);
  if (rawData?.length !== length) {
    throw new ModelError("bad-checkpoint", `${JSON.stringify(entry("location"))} is shorter than its index says`);
  }
  return { ...initialiser, rawData, dataLocation: 0, externalData: [] };
}
