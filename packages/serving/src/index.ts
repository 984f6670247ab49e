export { parseServeConfig, type ServeConfig } from "./config/serve-config.ts";
export { NodeError, type NodeErrorCode } from "./errors.ts";
export type { Log } from "./log.ts";
export { type RunningNode, type StartOptions, startNode } from "./node/start.ts";
export type { OnStep, StartStep } from "./node/step.ts";
export { defaultLimits, type ServingLimits } from "./transport/limits.ts";
