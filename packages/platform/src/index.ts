export { PlatformError, type PlatformErrorCode } from "./errors.ts";
export { GRAMINE_DIRECTORY, openGraminePlatform } from "./gramine-platform.ts";
export { type MessageLimits, readMessageLine } from "./message-line.ts";
export { findPlatform, openPlatform, type PlatformChoice, type PlatformPlaces } from "./open-platform.ts";
export { type Platform, REPORT_DATA_LENGTH } from "./platform.ts";
export { openSimulatedPlatform } from "./simulated-platform.ts";
export {
  decodePlatformRequest,
  decodePlatformResponse,
  encodePlatformRequest,
  encodePlatformResponse,
  MAXIMUM_MESSAGE_LENGTH,
  type PlatformRequest,
  type PlatformResponse,
} from "./socket-messages.ts";
export type { TsmTee } from "./tsm/make-report.ts";
export type { TsmFiles } from "./tsm/tsm-files.ts";
export { openTsmPlatform, TSM_DIRECTORY, type TsmOptions } from "./tsm/tsm-platform.ts";
