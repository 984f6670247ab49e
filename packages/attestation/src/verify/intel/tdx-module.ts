import { encodeHex, equalBytes, isZero } from "@sealserve/core";
import type {
  TdxModuleExpectation,
  TdxModuleIdentity,
  TdxModules,
  TdxModuleTcbLevel,
} from "../../collateral/tdx-module.ts";
import { AttestationError } from "../../errors.ts";
import type { TdReportBody } from "../../quote/td-report-body.ts";
import { maskedBytes } from "./masked-bytes.ts";

/**
 * Proves that the TDX module which launched a trust domain is one that the vendor signed, and finds its TCB level. From
 * major version 1 on a module has an identity of its own; before that it has no level.
 * @throws AttestationError `tdx-module-unknown`, `tdx-module-mrsigner-mismatch`, `tdx-module-attributes-mismatch`,
 * `tdx-module-tcb-not-supported`
 */
export function matchTdxModule(report: TdReportBody, modules: TdxModules): TdxModuleTcbLevel | undefined {
  const [isvSvn = 0, version = 0] = report.teeTcbSvn;
  if (version === 0) {
    expectModule(report, modules.first);
    return undefined;
  }
  const identity = moduleIdentity(modules, version);
  expectModule(report, identity);
  const match = identity.levels.find((level) => isvSvn >= level.isvSvn);
  if (match === undefined) {
    throw new AttestationError("tdx-module-tcb-not-supported", "TDX module is below every TCB level of its identity", {
      actual: `version ${version}, ISVSVN ${isvSvn}`,
    });
  }
  return match;
}

/** The identity of modules of a major version from 1 on. @throws AttestationError `tdx-module-unknown` */
export function moduleIdentity({ byVersion }: TdxModules, version: number): TdxModuleIdentity {
  const identity = byVersion.get(version);
  if (identity === undefined) {
    throw new AttestationError("tdx-module-unknown", "TCB info has no identity for TDX modules of this version", {
      expected: `version ${[...byVersion.keys()].join(" or ")}`,
      actual: `version ${version}`,
      remedy: "fetch current collateral",
    });
  }
  return identity;
}

function expectModule(report: TdReportBody, expected: TdxModuleExpectation): void {
  const signer = encodeHex(report.mrSignerSeam);
  if (signer !== expected.mrSigner) {
    throw new AttestationError("tdx-module-mrsigner-mismatch", "TDX module is of another signer", {
      expected: expected.mrSigner,
      actual: signer,
    });
  }
  const masked = maskedBytes(report.seamAttributes, expected.attributesMask);
  // Whatever the document says: an attribute of a SEAM module is there for debugging it.
  if (!equalBytes(masked, expected.attributes) || !isZero(report.seamAttributes)) {
    throw new AttestationError("tdx-module-attributes-mismatch", "TDX module has attributes that it must not have", {
      expected: encodeHex(expected.attributes),
      actual: encodeHex(report.seamAttributes),
    });
  }
}
