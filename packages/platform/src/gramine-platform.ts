import { realpath, stat } from "node:fs/promises";
import { readAttestationType, readQuote, writeReportData } from "./attestation-files.ts";
import { PlatformError, systemErrorName } from "./errors.ts";
import { expectReportData, type Platform } from "./platform.ts";
import { createQueue, type Queue } from "./queue.ts";
import { expectQuoteFor } from "./quote-check.ts";

/**
 * Opens Gramine's attestation files (Gramine documentation, "Attestation and Secret Provisioning").
 *
 * Gramine keeps the report data once per process, so all quotes of one directory are made one after the other,
 * whoever asks.
 * @param directory where Gramine shows its files
 * @throws PlatformError `attestation-directory-missing`, `attestation-type-missing`, `attestation-disabled`,
 *   `attestation-type-unsupported`
 */
export async function openGraminePlatform(directory = "/dev/attestation"): Promise<Platform> {
  const queue = queueOf(await expectDirectory(directory));
  expectDcap(await queue(() => readAttestationType(directory)));
  let closed = false;
  return {
    tee: "sgx",
    name: `Gramine SGX (${directory})`,
    simulated: false,
    quote: async (reportData) => {
      if (closed) {
        throw new PlatformError("platform-closed", "the platform was closed");
      }
      expectReportData(reportData);
      return queue(() => makeQuote(directory, Uint8Array.from(reportData)));
    },
    close: async () => {
      closed = true;
    },
  };
}

async function makeQuote(directory: string, reportData: Uint8Array): Promise<Uint8Array> {
  await writeReportData(directory, reportData);
  const quote = await readQuote(directory);
  expectQuoteFor(quote, reportData);
  return quote;
}

const queues = new Map<string, Queue>();

function queueOf(directory: string): Queue {
  const queue = queues.get(directory) ?? createQueue();
  queues.set(directory, queue);
  return queue;
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
