export * from "./config/broker-config.ts";
export { leaseNotices, policyNotices } from "./config/policy.ts";
export type { PortConfig, TlsFiles } from "./config/port-config.ts";
export type { ProvisioningConfig, RaConfigSource, SecretConfig } from "./config/provisioning-config.ts";
export { type RaConfigBrokerFiles, raConfigBroker } from "./config/ra-config-broker.ts";
export type { KeyFormat, SecretFormat } from "./config/secret-format.ts";
export { BrokerError, type BrokerErrorCode, type BrokerStartCode, type ReleaseRequestCode } from "./errors.ts";
export type { ReleasableModel } from "./keys/releasable-model.ts";
export { SecretKey } from "./keys/secret-key.ts";
export type {
  AttemptRecord,
  BrokerLog,
  LogRecord,
  NoticeRecord,
  ReleaseProtocol,
  ReleaseStep,
} from "./log/log-record.ts";
export type { Candidate, ReleasePolicy } from "./release/candidate.ts";
export {
  type Decision,
  type DecisionInput,
  decideRelease,
  type FailedClaim,
  type RefusalCode,
} from "./release/decision.ts";
export type { BrokerLimits } from "./server/limits.ts";
export { type BrokerOptions, type RunningBroker, startBroker } from "./start-broker.ts";
