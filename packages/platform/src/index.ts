export { PlatformError, type PlatformErrorCode } from "./errors.ts";
export { openGraminePlatform } from "./gramine-platform.ts";
export { type MessageLimits, readMessageLine } from "./message-line.ts";
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
