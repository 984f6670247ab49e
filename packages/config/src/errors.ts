import { SealserveError } from "@sealserve/core";

/** Codes of {@link ConfigError}. */
export type ConfigErrorCode = "bad-yaml" | "missing-member" | "unknown-member" | "bad-value";

/** The configuration cannot be used. The message reads `FILE:LINE: MEMBER: problem; remedy`. */
export class ConfigError extends SealserveError<ConfigErrorCode> {}
