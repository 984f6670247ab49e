import { defaultPolicy, parseCollateralFile } from "@sealserve/attestation";
import { decodeHex, decodePem, encodeHex, equalBytes, sha256 } from "@sealserve/core";
import { type Command, InvalidArgumentError } from "commander";
import { CliError } from "../errors.ts";
import { openPccs, PCCS_CA } from "../evidence/pccs-option.ts";
import { type PresentedEvidence, readPresentedEvidence } from "../evidence/presented-evidence.ts";
import { loadPolicy, loadRoot } from "../evidence/reference-values.ts";
import { loadSnpCollateral, type SnpFiles } from "../evidence/snp-files.ts";
import { type JudgeOptions, judgeEvidence, type Verdict } from "../evidence/verdict.ts";
import { statementText, verdictText } from "../evidence/verdict-text.ts";
import { readNamedFile, readNamedText } from "../named-file.ts";
import { JSON_OPTION, printJson, tell } from "../output/terminal.ts";

interface VerifyOptions extends SnpFiles {
  readonly collateral?: string;
  readonly pccs?: string;
  readonly pccsCa?: string;
  readonly root?: string;
  readonly pckChain?: string;
  readonly at?: Date;
  readonly graceHours: number;
  readonly policy?: string;
  readonly expectReportData?: Uint8Array;
  readonly nonce?: Uint8Array;
  readonly serverCertificate?: string;
  readonly json?: true;
}

/** `sealserve verify`: judges evidence from a file. */
export function addVerifyCommand(program: Command): void {
  program
    .command("verify")
    .argument(
      "<evidence>",
      "SGX or TDX quote or SEV-SNP report: binary, hex or base64; an answer of /attestation; an RA-TLS certificate (PEM)",
    )
    .summary("check attestation evidence")
    .description(
      "Proves an SGX or TDX quote or a SEV-SNP report against collateral and judges it by a policy. Exit code: 0 accepted, 10 genuine but refused, 20 not genuine, 30 collateral missing or stale.",
    )
    .option("--collateral <file>", "collateral for a quote as JSON")
    .option("--pccs <url>", "fetch the collateral from this PCCS instead")
    .option(...PCCS_CA)
    .option(
      "--root <pem>",
      "trust this root certificate instead of the vendors'; everything it proves is called simulated",
    )
    .option("--pck-chain <pem>", "PCK chain for quotes that do not carry one")
    .option(
      "--vek <file>",
      "VCEK or VLEK certificate for a SEV-SNP report (PEM or DER); default: the one beside the report",
    )
    .option("--ask <file>", "ASK or ASVK certificate, likewise")
    .option("--ark <file>", "AMD root certificate, likewise")
    .option("--crl <file>", "revocation list of the AMD root (PEM or DER)")
    .option("--at <time>", "judge as of this ISO 8601 time", parseTime)
    .option(
      "--grace-hours <n>",
      "let collateral count this long after its end (0 to 168), if the policy allows",
      parseHours,
      0,
    )
    .option("--policy <file>", "appraisal policy (YAML or JSON); default: everything but software identity")
    .option("--expect-report-data <hex>", "the 64 bytes that the report data must equal", parseHex(64))
    .option("--nonce <hex>", "the nonce that was sent for this answer of /attestation", parseHex(32))
    .option("--server-certificate <pem>", "the certificate that the server showed when it gave this answer")
    .option(...JSON_OPTION)
    .addHelpText("after", "\nExample:\n  sealserve verify quote.bin --pccs https://localhost:8081 --policy policy.yaml")
    .action(verify);
}

function parseTime(text: string): Date {
  const time = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:\d{2})$/.test(text) || Number.isNaN(time.getTime())) {
    throw new InvalidArgumentError("expected an ISO 8601 time with its zone, such as 2026-11-23T12:00:00Z.");
  }
  return time;
}

function parseHours(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) > 168) {
    throw new InvalidArgumentError("expected a whole number of hours from 0 to 168.");
  }
  return Number(text);
}

function parseHex(length: number): (text: string) => Uint8Array {
  return (text) => {
    try {
      return decodeHex(text, length);
    } catch {
      throw new InvalidArgumentError(`expected ${2 * length} hex digits.`);
    }
  };
}

async function verify(file: string, options: VerifyOptions, command: Command): Promise<void> {
  if (options.collateral !== undefined && options.pccs !== undefined) {
    command.error("error: give --collateral or --pccs, not both");
  }
  if (options.pccsCa !== undefined && options.pccs === undefined) {
    command.error("error: --pccs-ca is for --pccs, which is missing");
  }
  const presented = await readPresentedEvidence(await readNamedFile(file), file, {
    nonce: options.nonce,
    serverCertificateSha256: await digestOfCertificate(options.serverCertificate),
  });
  const judgement = await judgeEvidence(presented.evidence, {
    now: options.at ?? new Date(),
    graceHours: options.graceHours,
    root: await loadRoot(options.root),
    policy: options.policy === undefined ? defaultPolicy : await loadPolicy(options.policy),
    reportData: expectedReportData(presented, options),
    pckCertificateChain: options.pckChain === undefined ? undefined : await readNamedText(options.pckChain),
    findCollateral: await collateralFinder(options),
    snpCollateral: await loadSnpCollateral(options),
  });
  process.exitCode = judgement.exitCode;
  report({ ...judgement.verdict, statement: provenStatement(presented, judgement.verdict) }, options);
}

/** @throws CliError `usage` when file and caller do not say the same */
function expectedReportData(
  { reportData }: PresentedEvidence,
  { expectReportData }: VerifyOptions,
): Uint8Array | undefined {
  if (expectReportData !== undefined && reportData !== undefined && !equalBytes(expectReportData, reportData)) {
    throw new CliError("usage", "the file says that its evidence was made for something else", {
      expected: encodeHex(expectReportData),
      actual: encodeHex(reportData),
      remedy: "leave out --expect-report-data, or check where the file comes from",
    });
  }
  return expectReportData ?? reportData;
}

/** What the file says becomes true with the evidence that carries it. */
function provenStatement({ statement }: PresentedEvidence, { claims }: Verdict): PresentedEvidence["statement"] {
  return claims.some(({ claim, pass }) => claim === "report-data" && pass) ? statement : undefined;
}

async function digestOfCertificate(file: string | undefined): Promise<Uint8Array | undefined> {
  if (file === undefined) {
    return undefined;
  }
  const [leaf] = decodePem(await readNamedText(file), "CERTIFICATE");
  return sha256(leaf?.bytes ?? new Uint8Array());
}

/** The files are read before anything is judged: one that is missing is a usage error. */
async function collateralFinder({ collateral, pccs, pccsCa }: VerifyOptions): Promise<JudgeOptions["findCollateral"]> {
  if (pccs !== undefined) {
    const source = await openPccs(pccs, pccsCa);
    return (quote) => source.fetchCollateral(quote);
  }
  const text = collateral === undefined ? undefined : await readNamedText(collateral);
  return async () => (text === undefined ? undefined : parseCollateralFile(text));
}

function report(verdict: Verdict & Pick<PresentedEvidence, "statement">, options: VerifyOptions): void {
  if (options.json) {
    printJson(verdict);
    return;
  }
  tell([...verdictText(verdict), ...statementText(verdict.statement)].join("\n"));
}
