import {
  decodePredictResponse,
  encodePredictRequest,
  GetModelStatusRequest,
  GetModelStatusResponse,
  ModelSpec,
  type ModelVersionStatus,
  modelStates,
  type PredictRequest,
  type PredictResponse,
} from "@sealserve/protocol";
import type { Servable } from "../core/servables.ts";
import { NodeError } from "../errors.ts";
import type { AnswerLimits, GrpcChannel } from "./grpc-channel.ts";

const PREDICT = "/tensorflow.serving.PredictionService/Predict";
const GET_STATUS = "/tensorflow.serving.ModelService/GetModelStatus";
const MAX_REASON_LENGTH = 300;
/** A program must be asked also when requests have taken all room: one that cannot be is taken to hang. */
const STATUS_LIMITS: AnswerLimits = {
  maxBytes: 2 ** 20,
  budget: { reserve: () => undefined, release: () => undefined },
};

/** Which version a server has been given. */
export type ServedVersion = Pick<Servable, "name" | "version">;

/**
 * Whether a model server serves a version: TensorFlow Serving's GetModelStatus.
 *
 * @throws NodeError `engine-not-started` when it says that it will not
 * @throws ServingError, ProtocolError, ChannelBroken, NoAnswer; the signal's reason
 */
export async function askServes(channel: GrpcChannel, served: ServedVersion, signal: AbortSignal): Promise<boolean> {
  const request = GetModelStatusRequest.encode({ modelSpec: ModelSpec.create(served) });
  const answer = GetModelStatusResponse.decode(await channel.call(GET_STATUS, request, signal, STATUS_LIMITS));
  const own = answer.modelVersionStatus.find(({ version }) => version === served.version);
  if (own?.state === modelStates.END) {
    throw cannotLoad(own);
  }
  return own?.state === modelStates.AVAILABLE;
}

/** @throws ServingError, ProtocolError, ChannelBroken, NoAnswer; the signal's reason */
export async function askPredict(
  channel: GrpcChannel,
  request: PredictRequest,
  signal: AbortSignal | undefined,
): Promise<PredictResponse> {
  const message = encodePredictRequest(request, { asContent: true });
  return decodePredictResponse(await channel.call(PREDICT, message, signal));
}

function cannotLoad({ status }: ModelVersionStatus): NodeError {
  return new NodeError("engine-not-started", "the engine's program cannot load the model", {
    actual: status?.errorMessage.slice(0, MAX_REASON_LENGTH) || "no reason given",
  });
}
