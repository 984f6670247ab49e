import type { TeeKind } from "@sealserve/attestation";
import { PlatformError } from "./errors.ts";
import { expectReportData, type Platform } from "./platform.ts";
import type { Queue } from "./queue.ts";
import { withTimeLimit } from "./time-limit.ts";

/** How long a caller waits for evidence, in milliseconds: a quoting service may have to fetch certificates first. */
export const QUOTE_TIMEOUT_MS = 30_000;

/** Most quotes that are asked for and not made yet, also those that nobody waits for any more. */
const MAX_PENDING = 64;

/** A platform of this machine that is asked through files. */
interface LocalPlatform {
  readonly tee: TeeKind;
  readonly name: string;
  /** Evidence is made one after the other: each waits in a thread of Node's small pool. */
  readonly queue: Queue;
  readonly timeoutMs: number;
  /** Makes evidence over 64 bytes; begins nothing new once the signal is aborted. */
  readonly makeEvidence: (reportData: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>;
}

/** A {@link Platform} that checks what it is asked, queues, and waits for a bounded time. */
export function localPlatform({ tee, name, queue, timeoutMs, makeEvidence }: LocalPlatform): Platform {
  let closed = false;
  let pending = 0;
  const inTurn = async (asked: Uint8Array, signal: AbortSignal): Promise<Uint8Array> => {
    pending++;
    try {
      return await queue(async () => {
        signal.throwIfAborted();
        return await makeEvidence(asked, signal);
      });
    } finally {
      pending--;
    }
  };
  return {
    tee,
    name,
    simulated: false,
    quote: async (reportData) => {
      if (closed) {
        throw new PlatformError("platform-closed", "the platform was closed");
      }
      expectReportData(reportData);
      if (pending >= MAX_PENDING) {
        throw new PlatformError(
          "quotes-pending",
          `the platform has not made the ${MAX_PENDING} quotes asked for before`,
          {
            remedy: "check that the host's quoting service answers",
          },
        );
      }
      const asked = Uint8Array.from(reportData);
      return await withTimeLimit(timeoutMs, (signal) => inTurn(asked, signal));
    },
    close: async () => {
      closed = true;
    },
  };
}
