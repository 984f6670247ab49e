import { encodeCollateralFile } from "@sealserve/attestation";
import { decodeHex } from "@sealserve/core";
import { type Command, InvalidArgumentError } from "commander";
import { CliError } from "../errors.ts";
import { writeNewFile } from "../output/new-file.ts";
import { paint, printJson, tell } from "../output/terminal.ts";
import { abortOnSignal, closeOnAbort } from "../service/until-signal.ts";

type Simulator = typeof import("@sealserve/simulator");

interface PlatformOptions {
  readonly state: string;
  readonly socket: string;
  readonly program: string;
  readonly pccs?: { readonly host: string; readonly port: number };
  readonly json?: true;
}

/** `sealserve simulator …`: a software TEE for development. */
export function addSimulatorCommands(program: Command): void {
  const simulator = program
    .command("simulator")
    .summary("development only: a software TEE vendor and platform, NOT SECURE")
    .description("Makes evidence in the true formats under a root of its own. It protects nothing.");
  addPlatform(simulator);
  addMeasure(simulator);
  addQuote(simulator);
  addCollateral(simulator);
}

function addPlatform(simulator: Command): void {
  simulator
    .command("platform")
    .description("Measures a program folder once, then answers quote requests on a Unix socket.")
    .requiredOption("--program <dir>", "program to measure (see image)")
    .requiredOption("--socket <path>", "Unix socket to listen on")
    .requiredOption("--state <dir>", "folder for the simulated vendor's keys; made at first use")
    .option("--pccs <host:port>", "also serve the collateral as a PCCS would", parseEndpoint)
    .option("--json", "print events as JSON lines on standard output")
    .addHelpText(
      "after",
      "\nExample:\n  sealserve simulator platform --program run/program --socket run/tee.sock --state run/simulator --pccs 127.0.0.1:8081",
    )
    .action(runPlatform);
}

function parseEndpoint(text: string): { host: string; port: number } {
  const match = /^([^:\s]+):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[2]) > 65_535) {
    throw new InvalidArgumentError("expected HOST:PORT, for example 127.0.0.1:8081.");
  }
  return { host: match[1] as string, port: Number(match[2]) };
}

async function runPlatform(options: PlatformOptions): Promise<void> {
  const signal = abortOnSignal();
  const { startSimulatedPlatform } = await loadSimulator();
  const platform = await startSimulatedPlatform({
    stateDirectory: options.state,
    socketPath: options.socket,
    programDirectory: options.program,
    ...(options.pccs === undefined ? {} : { pccs: options.pccs }),
  });
  if (options.json) {
    printJson({
      event: "ready",
      ...platform.measurement,
      pccs: platform.pccsUrl,
      root: platform.rootFile,
      socket: platform.socketPath,
    });
  } else {
    tell(paint("yellow", "simulated platform, NOT SECURE"));
    tell(`MRENCLAVE ${platform.measurement.mrEnclave} over ${platform.measurement.files} files of ${options.program}`);
    tell(`root ${platform.rootFile}${platform.pccsUrl === undefined ? "" : `, collateral at ${platform.pccsUrl}`}`);
  }
  await closeOnAbort(platform, signal);
}

function addMeasure(simulator: Command): void {
  simulator
    .command("measure")
    .argument("<program>", "program folder (see image)")
    .description("Prints the MRENCLAVE that the simulated platform gives a program.")
    .option("--json", "print one JSON document on standard output")
    .action(async (directory: string, options: { readonly json?: true }) => {
      const measurement = await (await loadSimulator()).measureProgram(directory);
      if (options.json) {
        printJson(measurement);
      } else {
        process.stdout.write(`${measurement.mrEnclave}\n`);
      }
    });
}

interface QuoteOptions {
  readonly state: string;
  readonly mrEnclave: string;
  readonly reportData: string;
  readonly out: string;
}

function addQuote(simulator: Command): void {
  simulator
    .command("quote")
    .description("Writes one quote with the given measurement and report data.")
    .requiredOption("--state <dir>", "folder of the simulated vendor's keys; made at first use")
    .requiredOption("--mr-enclave <hex>", "64 hex digits")
    .requiredOption("--report-data <hex>", "128 hex digits")
    .requiredOption("--out <file>", "file for the quote; never overwritten")
    .action(async (options: QuoteOptions) => {
      const vendor = await (await loadSimulator()).loadOrCreateVendor(options.state);
      const quote = await vendor.quote({ mrEnclave: options.mrEnclave, reportData: decodeHex(options.reportData, 64) });
      await writeNewFile(options.out, quote);
      tell(`${options.out}: simulated SGX quote, ${quote.length} bytes`);
    });
}

function addCollateral(simulator: Command): void {
  simulator
    .command("collateral")
    .description("Writes the simulated vendor's collateral, signed now, valid for 30 days.")
    .requiredOption("--state <dir>", "folder of the simulated vendor's keys; made at first use")
    .requiredOption("--out <file>", "file for the collateral; never overwritten")
    .action(async (options: { readonly state: string; readonly out: string }) => {
      const vendor = await (await loadSimulator()).loadOrCreateVendor(options.state);
      await writeNewFile(options.out, encodeCollateralFile(await vendor.collateral()));
      tell(`${options.out}: simulated collateral`);
    });
}

/** The simulator is an optional package: a release image does not contain it. */
async function loadSimulator(): Promise<Simulator> {
  try {
    return await import("@sealserve/simulator");
  } catch (cause) {
    throw new CliError("simulator-missing", "the simulator is not part of this installation", {
      remedy: "use a development checkout; a release image never contains it",
      cause,
    });
  }
}
