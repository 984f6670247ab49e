import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { decodeHex, encodeHex } from "@sealserve/core";
import type { SnpProduct, VekKind } from "@sealserve/simulator";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type EvidenceRequest, makeSimulatedEvidence } from "../evidence/simulated-evidence.ts";
import { expectAbsent, writeNewFile } from "../output/new-file.ts";
import { JSON_OPTION, printJson, tell } from "../output/terminal.ts";

interface QuoteOptions {
  readonly state: string;
  readonly reportData: Uint8Array;
  readonly out: string;
  readonly tee: EvidenceRequest["tee"];
  readonly mrEnclave?: string;
  readonly mrTd?: string;
  readonly measurement?: string;
  readonly quoteVersion?: "3" | "4" | "5";
  readonly product?: SnpProduct;
  readonly signedBy?: VekKind;
  readonly certs?: string;
  readonly json?: true;
}

/** Flags that belong to some kinds of TEE only. */
const FLAGS = {
  mrEnclave: "--mr-enclave",
  mrTd: "--mr-td",
  measurement: "--measurement",
  quoteVersion: "--quote-version",
  product: "--product",
  signedBy: "--signed-by",
  certs: "--certs",
} as const;

type Flag = keyof typeof FLAGS;

const ALLOWED: Readonly<Record<EvidenceRequest["tee"], readonly Flag[]>> = {
  sgx: ["mrEnclave", "quoteVersion"],
  tdx: ["mrTd", "quoteVersion"],
  snp: ["measurement", "product", "signedBy", "certs"],
};

const EXAMPLES = `
Examples:
  sealserve simulator quote --state run/simulator --mr-enclave $MRENCLAVE --report-data $HEX --out quote.bin
  sealserve simulator quote --tee snp --product Genoa --state run/simulator --measurement $MEASUREMENT --report-data $HEX --out report.bin --certs certs`;

/** `sealserve simulator quote`. */
export function addSimulatorQuote(simulator: Command): void {
  simulator
    .command("quote")
    .description("Writes one quote or report with the given measurement and report data.")
    .requiredOption("--state <dir>", "folder of the simulated vendor's keys; made at first use")
    .addOption(new Option("--tee <kind>", "kind of evidence").choices(["sgx", "tdx", "snp"]).default("sgx"))
    .option("--mr-enclave <hex>", "SGX: 64 hex digits", hexOf(32))
    .option("--mr-td <hex>", "TDX: 96 hex digits", hexOf(48))
    .option("--measurement <hex>", "SEV-SNP: 96 hex digits", hexOf(48))
    .requiredOption("--report-data <hex>", "128 hex digits", bytesOf(64))
    .addOption(new Option("--quote-version <n>", "SGX: default 3; TDX: 4 (default) or 5").choices(["3", "4", "5"]))
    .addOption(new Option("--product <name>", "SEV-SNP: default Milan").choices(["Milan", "Genoa", "Turin"]))
    .addOption(new Option("--signed-by <key>", "SEV-SNP: default vcek").choices(["vcek", "vlek"]))
    .option("--certs <dir>", "SEV-SNP: folder for vek.der, ask.pem, ark.pem and ark.crl; default: that of --out")
    .requiredOption("--out <file>", "file for the evidence; never overwritten")
    .option(...JSON_OPTION)
    .addHelpText("after", EXAMPLES)
    .action(writeQuote);
}

async function writeQuote(options: QuoteOptions, command: Command): Promise<void> {
  const { kind, evidence, certificates } = await makeSimulatedEvidence(requestOf(options, command));
  const folder = options.certs ?? dirname(options.out);
  const files = [...certificates].map(([name, content]) => [join(folder, name), content] as const);
  await expectAbsent([options.out, ...files.map(([path]) => path)]);
  if (options.certs !== undefined) {
    await mkdir(options.certs, { recursive: true });
  }
  for (const [path, content] of files) {
    await writeNewFile(path, content);
  }
  await writeNewFile(options.out, evidence);
  tell(`${options.out}: simulated ${kind}, ${evidence.length} bytes`);
  if (options.json) {
    printJson({ simulated: true, tee: options.tee, evidence: options.out, certificates: files.map(([path]) => path) });
  }
}

function requestOf(options: QuoteOptions, command: Command): EvidenceRequest {
  refuseForeignFlags(options, command);
  const { state, reportData, tee } = options;
  const wanted = (flag: "mrEnclave" | "mrTd" | "measurement"): string =>
    options[flag] ?? command.error(`error: --tee ${tee} needs ${FLAGS[flag]}`);
  if (tee === "snp") {
    const { product = "Milan", signedBy = "vcek" } = options;
    return { state, reportData, tee, measurement: wanted("measurement"), product, signedBy };
  }
  const version = options.quoteVersion === undefined ? undefined : (Number(options.quoteVersion) as 3 | 4 | 5);
  if (tee === "sgx") {
    return { state, reportData, tee, mrEnclave: wanted("mrEnclave"), version: version ?? 3 };
  }
  if (version === 3) {
    return command.error("error: TDX quotes are version 4 or 5");
  }
  return { state, reportData, tee, mrTd: wanted("mrTd"), version: version ?? 4 };
}

function refuseForeignFlags(options: QuoteOptions, command: Command): void {
  for (const flag of Object.keys(FLAGS) as Flag[]) {
    if (options[flag] !== undefined && !ALLOWED[options.tee].includes(flag)) {
      command.error(`error: ${FLAGS[flag]} does not go with --tee ${options.tee}`);
    }
  }
}

function hexOf(length: number): (text: string) => string {
  const parse = bytesOf(length);
  return (text) => encodeHex(parse(text));
}

function bytesOf(length: number): (text: string) => Uint8Array {
  return (text) => {
    try {
      return decodeHex(text, length);
    } catch {
      throw new InvalidArgumentError(`expected ${2 * length} hex digits.`);
    }
  };
}
