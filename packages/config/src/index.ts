export * from "./document.ts";
export { parseDuration } from "./duration.ts";
export * from "./endpoint.ts";
export * from "./errors.ts";
export { type ConfigMapping, ConfigValue } from "./value.ts";
