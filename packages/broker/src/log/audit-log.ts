import { open } from "node:fs/promises";
import { BrokerError } from "../errors.ts";
import { systemReason } from "../needed-file.ts";
import type { LogRecord } from "./log-record.ts";

/** Where attempts are written down before a key leaves. */
export interface AuditLog {
  /** Resolves when the record has reached the file. Rejects when it could not: then no key may leave. */
  write(record: LogRecord): Promise<void>;
  close(): Promise<void>;
}

/** An audit log that keeps nothing: all records still go to the broker's log. */
export const noAuditLog: AuditLog = {
  write: async () => undefined,
  close: async () => undefined,
};

/**
 * Opens a file to which one JSON line a record is appended. A new file is readable by the broker's user only.
 * @throws BrokerError `audit-log-unwritable`
 */
export async function openAuditLog(path: string): Promise<AuditLog> {
  const file = await open(path, "a", 0o600).catch((cause: unknown) => {
    throw new BrokerError("audit-log-unwritable", `cannot write the audit log ${path} (${systemReason(cause)})`, {
      remedy: 'check "auditLog" in the configuration, and that the broker may write there',
      cause,
    });
  });
  // One after the other, so that lines never mix, and a line that failed does not stop the next.
  let last: Promise<unknown> = Promise.resolve();
  return {
    write(record) {
      const written = last.then(async () => {
        await file.appendFile(`${JSON.stringify(record)}\n`);
        await file.datasync();
      });
      last = written.catch(() => undefined);
      return written;
    },
    async close() {
      await last;
      await file.close();
    },
  };
}
