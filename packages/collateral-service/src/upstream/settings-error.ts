import { SealserveError } from "@sealserve/core";

/** The settings of an upstream cannot be used. */
export class UpstreamSettingsError extends SealserveError<"upstream-settings-invalid"> {}
