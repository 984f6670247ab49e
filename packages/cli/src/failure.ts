import { SealserveError } from "@sealserve/core";
import { ServingError } from "@sealserve/protocol";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { StartFailure } from "./service/start-failure.ts";
import { Interrupted } from "./service/until-signal.ts";

/** An error as the command line shows it. */
export interface Failure {
  /** One line that names the thing and the remedy; no stack trace. */
  readonly line: string;
  readonly code: string;
  readonly exitCode: ExitCode;
}

/**
 * What an error means to the caller, by its class or by class and code. Everything else that is raised on purpose is
 * something the caller has to set right: usage.
 */
const EXIT_BY_ERROR: Readonly<Record<string, ExitCode>> = {
  "BrokerError/release-refused": EXIT.refused,
  "BrokerError/collateral-unavailable": EXIT.collateral,
  "BrokerError/broker-not-trusted": EXIT.notGenuine,
  "ClientError/chain-not-trusted": EXIT.notGenuine,
  "ClientError/evidence-missing": EXIT.notGenuine,
  "ClientError/evidence-not-genuine": EXIT.notGenuine,
  "ClientError/collateral-unavailable": EXIT.collateral,
  "ClientError/package-not-accepted": EXIT.refused,
  EvidenceRefusedError: EXIT.refused,
  CollateralError: EXIT.collateral,
  "BundleError/bundle-signature-invalid": EXIT.notGenuine,
  "BundleError/bundle-refused": EXIT.notGenuine,
  RaTlsError: EXIT.notGenuine,
  AttestationError: EXIT.notGenuine,
  "AttestationError/policy-invalid": EXIT.usage,
  "AttestationError/policy-unpinned": EXIT.usage,
  "AttestationError/root-malformed": EXIT.usage,
  ...Object.fromEntries(
    [
      ["authentication-failed", "malformed-metadata", "corrupted", "invalid-path", "input-changed"],
      ["signature-invalid", "manifest-digest-mismatch", "file-unlisted", "file-missing"],
      ["file-size-mismatch", "file-digest-mismatch", "unsafe-path", "path-clash", "symlink"],
    ]
      .flat()
      .map((code) => [`EncryptedFilesError/${code}`, EXIT.notGenuine]),
  ),
  "EncryptedFilesError/version-too-old": EXIT.refused,
  "EncryptedFilesError/model-name-mismatch": EXIT.refused,
};

const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder; check the path",
  EACCES: "permission denied; check owner and mode",
  EPERM: "not permitted; check owner and mode",
  EISDIR: "is a folder; name a file",
  ENOTDIR: "is not a folder; name a folder",
  EADDRINUSE: "address is in use; stop what listens there or choose another port",
  EADDRNOTAVAIL: "address is not one of this machine's",
  ECONNREFUSED: "nothing listens there; start it or correct the address",
  ENOSPC: "the disk is full",
  EROFS: "the file system is read-only",
};

/** Turns any error into one line and an exit code. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof Interrupted) {
    return { line: error.message, code: "interrupted", exitCode: EXIT.interrupted };
  }
  if (error instanceof StartFailure) {
    const { line, ...failure } = describeFailure(error.cause);
    const code = error.cause instanceof ServingError ? `${error.cause.code}: ` : "";
    return { ...failure, line: `Failed to start server. Error: ${code}${line}` };
  }
  if (error instanceof SealserveError) {
    return { line: sealserveLine(error), code: error.code, exitCode: exitCodeOf(error) };
  }
  if (error instanceof Error && "code" in error && typeof error.code === "string") {
    const explanation = SYSTEM_ERRORS[error.code];
    if (explanation !== undefined) {
      return { line: `${systemSubject(error)}: ${explanation}`, code: error.code, exitCode: EXIT.usage };
    }
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    line: `internal error: ${firstLine(message)}; please report it (SEALSERVE_STACK=1 shows where)`,
    code: "internal",
    exitCode: EXIT.internal,
  };
}

function exitCodeOf(error: SealserveError): ExitCode {
  return EXIT_BY_ERROR[`${error.name}/${error.code}`] ?? EXIT_BY_ERROR[error.name] ?? EXIT.usage;
}

function sealserveLine(error: SealserveError): string {
  const facts = [
    error.expected === undefined ? undefined : `expected ${error.expected}`,
    error.actual === undefined ? undefined : `came ${error.actual}`,
  ].filter((fact) => fact !== undefined);
  const detail = facts.length === 0 ? "" : ` (${facts.join(", ")})`;
  const remedy = error.remedy === undefined ? "" : `; ${error.remedy}`;
  return firstLine(`${error.message}${detail}${remedy}`);
}

function systemSubject(error: Error): string {
  const { path, address, port } = error as { path?: unknown; address?: unknown; port?: unknown };
  if (typeof path === "string") {
    return path;
  }
  return typeof address === "string" ? `${address}:${String(port)}` : error.message;
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}
