export { BrokerError, type BrokerErrorCode, type ReleaseRequestCode } from "../errors.ts";
export type { ReleasedKey } from "../release/released-key.ts";
export { type ReleaseOptions, requestRelease } from "./request-release.ts";
