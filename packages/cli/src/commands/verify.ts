import { readFile } from "node:fs/promises";
import {
  type Appraisal,
  AttestationError,
  appraise,
  type Collateral,
  defaultPolicy,
  isStale,
  parseCollateralFile,
  parseEvidence,
  type SgxQuote,
  type TrustedRoot,
  type VerifiedEvidence,
  verifyEvidence,
  verifySignatureOnly,
} from "@sealserve/attestation";
import { pccsSource } from "@sealserve/collateral";
import { decodeHex } from "@sealserve/core";
import { type Command, InvalidArgumentError } from "commander";
import { decodeEvidenceFile } from "../evidence/evidence-file.ts";
import { loadPolicy, loadRoot } from "../evidence/reference-values.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { paint, printJson, tell } from "../output/terminal.ts";

interface VerifyOptions {
  readonly collateral?: string;
  readonly pccs?: string;
  readonly root?: string;
  readonly pckChain?: string;
  readonly at?: Date;
  readonly policy?: string;
  readonly expectReportData?: Uint8Array;
  readonly json?: true;
}

/** Why evidence is refused; the code is a claim's, a proof's, or says that collateral is missing. */
interface Reason {
  readonly code: string;
  readonly message: string;
  readonly expected: string;
  readonly actual: string;
}

/** What `sealserve verify` answers; `genuine` is null when it could not be judged. */
interface Verdict {
  readonly genuine: boolean | null;
  readonly signatureValid: boolean;
  readonly simulated: boolean;
  readonly tcbStatus: string | null;
  readonly advisoryIds: readonly string[];
  readonly accepted: boolean;
  readonly reasons: readonly Reason[];
  readonly claims: Appraisal["claims"];
  readonly collateral: { readonly earliestExpiry: string; readonly tcbEvaluationDataNumber: number } | null;
}

/** `sealserve verify`: judges evidence from a file. */
export function addVerifyCommand(program: Command): void {
  program
    .command("verify")
    .argument("<evidence>", "SGX quote: binary, hex or base64")
    .summary("check attestation evidence")
    .description(
      "Proves an SGX quote against collateral and judges it by a policy. Exit code: 0 accepted, 10 genuine but refused, 20 not genuine, 30 collateral missing or stale.",
    )
    .option("--collateral <file>", "collateral as JSON")
    .option("--pccs <url>", "fetch the collateral from this PCCS instead")
    .option("--root <pem>", "trust this root certificate instead of Intel's; everything it proves is called simulated")
    .option("--pck-chain <pem>", "PCK chain for quotes that do not carry one")
    .option("--at <time>", "judge as of this ISO 8601 time", parseTime)
    .option("--policy <file>", "appraisal policy (YAML or JSON); default: everything but software identity")
    .option("--expect-report-data <hex>", "the 64 bytes that the report data must equal", parseReportData)
    .option("--json", "print one JSON document on standard output")
    .addHelpText("after", "\nExample:\n  sealserve verify quote.bin --pccs https://localhost:8081 --policy policy.yaml")
    .action(verify);
}

function parseTime(text: string): Date {
  const time = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}T/.test(text) || Number.isNaN(time.getTime())) {
    throw new InvalidArgumentError("expected an ISO 8601 time such as 2026-11-23T12:00:00Z.");
  }
  return time;
}

function parseReportData(text: string): Uint8Array {
  try {
    return decodeHex(text, 64);
  } catch {
    throw new InvalidArgumentError("expected 128 hex digits.");
  }
}

async function verify(file: string, options: VerifyOptions, command: Command): Promise<void> {
  if (options.collateral !== undefined && options.pccs !== undefined) {
    command.error("error: give --collateral or --pccs, not both");
  }
  const root = await loadRoot(options.root);
  const policy = options.policy === undefined ? defaultPolicy : await loadPolicy(options.policy);
  const now = options.at ?? new Date();
  try {
    const quote = parseEvidence(decodeEvidenceFile(await readFile(file), file));
    const collateral = await findCollateral(quote, options);
    if (collateral === undefined) {
      report(await withoutCollateral(quote, now, root, options), EXIT.collateral, options);
      return;
    }
    const evidence = await verifyEvidence(quote, collateral, { now, root });
    const appraisal = appraise(evidence, policy, { reportData: options.expectReportData ?? "unchecked" });
    report(judged(evidence, appraisal), appraisal.accepted ? EXIT.accepted : EXIT.refused, options);
  } catch (error) {
    if (!(error instanceof AttestationError)) {
      throw error;
    }
    report(notGenuine(error), isStale(error.code) ? EXIT.collateral : EXIT.notGenuine, options);
  }
}

async function findCollateral(quote: SgxQuote, options: VerifyOptions): Promise<Collateral | undefined> {
  const collateral =
    options.collateral === undefined
      ? await fetchFromPccs(quote, options.pccs)
      : parseCollateralFile(await readFile(options.collateral, "utf8"));
  if (collateral === undefined || options.pckChain === undefined) {
    return collateral;
  }
  return { ...collateral, pckCertificateChain: await readFile(options.pckChain, "utf8") };
}

async function fetchFromPccs(quote: SgxQuote, url: string | undefined): Promise<Collateral | undefined> {
  return url === undefined ? undefined : await pccsSource({ url }).fetchCollateral(quote);
}

async function withoutCollateral(
  quote: SgxQuote,
  now: Date,
  root: TrustedRoot,
  options: VerifyOptions,
): Promise<Verdict> {
  const chain = options.pckChain === undefined ? {} : { pckCertificateChain: await readFile(options.pckChain, "utf8") };
  const { signatureValid } = await verifySignatureOnly(quote, { now, root, ...chain });
  return {
    genuine: null,
    signatureValid,
    simulated: root.simulated,
    tcbStatus: null,
    advisoryIds: [],
    accepted: false,
    reasons: [
      {
        code: "collateral-missing",
        message: "no collateral was given, so revocation and TCB level are unknown",
        expected: "--collateral FILE or --pccs URL",
        actual: "neither",
      },
    ],
    claims: [],
    collateral: null,
  };
}

function judged(evidence: VerifiedEvidence, appraisal: Appraisal): Verdict {
  return {
    genuine: true,
    signatureValid: true,
    simulated: evidence.simulated,
    tcbStatus: evidence.tcbStatus,
    advisoryIds: evidence.advisoryIds,
    accepted: appraisal.accepted,
    reasons: appraisal.reasons,
    claims: appraisal.claims,
    collateral: {
      earliestExpiry: evidence.earliestExpiry.toISOString(),
      tcbEvaluationDataNumber: evidence.tcbEvaluationDataNumber,
    },
  };
}

function notGenuine(error: AttestationError): Verdict {
  const { code, message, expected = "", actual = "" } = error;
  return {
    genuine: false,
    signatureValid: false,
    simulated: false,
    tcbStatus: null,
    advisoryIds: [],
    accepted: false,
    reasons: [{ code, message, expected, actual }],
    claims: [],
    collateral: null,
  };
}

function report(verdict: Verdict, exitCode: ExitCode, options: VerifyOptions): void {
  process.exitCode = exitCode;
  if (options.json) {
    printJson(verdict);
    return;
  }
  const headline = verdict.accepted ? paint("green", "accepted") : paint("red", "refused");
  tell(`${headline}${verdict.simulated ? paint("yellow", " (simulated root: proves nothing about hardware)") : ""}`);
  tell(`genuine: ${verdict.genuine ?? "unknown"}, TCB status: ${verdict.tcbStatus ?? "unknown"}`);
  for (const claim of verdict.claims) {
    tell(`  ${claim.pass ? paint("green", "✓") : paint("red", "✗")} ${claim.claim}: ${claim.actual}`);
  }
  for (const reason of verdict.reasons) {
    tell(`${reason.code}: ${reason.message} (expected ${reason.expected}, came ${reason.actual})`);
  }
  if (verdict.collateral !== null) {
    tell(`holds until ${verdict.collateral.earliestExpiry}`);
  }
}
