import { realpath, stat } from "node:fs/promises";
import { readAttestationType, readQuote, writeReportData } from "./attestation-files.ts";
import { PlatformError, systemErrorName } from "./errors.ts";
import { localPlatform, QUOTE_TIMEOUT_MS } from "./local-platform.ts";
import type { Platform } from "./platform.ts";
import { queueOf } from "./queue.ts";
import { expectQuoteFor } from "./quote-check.ts";

/** Where Gramine shows its attestation files. */
export const GRAMINE_DIRECTORY = "/dev/attestation";

/**
 * Opens Gramine's attestation files (Gramine documentation, "Attestation and Secret Provisioning").
 *
 * Gramine keeps the report data once per process, so all quotes of one directory are made one after the other,
 * whoever asks.
 * @param directory where Gramine shows its files
 * @param limits how long a caller waits for a quote, in milliseconds
 * @throws PlatformError `attestation-directory-missing`, `attestation-type-missing`, `attestation-disabled`,
 *   `attestation-type-unsupported`
 */
export async function openGraminePlatform(
  directory = GRAMINE_DIRECTORY,
  { timeoutMs } = { timeoutMs: QUOTE_TIMEOUT_MS },
): Promise<Platform> {
  const queue = queueOf(await expectDirectory(directory));
  expectDcap(await queue(() => readAttestationType(directory)));
  return localPlatform({
    tee: "sgx",
    name: `Gramine SGX (${directory})`,
    queue,
    timeoutMs,
    makeEvidence: (reportData) => makeQuote(directory, reportData),
  });
}

async function makeQuote(directory: string, reportData: Uint8Array): Promise<Uint8Array> {
  await writeReportData(directory, reportData);
  const quote = await readQuote(directory);
  expectQuoteFor(quote, reportData, "sgx");
  return quote;
}

async function expectDirectory(directory: string): Promise<string> {
  const isDirectory = await stat(directory).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      if (["ENOENT", "ENOTDIR"].includes(systemErrorName(error))) {
        return false;
      }
      throw directoryMissing(directory, systemErrorName(error));
    },
  );
  if (!isDirectory) {
    throw directoryMissing(directory, "no such directory");
  }
  return realpath(directory);
}

function directoryMissing(directory: string, actual: string): PlatformError {
  return new PlatformError("attestation-directory-missing", `${directory} is not there: this is not Gramine with SGX`, {
    actual,
    remedy: "start the program with gramine-sgx, or name a simulated platform's socket",
  });
}

function expectDcap(type: string): void {
  if (type === "none") {
    throw new PlatformError("attestation-disabled", "Gramine runs this enclave without remote attestation", {
      expected: "dcap",
      actual: "none",
      remedy: 'set sgx.remote_attestation = "dcap" in the manifest',
    });
  }
  if (type !== "dcap") {
    throw new PlatformError("attestation-type-unsupported", "Gramine offers attestation of an unsupported type", {
      expected: "dcap",
      actual: JSON.stringify(type),
    });
  }
}
