export * from "./certificate/create.ts";
export * from "./certificate/parse.ts";
export type { RaTlsKeyKind } from "./certificate/public-key.ts";
export * from "./channel.ts";
export * from "./errors.ts";
export * from "./evidence-exchange.ts";
export * from "./length-prefixed.ts";
export * from "./statement.ts";
export * from "./text-message.ts";
