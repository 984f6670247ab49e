import { broadcastGradientArgs } from "./broadcast-gradient-args.ts";
import { bucketize, bucketizeFeatures } from "./bucketize.ts";
import { assertTrue } from "./checks/assert-true.ts";
import { checkNumerics } from "./checks/check-numerics.ts";
import { ensureShape } from "./checks/ensure-shape.ts";
import { decodeGreedily } from "./decode-greedily.ts";
import { bitKernels } from "./dense/bits.ts";
import { divideIntegers, quotient, remainder } from "./dense/divide-integers.ts";
import { partition, stitch } from "./dense/partition.ts";
import { scatterKernels } from "./dense/scatter.ts";
import { detectionKernels } from "./detection/suppress-boxes.ts";
import { parseExample } from "./example/parse-example.ts";
import { parseExampleV2 } from "./example/parse-example-v2.ts";
import { parseSingleExample } from "./example/parse-single-example.ts";
import { suppressCombined } from "./images/combined-suppression.ts";
import { cropAndResize } from "./images/crop-and-resize.ts";
import { decodeAnyImage, decodeJpegImage } from "./images/decode-image.ts";
import { extractPatches } from "./images/extract-patches.ts";
import { resizeBicubic } from "./images/resize-bicubic.ts";
import { resizeArea, scaleAndTranslate } from "./images/resize-by-spans.ts";
import type { MakeKernel } from "./kernel.ts";
import { countRaggedRows } from "./ragged/count-rows.ts";
import { raggedGather } from "./ragged/ragged-gather.ts";
import { raggedRange } from "./ragged/ragged-range.ts";
import { raggedToSparse } from "./ragged/ragged-to-sparse.ts";
import { raggedToTensor } from "./ragged/ragged-to-tensor.ts";
import { randomKernels } from "./random/random-kernels.ts";
import { reshape } from "./reshape.ts";
import { searchSorted } from "./search-sorted.ts";
import { countAll, countDense } from "./segments/count-values.ts";
import { reduceKernels } from "./segments/reduce-segments.ts";
import { segmentKernels } from "./segments/sum-segments.ts";
import { sparseKernels } from "./sparse/sparse-kernels.ts";
import { spectrumKernels } from "./spectra/spectrum-kernels.ts";
import { asString } from "./strings/as-string.ts";
import { decodeBase64, encodeBase64 } from "./strings/base64.ts";
import { changeCase, stripSpace } from "./strings/change-text.ts";
import { decodeRaw } from "./strings/decode-raw.ts";
import { hashByKey, hashIntoBuckets } from "./strings/hash-strings.ts";
import { joinStrings } from "./strings/join-strings.ts";
import { fullMatchByInput, fullMatchStatic, replaceByInputs, replaceStatic } from "./strings/match-strings.ts";
import { normaliseText } from "./strings/normalise-text.ts";
import { stringLength, substring } from "./strings/parts-of-strings.ts";
import { readNumbers } from "./strings/read-numbers.ts";
import { reduceJoin } from "./strings/reduce-join.ts";
import { splitByCharacters, splitByText } from "./strings/split-strings.ts";
import { stringNGrams } from "./strings/string-n-grams.ts";
import { decodeCharacters, encodeCharacters, transcode } from "./strings/unicode-kernels.ts";
import { tensorListKernels } from "./tensor-list/tensor-list-kernels.ts";
import { unique } from "./unique.ts";

const kernels: ReadonlyMap<string, MakeKernel> = new Map([
  ["Add", joinStrings],
  ["AsString", asString],
  ["Assert", assertTrue],
  ["Bincount", countAll],
  ["BoostedTreesBucketize", bucketizeFeatures],
  ["BroadcastGradientArgs", broadcastGradientArgs],
  ["Bucketize", bucketize],
  ["CTCGreedyDecoder", decodeGreedily],
  ["CheckNumerics", checkNumerics],
  ["CombinedNonMaxSuppression", suppressCombined],
  ["CropAndResize", cropAndResize],
  ["DecodeBase64", decodeBase64],
  ["DecodeImage", decodeAnyImage],
  ["DecodeJpeg", decodeJpegImage],
  ["DecodePng", decodeAnyImage],
  ["DecodeRaw", decodeRaw],
  ["DynamicPartition", partition],
  ["DynamicStitch", stitch],
  ["EncodeBase64", encodeBase64],
  ["EnsureShape", ensureShape],
  ["ExtractImagePatches", extractPatches],
  ["ParallelDynamicStitch", stitch],
  ["RaggedBincount", countRaggedRows],
  ["RaggedGather", raggedGather],
  ["RaggedRange", raggedRange],
  ["RaggedTensorToSparse", raggedToSparse],
  ["RaggedTensorToTensor", raggedToTensor],
  ["DenseBincount", countDense],
  ["LowerBound", searchSorted("first")],
  ["Unique", unique(false)],
  ["UniqueWithCounts", unique(true)],
  ["Mod", divideIntegers(remainder)],
  ["TruncateDiv", divideIntegers(quotient)],
  ["TruncateMod", divideIntegers(remainder)],
  ["UpperBound", searchSorted("last")],
  ["NormalizeUTF8", normaliseText],
  ["RegexFullMatch", fullMatchByInput],
  ["RegexReplace", replaceByInputs],
  ["StaticRegexFullMatch", fullMatchStatic],
  ["StaticRegexReplace", replaceStatic],
  ["StringToHashBucketFast", hashIntoBuckets],
  ["StringToHashBucketStrong", hashByKey],
  ["StringToNumber", readNumbers],
  ["ParseExample", parseExample],
  ["ParseExampleV2", parseExampleV2],
  ["ParseSingleExample", parseSingleExample],
  ["ReduceJoin", reduceJoin],
  ["Reshape", reshape],
  ["ResizeArea", resizeArea],
  ["ResizeBicubic", resizeBicubic],
  ["ScaleAndTranslate", scaleAndTranslate],
  ["StringJoin", joinStrings],
  ["StringLength", stringLength],
  ["StringNGrams", stringNGrams],
  ["Substr", substring],
  ["UnicodeDecode", decodeCharacters(false)],
  ["UnicodeDecodeWithOffsets", decodeCharacters(true)],
  ["UnicodeEncode", encodeCharacters],
  ["UnicodeTranscode", transcode],
  ["StringLower", changeCase("lower")],
  ["StringSplit", splitByCharacters],
  ["StringSplitV2", splitByText],
  ["StringStrip", stripSpace],
  ["StringUpper", changeCase("upper")],
  ...Object.entries(detectionKernels),
  ...Object.entries(bitKernels),
  ...Object.entries(randomKernels),
  ...Object.entries(reduceKernels),
  ...Object.entries(scatterKernels),
  ...Object.entries(segmentKernels),
  ...Object.entries(sparseKernels),
  ...Object.entries(spectrumKernels),
  ...Object.entries(tensorListKernels),
]);

/** Operations that are interpreted for strings only. */
const forStrings: ReadonlySet<string> = new Set(["Add"]);

/** Whether an operation is interpreted for strings only: numbers are the engine's, constants too. */
export function isForStrings(op: string): boolean {
  return forStrings.has(op);
}

/** Whether an operation gives the same for the same inputs each time, so that it can be done on constants in advance. */
export function isRepeatable(op: string): boolean {
  return !(op in randomKernels);
}

/** How an operation is interpreted; undefined for one that is not. Every operation here is free of side effects. */
export function findKernel(op: string): MakeKernel | undefined {
  return kernels.get(op);
}

/** The operations that {@link findKernel} finds. */
export function kernelNames(): Iterable<string> {
  return kernels.keys();
}
