import { measureProgram, type ProgramMeasurement } from "../program/measure-program.ts";
import { loadOrCreateVendor, vendorRootFile } from "../state/vendor-state.ts";
import { freshCollateral } from "./fresh-collateral.ts";
import { type PccsAddress, startPccsServer } from "./pccs-server.ts";
import { startQuoteServer } from "./quote-server.ts";

/** What {@link startSimulatedPlatform} works from. */
export interface SimulatedPlatformOptions {
  /** Keeps the simulated vendor's keys; made at first use. */
  readonly stateDirectory: string;
  /** Unix socket to answer quotes on, mode 0600. */
  readonly socketPath: string;
  /** The program that counts as running: measured once, at start. */
  readonly programDirectory: string;
  /** Signer of the program as quotes name it, 64 hex digits; zero by default. */
  readonly mrSigner?: string;
  /** Serves collateral too when present. */
  readonly pccs?: PccsAddress;
  readonly now?: () => Date;
}

/** A running simulated platform. NOT SECURE: it says what it was told to measure, and no hardware stands behind it. */
export interface SimulatedPlatform {
  readonly simulated: true;
  readonly measurement: ProgramMeasurement;
  readonly socketPath: string;
  /** Base URL of the collateral service, when there is one. */
  readonly pccsUrl: string | undefined;
  /** PEM file with the root that verifiers of this platform must be given. */
  readonly rootFile: string;
  /** Ends both servers and removes the socket. */
  close(): Promise<void>;
}

/**
 * Starts a simulated platform: measures a program, then answers quotes about it over a unix socket and, on demand,
 * collateral over HTTP on this machine.
 * @throws SimulatorError
 */
export async function startSimulatedPlatform(options: SimulatedPlatformOptions): Promise<SimulatedPlatform> {
  const now = options.now ?? (() => new Date());
  const measurement = await measureProgram(options.programDirectory);
  const vendor = await loadOrCreateVendor(options.stateDirectory, now());
  const { mrSigner } = options;
  const closeQuotes = await startQuoteServer(options.socketPath, (reportData) =>
    vendor.quote({ mrEnclave: measurement.mrEnclave, mrSigner, reportData }),
  );
  const content = {
    fmspc: vendor.machine.fmspc,
    collateral: freshCollateral(vendor, now),
    tdxCollateral: freshCollateral(vendor, now, "tdx"),
  };
  const pccs = await startPccsIfWanted(options.pccs, content).catch(async (error: unknown) => {
    await closeQuotes();
    throw error;
  });
  return {
    simulated: true,
    measurement,
    socketPath: options.socketPath,
    pccsUrl: pccs?.url,
    rootFile: vendorRootFile(options.stateDirectory),
    close: async () => {
      await Promise.all([closeQuotes(), pccs?.close()]);
    },
  };
}

type PccsContent = Parameters<typeof startPccsServer>[0];

async function startPccsIfWanted(address: PccsAddress | undefined, content: PccsContent) {
  if (address === undefined) {
    return undefined;
  }
  // Signed before anyone is told that the platform runs.
  await Promise.all([content.collateral(), content.tdxCollateral?.()]);
  return startPccsServer(content, address);
}
