import { enumeration } from "../protobuf/enumeration.ts";
import { message } from "../protobuf/message.ts";
import { field } from "../protobuf/single-field.ts";

/** Values of `grpc.health.v1.HealthCheckResponse.ServingStatus`. */
export const servingStatuses = { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } as const;

/** `grpc.health.v1.HealthCheckRequest`: an empty name means the whole server. */
export const HealthCheckRequest = message("grpc.health.v1.HealthCheckRequest", { service: field(1, "string") });

/** `grpc.health.v1.HealthCheckResponse`. */
export const HealthCheckResponse = message("grpc.health.v1.HealthCheckResponse", {
  status: field(1, enumeration("grpc.health.v1.HealthCheckResponse.ServingStatus", servingStatuses)),
});
