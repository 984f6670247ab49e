export { ClientError, type ClientErrorCode, EvidenceRefusedError } from "./errors.ts";
export type { AnswerSeal } from "./evidence/answer-seal.ts";
export type { ProvenNode } from "./evidence/judge.ts";
export { connectNode, connectWithoutEvidence } from "./node.ts";
export type { CallOptions, EvidenceExpectations, NodeOptions, UnattestedOptions } from "./options.ts";
export type { RestPredictOptions } from "./rest/predict.ts";
export type { AttestedNode, AttestedPrediction, NodePrediction, UnattestedNode } from "./serving-node.ts";
