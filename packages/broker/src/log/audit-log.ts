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

/** An audit log that keeps nothing: the broker's log, to which all records go, is the only record then. */
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
  /** Whether the file ends in a part of a line. */
  #torn = false;

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
      await this.#append(lines.join(""));
    });
    // A batch that failed does not stop the next one.
    this.#last = written.catch(() => undefined);
    return { lines, written };
  }

  /** A line of which a full disk took a part stays apart from the next. */
  async #append(text: string): Promise<void> {
    const bytes = Buffer.from(this.#torn ? `\n${text}` : text);
    let written = 0;
    try {
      while (written < bytes.length) {
        written += (await this.#file.write(bytes, written)).bytesWritten;
      }
      this.#torn = false;
    } catch (error) {
      this.#torn ||= written > 0;
      throw error;
    }
  }
}
