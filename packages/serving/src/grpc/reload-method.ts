import { ReloadConfigRequest, ReloadConfigResponse } from "@sealserve/protocol";
import { type ReloadParts, reloadConfig } from "../life/reload-request.ts";
import type { UnaryMethod, UnaryMethods } from "./unary-call.ts";

/** The rpc that changes what a server serves. */
export function reloadMethod(parts: ReloadParts): UnaryMethods {
  return new Map<string, UnaryMethod>([
    [
      "/tensorflow.serving.ModelService/HandleReloadConfigRequest",
      async (bytes, signal) =>
        ReloadConfigResponse.encode(await reloadConfig(parts, ReloadConfigRequest.decode(bytes), signal)),
    ],
  ]);
}
