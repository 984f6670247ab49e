import { join } from "node:path";
import { encodeHex } from "@sealserve/core";
import { PlatformError } from "../errors.ts";
import { type TsmStep, tsmFault } from "./tsm-fault.ts";
import type { TsmFiles } from "./tsm-files.ts";

const MAXIMUM_TEXT_LENGTH = 64;
const NAME_BYTES = 16;
const NUMBER = /^\d{1,20}$/;

/**
 * Makes an entry of its own below the report folder, lets `use` work with it and removes it in any case. Nobody can guess the
 * name, so nobody writes to the entry by accident.
 * @throws PlatformError the codes of {@link tsmFault}, and what `use` throws
 */
export async function withTsmEntry<Result>(
  files: TsmFiles,
  directory: string,
  use: (entry: TsmEntry) => Promise<Result>,
): Promise<Result> {
  const name = `sealserve-${encodeHex(crypto.getRandomValues(new Uint8Array(NAME_BYTES)))}`;
  const path = join(directory, name);
  await files.makeEntry(path).catch((cause: unknown) => {
    throw tsmFault("make entry", path, cause);
  });
  try {
    return await use(new TsmEntry(files, path));
  } finally {
    // A left-over entry costs a page of kernel memory and takes nothing from the report that was made.
    await files.removeEntry(path).catch(() => undefined);
  }
}

/** One report under way: a folder of attributes that the kernel made. */
export class TsmEntry {
  readonly #files: TsmFiles;
  readonly #path: string;

  constructor(files: TsmFiles, path: string) {
    this.#files = files;
    this.#path = path;
  }

  /** The driver's name. */
  async provider(): Promise<string> {
    return await this.#text("provider");
  }

  /** How often the entry was written to. */
  async generation(): Promise<bigint> {
    return BigInt(await this.#number("generation"));
  }

  /** The lowest privilege level that this guest may ask for. */
  async privilegeLevelFloor(): Promise<number> {
    return Number(await this.#number("privlevel_floor"));
  }

  async writePrivilegeLevel(level: number): Promise<void> {
    await this.#write("write privilege level", "privlevel", new TextEncoder().encode(String(level)));
  }

  async writeReportData(reportData: Uint8Array): Promise<void> {
    await this.#write("write report data", "inblob", reportData);
  }

  /** The report; the kernel makes it when it is read. At most `limit` bytes. */
  async report(limit: number): Promise<Uint8Array> {
    const report = await this.#read("read report", "outblob", limit);
    if (report.length === 0) {
      throw new PlatformError("quote-empty", `${this.#path}/outblob is empty`);
    }
    return report;
  }

  /** What the host adds to the report, maybe nothing. At most `limit` bytes. */
  async auxiliaryData(limit: number): Promise<Uint8Array> {
    return await this.#read("read report", "auxblob", limit);
  }

  async #number(attribute: string): Promise<string> {
    const text = await this.#text(attribute);
    if (!NUMBER.test(text)) {
      throw this.#unusable(attribute, "a whole number");
    }
    return text;
  }

  async #text(attribute: string): Promise<string> {
    const bytes = await this.#read("read attribute", attribute, MAXIMUM_TEXT_LENGTH);
    const text = new TextDecoder().decode(bytes);
    if (!/^[\x21-\x7e]+\n?$/.test(text)) {
      throw this.#unusable(attribute, "one word");
    }
    return text.trimEnd();
  }

  async #read(step: TsmStep, attribute: string, limit: number): Promise<Uint8Array> {
    const path = join(this.#path, attribute);
    const bytes = await this.#files.read(path, limit).catch((cause: unknown) => {
      throw tsmFault(step, path, cause);
    });
    if (bytes.length > limit) {
      throw new PlatformError(
        step === "read report" ? "quote-too-long" : "tsm-attribute-missing",
        `${path} is too long`,
        {
          expected: `at most ${limit} bytes`,
        },
      );
    }
    return bytes;
  }

  async #write(step: TsmStep, attribute: string, value: Uint8Array): Promise<void> {
    const path = join(this.#path, attribute);
    await this.#files.write(path, value).catch((cause: unknown) => {
      throw tsmFault(step, path, cause);
    });
  }

  #unusable(attribute: string, expected: string): PlatformError {
    return new PlatformError("tsm-attribute-missing", `${this.#path}/${attribute} says nothing usable`, { expected });
  }
}
