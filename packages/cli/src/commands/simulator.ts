import { encodeCollateralFile } from "@sealserve/attestation";
import type { IntelTee } from "@sealserve/simulator";
import { type Command, InvalidArgumentError, Option } from "commander";
import { loadSimulator } from "../evidence/load-simulator.ts";
import { writeNewFile } from "../output/new-file.ts";
import { JSON_OPTION, paint, printJson, tell } from "../output/terminal.ts";
import { abortOnSignal, closeOnAbort } from "../service/until-signal.ts";
import { addSimulatorQuote } from "./simulator-quote.ts";

interface PlatformOptions {
  readonly state: string;
  readonly socket: string;
  readonly program: string;
  readonly pccs?: { readonly host: string; readonly port: number };
  readonly json?: true;
}

interface CollateralOptions {
  readonly state: string;
  readonly tee: IntelTee;
  readonly out: string;
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
  addSimulatorQuote(simulator);
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
    .option(...JSON_OPTION)
    .addHelpText("after", "\nExample:\n  sealserve simulator measure run/program")
    .action(async (directory: string, options: { readonly json?: true }) => {
      const measurement = await (await loadSimulator()).measureProgram(directory);
      if (options.json) {
        printJson(measurement);
      } else {
        process.stdout.write(`${measurement.mrEnclave}\n`);
      }
    });
}

function addCollateral(simulator: Command): void {
  simulator
    .command("collateral")
    .description("Writes the simulated vendor's collateral, signed now, valid for 30 days.")
    .requiredOption("--state <dir>", "folder of the simulated vendor's keys; made at first use")
    .addOption(new Option("--tee <kind>", "kind of TEE that it is for").choices(["sgx", "tdx"]).default("sgx"))
    .requiredOption("--out <file>", "file for the collateral; never overwritten")
    .option(...JSON_OPTION)
    .addHelpText("after", "\nExample:\n  sealserve simulator collateral --state run/simulator --out collateral.json")
    .action(writeCollateral);
}

async function writeCollateral({ state, tee, out, json }: CollateralOptions): Promise<void> {
  const vendor = await (await loadSimulator()).loadOrCreateVendor(state);
  await writeNewFile(out, encodeCollateralFile(await vendor.collateral({ tee })));
  tell(`${out}: simulated ${tee.toUpperCase()} collateral`);
  if (json) {
    printJson({ simulated: true, tee, collateral: out });
  }
}
