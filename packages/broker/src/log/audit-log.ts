import { constants, type FileHandle, open } from "node:fs/promises";
import { BrokerError } from "../errors.ts";
import { systemReason } from "../needed-file.ts";
import type { LogRecord } from "./log-record.ts";

/** Where attempts are written down before a key leaves. */
export interface AuditLog {
  /** Resolves when the record has reached the disk. Rejects when it could not: then no key may leave. */
  write(record: LogRecord): Promise<void>;
  close(): Promise<void>;
}

/** An audit log that keeps nothing: all records still go to the broker's log. */
export const noAuditLog: AuditLog = {
  write: async () => undefined,
  close: async () => undefined,
};

/** A write returns when its bytes are on the disk: one wait for each batch, not one to write and one to sync. */
const APPEND_SYNCED = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_DSYNC;

/**
 * Opens a file to which one JSON line a record is appended. A new file is readable by the broker's user only.
 * @throws BrokerError `audit-log-unwritable`
 */
export async function openAuditLog(path: string): Promise<AuditLog> {
  const file = await open(path, APPEND_SYNCED, 0o600).catch((cause: unknown) => {
    throw new BrokerError("audit-log-unwritable", `cannot write the audit log ${path} (${systemReason(cause)})`, {
      remedy: 'check "auditLog" in the configuration, and that the broker may write there',
      cause,
    });
  });
  return new FileAuditLog(file);
}

/** Lines that reach the disk together. */
interface Batch {
  readonly lines: string[];
  readonly written: Promise<void>;
}

/**
 * Writes batches one after the other, so that lines never mix. Whatever comes while one is on its way to the disk makes up
 * the next: many attempts at once wait for one disk access, not in a queue of them.
 */
class FileAuditLog implements AuditLog {
  readonly #file: FileHandle;
  #next: Batch | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(file: FileHandle) {
    this.#file = file;
  }

  write(record: LogRecord): Promise<void> {
    this.#next ??= this.#open();
    this.#next.lines.push(`${JSON.stringify(record)}\n`);
    return this.#next.written;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#file.close();
  }

  #open(): Batch {
    const lines: string[] = [];
    const written = this.#last.then(async () => {
      this.#next = undefined;
      await this.#file.appendFile(lines.join(""));
    });
    // A batch that failed does not stop the next one.
    this.#last = written.catch(() => undefined);
    return { lines, written };
  }
}
