export { ClientError, type ClientErrorCode, EvidenceRefusedError } from "./errors.ts";
export type { ProvenNode } from "./evidence/judge.ts";
export {
  type AttestedNode,
  type AttestedPrediction,
  connectNode,
  connectWithoutEvidence,
  type NodePrediction,
  type UnattestedNode,
} from "./node.ts";
export type { CallOptions, EvidenceExpectations, NodeOptions, UnattestedOptions } from "./options.ts";
export type { RestPredictOptions } from "./rest/predict.ts";
