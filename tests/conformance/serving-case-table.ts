/**
 * The public cases that are not run as they stand. All others are run: those of the codecs by `serving-codec`, those of the
 * layers `rest` and `grpc` by the files of these names. `serving-cases` asserts that no case is forgotten.
 */

/** Cases that another file runs, by case: that file in this folder. */
export const elsewhere: Readonly<Record<string, string>> = {
  "srv-no-port": "serving-start.test.ts",
  "srv-batching-file-without-flag": "serving-start.test.ts",
  "srv-uds": "serving-start.test.ts",
  "srv-good-config": "serving-life.test.ts",
  "srv-bad-config": "serving-life.test.ts",
  "srv-config-poll": "serving-life.test.ts",
  "srv-new-version-appears": "serving-life.test.ts",
  "srv-latest-two": "serving-life.test.ts",
  "srv-bad-model": "serving-life.test.ts",
  "srv-warmup-ok": "serving-life.test.ts",
  "srv-warmup-bad": "serving-life.test.ts",
  "srv-batch-allowed-sizes-mismatch": "serving-batching.test.ts",
  "srv-batch-too-large": "serving-batching.test.ts",
};

/** Why a case is refused for now, and the error that says so. */
export interface KnownRefusal {
  readonly because: string;
  readonly error: RegExp;
}

/** Cases that are refused. A test fails when one of them is answered. */
export const refused: Readonly<Record<string, KnownRefusal>> = {
  "grpc-counter-state": {
    because: "variables are frozen when a model is loaded, so a signature that changes them is refused",
    error: /operation AssignAdd .*not supported/,
  },
  "grpc-tflite": { because: "TensorFlow Lite's format is not read", error: /the version directory holds no model/ },
};
