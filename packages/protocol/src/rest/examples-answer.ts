import type { ClassificationResult } from "../messages/classification.ts";
import type { RegressionResult } from "../messages/regression.ts";
import { invalidArgument } from "../status/serving-error.ts";
import { formatFloat32 } from "./decimal.ts";
import { quoteBytes } from "./json/quote.ts";
import { JsonWriter } from "./json/writer.ts";

/**
 * The answer to a classify call over REST: for each example a list of pairs of label and score.
 * @throws ServingError INVALID_ARGUMENT for a result without examples
 */
export function encodeClassifyAnswer({ classifications }: ClassificationResult): Uint8Array<ArrayBuffer> {
  if (classifications.length === 0) {
    throw invalidArgument("Cannot convert empty ClassificationResults to JSON");
  }
  return encodeResults((writer) => {
    for (const { classes } of classifications) {
      writer.singleLineLists = true;
      writer.startList();
      for (const { label, score } of classes) {
        writer.startList();
        writer.raw(quoteBytes(label));
        writer.raw(formatFloat32(score));
        writer.end();
      }
      writer.end();
      writer.singleLineLists = false;
    }
  });
}

/**
 * The answer to a regress call over REST: for each example a number.
 * @throws ServingError INVALID_ARGUMENT for a result without examples
 */
export function encodeRegressAnswer({ regressions }: RegressionResult): Uint8Array<ArrayBuffer> {
  if (regressions.length === 0) {
    throw invalidArgument("Cannot convert empty RegressionResults to JSON");
  }
  return encodeResults((writer) => {
    writer.singleLineLists = true;
    for (const { value } of regressions) {
      writer.raw(formatFloat32(value));
    }
  });
}

function encodeResults(writeItems: (writer: JsonWriter) => void): Uint8Array<ArrayBuffer> {
  const writer = new JsonWriter();
  writer.startObject();
  writer.name("results");
  writer.startList();
  writeItems(writer);
  writer.end();
  writer.end();
  return writer.finish();
}
