/** gRPC status codes by name: number on the wire, and the HTTP status that TensorFlow Serving's REST API gives for it. */
export const grpcCodes = {
  OK: { number: 0, http: 200 },
  CANCELLED: { number: 1, http: 499 },
  UNKNOWN: { number: 2, http: 500 },
  INVALID_ARGUMENT: { number: 3, http: 400 },
  DEADLINE_EXCEEDED: { number: 4, http: 504 },
  NOT_FOUND: { number: 5, http: 404 },
  ALREADY_EXISTS: { number: 6, http: 409 },
  PERMISSION_DENIED: { number: 7, http: 403 },
  RESOURCE_EXHAUSTED: { number: 8, http: 429 },
  FAILED_PRECONDITION: { number: 9, http: 400 },
  ABORTED: { number: 10, http: 409 },
  OUT_OF_RANGE: { number: 11, http: 400 },
  UNIMPLEMENTED: { number: 12, http: 501 },
  INTERNAL: { number: 13, http: 500 },
  UNAVAILABLE: { number: 14, http: 503 },
  DATA_LOSS: { number: 15, http: 500 },
  UNAUTHENTICATED: { number: 16, http: 401 },
} as const;

/** Name of a gRPC status code; `tensorflow.error.Code` has the same names and numbers. */
export type GrpcCodeName = keyof typeof grpcCodes;

const names = new Map<number, GrpcCodeName>(
  (Object.keys(grpcCodes) as GrpcCodeName[]).map((name) => [grpcCodes[name].number, name]),
);

/** Name of a code number. Numbers outside the table count as UNKNOWN, as the gRPC specification demands. */
export function grpcCodeName(number: number): GrpcCodeName {
  return names.get(number) ?? "UNKNOWN";
}

/**
 * Code for an HTTP status without a gRPC code of its own: several codes share a status, and the answer's body carries
 * only the message, so this is the first code of the table with that status, or UNKNOWN.
 */
export function grpcCodeForHttp(status: number): GrpcCodeName {
  for (const [number, name] of names) {
    if (number !== 0 && grpcCodes[name].http === status) {
      return name;
    }
  }
  return status === 200 ? "OK" : "UNKNOWN";
}
