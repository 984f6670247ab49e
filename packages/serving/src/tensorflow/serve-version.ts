import { SealserveError } from "@sealserve/core";
import { loadTensorFlowModel } from "@sealserve/models";
import { defaultWireLimits } from "@sealserve/protocol";
import { ModelHandler } from "../core/handler.ts";
import { servingMethods } from "../grpc/methods.ts";
import { openGrpcServer } from "../grpc/server.ts";
import { defaultLimits, type ServingLimits } from "../transport/limits.ts";
import { MemoryBudget } from "../transport/memory-budget.ts";
import { LoadingServable } from "./loading-servable.ts";
import { MAX_RUNS } from "./max-runs.ts";
import type { ProgramTask } from "./program-task.ts";

/** Requests have been held to the limits of the server before they come here: nobody else can reach the socket. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;
const limits: ServingLimits = {
  ...defaultLimits,
  maxMessageBytes: defaultWireLimits.maxBytes,
  maxUnpackedBytes: defaultWireLimits.maxBytes,
  maxStreamsPerConnection: 2 ** 31 - 1,
  maxStreamResetBurst: NO_LIMIT,
  maxStreamResetsPerSecond: NO_LIMIT,
  maxControlFrames: NO_LIMIT,
};
const MAX_ELEMENTS = 2 ** 31 - 1;

/**
 * Loads a version into TensorFlow, in this process, and answers `PredictionService.Predict` and `ModelService.GetModelStatus` for it: the
 * latter from the beginning, so that it tells why a version does not load.
 */
export async function serveVersion({ served, socketPath, directory, ...options }: ProgramTask): Promise<void> {
  const servables = new LoadingServable(served);
  await openGrpcServer(
    { path: socketPath },
    {
      tls: "plaintext",
      limits,
      budget: new MemoryBudget(NO_LIMIT),
      log: () => undefined,
      methods: servingMethods(new ModelHandler(servables), { asContent: true }, { maxElements: MAX_ELEMENTS }),
    },
  );
  try {
    servables.serve(await loadTensorFlowModel({ directory }, { ...options, maxRuns: MAX_RUNS }));
  } catch (error) {
    servables.fail(describe(error));
  }
}

function describe(error: unknown): string {
  if (!(error instanceof SealserveError)) {
    return String(error);
  }
  const { message, actual, remedy } = error;
  return [message, actual, remedy].filter((part) => part !== undefined).join("; ");
}
