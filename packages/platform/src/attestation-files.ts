import { join } from "node:path";
import { PlatformError, type PlatformErrorCode, systemErrorName } from "./errors.ts";
import { readPseudoFile, writePseudoFile } from "./pseudo-file.ts";

/** Gramine never makes a longer quote: its buffer has 8192 bytes. */
export const MAXIMUM_QUOTE_LENGTH = 8192;
const MAXIMUM_TYPE_LENGTH = 64;

interface Fault {
  readonly code: PlatformErrorCode;
  readonly message: string;
  readonly remedy?: string;
}

/** What `attestation_type` says, `dcap` or `none` with today's Gramine. */
export async function readAttestationType(directory: string): Promise<string> {
  const bytes = await readAttestationFile(join(directory, "attestation_type"), MAXIMUM_TYPE_LENGTH, (error) =>
    typeFault(directory, error),
  );
  return new TextDecoder().decode(bytes);
}

/** Hands Gramine the value that its next quote must carry. */
export async function writeReportData(directory: string, reportData: Uint8Array): Promise<void> {
  const path = join(directory, "user_report_data");
  try {
    await writePseudoFile(path, reportData);
  } catch (cause) {
    throw new PlatformError("report-data-not-written", `cannot write ${path}`, {
      actual: systemErrorName(cause),
      cause,
    });
  }
}

/** The quote over what was written last; Gramine makes it when the file is opened. */
export async function readQuote(directory: string): Promise<Uint8Array> {
  const path = join(directory, "quote");
  const quote = await readAttestationFile(path, MAXIMUM_QUOTE_LENGTH, (error) => quoteFault(path, error));
  if (quote.length === 0) {
    throw new PlatformError("quote-empty", `${path} is empty`, { remedy: SERVICE_REMEDY });
  }
  if (quote.length > MAXIMUM_QUOTE_LENGTH) {
    throw new PlatformError("quote-too-long", `${path} is longer than any quote`, {
      expected: `at most ${MAXIMUM_QUOTE_LENGTH} bytes`,
    });
  }
  return quote;
}

const SERVICE_REMEDY = "check that the host's AESM service runs and reaches its PCCS";

function typeFault(directory: string, error: unknown): Fault {
  const name = systemErrorName(error);
  return name === "ENOENT"
    ? {
        code: "attestation-type-missing",
        message: `${directory} has no file attestation_type`,
        remedy: "use Gramine 1.3 or later with SGX",
      }
    : { code: "attestation-type-missing", message: `cannot read attestation_type in ${directory} (${name})` };
}

function quoteFault(path: string, error: unknown): Fault {
  const name = systemErrorName(error);
  return name === "ENOENT"
    ? {
        code: "quote-missing",
        message: `${path} does not exist`,
        remedy: 'set sgx.remote_attestation = "dcap" in the manifest',
      }
    : { code: "quote-not-made", message: `no quote from ${path} (${name})`, remedy: SERVICE_REMEDY };
}

async function readAttestationFile(
  path: string,
  limit: number,
  faultOf: (error: unknown) => Fault,
): Promise<Uint8Array> {
  try {
    return await readPseudoFile(path, limit);
  } catch (cause) {
    const fault = faultOf(cause);
    throw new PlatformError(fault.code, fault.message, { remedy: fault.remedy, cause });
  }
}
