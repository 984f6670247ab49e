// Libraries of TensorFlow that tests run against: real ones, where this machine has them.
import { delimiter } from "node:path";

/** Absolute paths, out of the environment. */
export const libraries: readonly string[] = (process.env["SEALSERVE_LIBTENSORFLOW"] ?? "")
  .split(delimiter)
  .filter(Boolean);

/** Why there is nothing to test, for the `skip` of a suite; false when there is a library. */
export const skipWithoutLibrary: string | false =
  libraries.length > 0
    ? false
    : "no libtensorflow: SEALSERVE_LIBTENSORFLOW=$(npm run --silent libtensorflow) has one fetched";
