import { type AppraisalPolicy, AttestationError, parsePolicy, type SgxPolicy } from "@sealserve/attestation";
import { BrokerError } from "../../errors.ts";
import type { ReleasePolicy } from "../../release/candidate.ts";
import type { RaConfig, RaEntry } from "./parse-ra-config.ts";

/** What rules are made into policies with. */
export interface RuleOptions {
  /** Names the rules in the log. */
  readonly name: string;
  /** Everything that the rules say nothing about. */
  readonly platform: AppraisalPolicy;
  /** Development only: rules under which any software is accepted are not refused. */
  readonly insecureAcceptAnyEnclave: boolean;
}

/** Policies that stand for rules, and what to tell the owner about them. */
export interface RulePolicies {
  readonly policies: readonly ReleasePolicy[];
  readonly warnings: readonly string[];
}

/**
 * The policies that stand for rules, one an entry. ISVSVN must be equal, as for CCZoo's broker.
 * @throws BrokerError `ra-config-unpinned` for rules that name no software, unless they are allowed
 */
export function policiesOfRules(rules: RaConfig, options: RuleOptions): RulePolicies {
  const { compared, entries } = rules;
  const warnings = [...rules.warnings];
  if (!compared.includes("mrEnclave") && !compared.includes("mrSigner")) {
    expectAllowed(options);
    warnings.push("no software is named: any enclave can get the secret, NOT SECURE");
  } else if (!compared.includes("mrEnclave")) {
    warnings.push("verify_mr_enclave is off: every enclave of these signers that meets the rest can get the secret");
  }
  const policies = compared.length === 0 ? [policyOf({}, options, "")] : [];
  for (const [index, entry] of entries.entries()) {
    if (!isPlaceholder(entry)) {
      policies.push(policyOf(entry, options, ` mrs[${index}]`));
    }
  }
  return { policies, warnings };
}

/** No enclave has such a measurement, so the entry accepts nobody; the warnings say where it stands. */
function isPlaceholder({ mrEnclave = "", mrSigner = "" }: RaEntry): boolean {
  return [mrEnclave, mrSigner].some((measurement) => /^0+$/.test(measurement));
}

function expectAllowed({ insecureAcceptAnyEnclave }: RuleOptions): void {
  if (!insecureAcceptAnyEnclave) {
    throw new BrokerError(
      "ra-config-unpinned",
      "verify_mr_enclave and verify_mr_signer are off: any enclave is accepted",
      {
        expected: '"on" for one of them',
        remedy: "turn verify_mr_enclave on; to try things out, insecureAcceptAnyEnclave gives the secret to anybody",
      },
    );
  }
}

function policyOf(
  { mrEnclave, mrSigner, isvProdId, isvSvn }: RaEntry,
  options: RuleOptions,
  place: string,
): ReleasePolicy {
  const sgx: SgxPolicy = {
    ...(mrEnclave === undefined ? {} : { mrEnclave: [mrEnclave] }),
    ...(mrSigner === undefined ? {} : { mrSigner: [mrSigner] }),
    ...(isvProdId === undefined ? {} : { isvProdId }),
    ...(isvSvn === undefined ? {} : { minimumIsvSvn: isvSvn }),
  };
  return {
    name: `${options.name}${place}`,
    policy: checkedPolicy(sgx, options),
    enclave: isvSvn === undefined ? {} : { isvSvn },
  };
}

/** A signer without product and version stands for all that he ever signed, whatever else is allowed. */
function checkedPolicy(sgx: SgxPolicy, { platform, insecureAcceptAnyEnclave }: RuleOptions): AppraisalPolicy {
  try {
    return parsePolicy({ ...platform, sgx }, { requireIdentity: !insecureAcceptAnyEnclave });
  } catch (cause) {
    if (!(cause instanceof AttestationError)) {
      throw cause;
    }
    throw new BrokerError("ra-config-unpinned", `the rules do not pin the software: ${cause.message}`, {
      expected: cause.expected,
      actual: cause.actual,
      remedy: "turn verify_mr_enclave on, or verify_isv_prod_id and verify_isv_svn beside verify_mr_signer",
      cause,
    });
  }
}
