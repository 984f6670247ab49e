import { PlatformError } from "../errors.ts";
import { localPlatform, QUOTE_TIMEOUT_MS } from "../local-platform.ts";
import type { Platform } from "../platform.ts";
import { queueOf } from "../queue.ts";
import { expectQuoteFor } from "../quote-check.ts";
import { makeTsmReport, type TsmTee } from "./make-report.ts";
import { retryPassingFaults } from "./retry.ts";
import { withTsmEntry } from "./tsm-entry.ts";
import { systemTsmFiles, type TsmFiles } from "./tsm-files.ts";

/** Where Linux offers reports when configfs is mounted as usual. */
export const TSM_DIRECTORY = "/sys/kernel/config/tsm/report";

const RETRY_DELAYS_MS = [10, 50, 250, 1000];
const TEES: Readonly<Record<TsmTee, { readonly provider: string; readonly name: string }>> = {
  tdx: { provider: "tdx_guest", name: "Intel TDX" },
  snp: { provider: "sev_guest", name: "AMD SEV-SNP" },
};

/** Ways to open Linux's report interface. */
export interface TsmOptions {
  /** The folder below which reports are made. */
  readonly directory?: string | undefined;
  /** SEV-SNP: the VMPL to report, 0 to 3; the lowest that this guest may ask for unless stated. */
  readonly privilegeLevel?: number | undefined;
  /** How long a caller waits for evidence, in milliseconds. */
  readonly timeoutMs?: number;
  /** Pauses before an attempt that failed for a passing reason is repeated, in milliseconds. */
  readonly retryDelaysMs?: readonly number[];
  /** Stands in for the system's files in tests. */
  readonly files?: TsmFiles;
}

/**
 * Opens Linux's report interface in a trust domain or a SEV-SNP guest (Linux Documentation/ABI/testing/configfs-tsm-report). Every
 * piece of evidence is made through an entry of its own that is removed again.
 * @param tee what this machine must be; another driver is refused
 * @throws PlatformError `tsm-directory-missing`, `tsm-not-permitted`, `tsm-provider-missing`, `tsm-provider-mismatch`,
 *   `tsm-attribute-missing`, `tsm-busy`
 */
export async function openTsmPlatform(tee: TsmTee, options: TsmOptions = {}): Promise<Platform> {
  const { directory = TSM_DIRECTORY, files = systemTsmFiles, privilegeLevel } = options;
  const { retryDelaysMs: delaysMs = RETRY_DELAYS_MS, timeoutMs = QUOTE_TIMEOUT_MS } = options;
  expectProvider(tee, await readTsmProvider(directory, files));
  return localPlatform({
    tee,
    name: `${TEES[tee].name} (${directory})`,
    queue: queueOf(directory),
    timeoutMs,
    makeEvidence: (reportData, signal) =>
      retryPassingFaults(
        () =>
          withTsmEntry(files, directory, async (entry) => {
            expectProvider(tee, await entry.provider());
            const evidence = await makeTsmReport(entry, { tee, reportData, privilegeLevel });
            expectQuoteFor(evidence, reportData, tee);
            return evidence;
          }),
        { delaysMs, signal },
      ),
  });
}

/** The kind of TEE that this machine's driver makes reports of. @throws PlatformError as {@link openTsmPlatform} */
export async function findTsmTee(directory = TSM_DIRECTORY, files = systemTsmFiles): Promise<TsmTee> {
  const provider = await readTsmProvider(directory, files);
  if (provider === TEES.tdx.provider) {
    return "tdx";
  }
  expectProvider("snp", provider);
  return "snp";
}

async function readTsmProvider(directory: string, files: TsmFiles): Promise<string> {
  return await withTsmEntry(files, directory, (entry) => entry.provider());
}

function expectProvider(tee: TsmTee, actual: string): void {
  const { provider, name } = TEES[tee];
  if (actual !== provider) {
    throw new PlatformError("tsm-provider-mismatch", `this machine's reports are not those of ${name}`, {
      expected: provider,
      actual,
      remedy: "name the platform that this machine is",
    });
  }
}
