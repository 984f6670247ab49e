import { enumeration } from "../protobuf/enumeration.ts";
import { repeated } from "../protobuf/list-field.ts";
import { type MessageOf, message } from "../protobuf/message.ts";
import { field } from "../protobuf/single-field.ts";
import { grpcCodes } from "../status/code.ts";
import { ModelSpec } from "./model-spec.ts";

/** States of a model version, with their numbers in `tensorflow.serving.ModelVersionStatus.State`. */
export const modelStates = { UNKNOWN: 0, START: 10, LOADING: 20, AVAILABLE: 30, UNLOADING: 40, END: 50 } as const;

const StateEnum = enumeration("tensorflow.serving.ModelVersionStatus.State", modelStates);

const ErrorCodeEnum = enumeration(
  "tensorflow.error.Code",
  Object.fromEntries(Object.entries(grpcCodes).map(([name, { number }]) => [name, number])),
);

/** `tensorflow.serving.StatusProto`. */
export const StatusProto = message("tensorflow.serving.StatusProto", {
  errorCode: field(1, ErrorCodeEnum),
  errorMessage: field(2, "string"),
});
/** A value of the message {@link StatusProto}. */
export type StatusProto = MessageOf<typeof StatusProto>;

/** `tensorflow.serving.ModelVersionStatus`. */
export const ModelVersionStatus = message("tensorflow.serving.ModelVersionStatus", {
  version: field(1, "int64"),
  state: field(2, StateEnum),
  status: field(3, StatusProto),
});
/** A value of the message {@link ModelVersionStatus}. */
export type ModelVersionStatus = MessageOf<typeof ModelVersionStatus>;

/** `tensorflow.serving.GetModelStatusRequest`. */
export const GetModelStatusRequest = message("tensorflow.serving.GetModelStatusRequest", {
  modelSpec: field(1, ModelSpec),
});
/** A value of the message {@link GetModelStatusRequest}. */
export type GetModelStatusRequest = MessageOf<typeof GetModelStatusRequest>;

/** `tensorflow.serving.GetModelStatusResponse`: newest version first. */
export const GetModelStatusResponse = message("tensorflow.serving.GetModelStatusResponse", {
  modelVersionStatus: repeated(1, ModelVersionStatus),
});
/** A value of the message {@link GetModelStatusResponse}. */
export type GetModelStatusResponse = MessageOf<typeof GetModelStatusResponse>;
