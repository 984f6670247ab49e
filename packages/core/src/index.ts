export * from "./bytes/base64.ts";
export * from "./bytes/compare.ts";
export * from "./bytes/hex.ts";
export * from "./bytes/reader.ts";
export * from "./bytes/text.ts";
export * from "./errors.ts";
