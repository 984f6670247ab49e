import { type AppraisalPolicy, AttestationError, type PolicyOptions, parsePolicy } from "@sealserve/attestation";
import type { ConfigValue } from "@sealserve/config";
import { BrokerError } from "../errors.ts";

const REMEDIES = {
  "policy-unpinned": "pin the software that may have the key, such as sgx: { mrEnclave: [64 hex digits] }",
  "policy-invalid": "correct this member; every part of a policy must be understood before it can protect anything",
} as const;

/**
 * The appraisal policy at `value`. One that pins no software is refused, and so is one for SEV-SNP alone, whose evidence the
 * broker cannot judge.
 * @throws BrokerError `policy-unpinned`, `policy-invalid`; the message names file, line and member
 */
export function readPolicy(value: ConfigValue): AppraisalPolicy {
  const policy = read(value, {});
  if (policy.sgx === undefined && policy.tdx === undefined) {
    const remedy = "pin sgx or tdx; key release judges SEV-SNP reports in a later version";
    const { message } = value.problem("accepts SEV-SNP guests alone, which get no key yet", remedy, ["snp"]);
    throw new BrokerError("policy-invalid", message);
  }
  return policy;
}

/** What the owner should know about a model whose key has no lease; follows on its name. */
export function leaseNotices({ leaseSeconds }: { readonly leaseSeconds: number | undefined }): string[] {
  return leaseSeconds === undefined
    ? ["states no lease: a node that was accepted once serves for as long as it runs, whatever is revoked"]
    : [];
}

/** What the owner should know about a policy that the broker can go by; each follows on its name. */
export function policyNotices({ debug, snp }: AppraisalPolicy): string[] {
  return [
    ...(debug === "allow-insecure" ? ["accepts debug enclaves, NOT SECURE: their host can read the key"] : []),
    ...(snp === undefined ? [] : ["accepts SEV-SNP guests, which get no key yet: their evidence is refused"]),
  ];
}

/**
 * The part of a policy that says nothing about software, which is stated elsewhere; without a value the default one.
 * @throws BrokerError `policy-invalid`, also where it names software
 */
export function readPlatformPolicy(value: ConfigValue | undefined): AppraisalPolicy {
  if (value === undefined) {
    return parsePolicy({}, { requireIdentity: false });
  }
  const policy = read(value, { requireIdentity: false });
  const named = (["sgx", "tdx", "snp"] as const).find((tee) => policy[tee] !== undefined);
  if (named !== undefined) {
    const { message } = value.problem("names software, which raConfig is to do", "remove this member", [named]);
    throw new BrokerError("policy-invalid", message);
  }
  return policy;
}

function read(value: ConfigValue, options: PolicyOptions): AppraisalPolicy {
  try {
    return parsePolicy(value.json(), options);
  } catch (cause) {
    if (!(cause instanceof AttestationError)) {
      throw cause;
    }
    const code = cause.code === "policy-unpinned" ? cause.code : "policy-invalid";
    const { message } = value.problem(describe(cause), REMEDIES[code], memberSteps(cause.message, value));
    throw new BrokerError(code, message, { cause });
  }
}

function describe({ message, expected, actual }: AttestationError): string {
  const facts = [expected && `expected ${expected}`, actual && `found ${actual}`];
  return [message, ...facts.filter(Boolean)].join(", ");
}

/** The way to the member that a message names, such as `sgx.mrEnclave[0]`; empty when it names none. */
function memberSteps(message: string, value: ConfigValue): (string | number)[] {
  const members = new Set(value.entries().map(([name]) => name));
  const paths = message.match(/[A-Za-z]\w*(?:\.[A-Za-z]\w*|\[\d+\])*/g) ?? [];
  const steps = paths.map((path) => path.split(/[.[\]]+/).filter((step) => step !== ""));
  const found = steps.find(([first = ""]) => members.has(first)) ?? [];
  return found.map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}
