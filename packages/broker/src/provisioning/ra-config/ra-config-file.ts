import { stat } from "node:fs/promises";
import { basename } from "node:path";
import type { RaConfigSource } from "../../config/provisioning-config.ts";
import { BrokerError } from "../../errors.ts";
import { encodeSecret } from "../../keys/encode-secret.ts";
import { readKeyFile } from "../../keys/load-models.ts";
import type { ProvisionedSecret } from "../../keys/provisioned-secret.ts";
import { SecretKey } from "../../keys/secret-key.ts";
import { readNeededText } from "../../needed-file.ts";
import { parseRaConfig } from "./parse-ra-config.ts";
import { policiesOfRules } from "./release-policies.ts";

/** A file that changed so lately may change again without another time of change. */
const UNSETTLED_MS = 2000;

type Policies = ProvisionedSecret["policies"];

/**
 * A wrap key under the rules of a `ra_config.json`. As CCZoo's broker does, it looks at the file for every client. While the
 * file cannot be read or used, nobody gets the key: what the owner took back may be in what cannot be read.
 */
export class RaConfigFile {
  readonly #source: RaConfigSource;
  readonly #secret: SecretKey;
  readonly #notice: (message: string) => void;
  #policies: Policies = [];
  #text: string | undefined;
  /** Of the file that was judged last, for better or worse; undefined where that has to be done again. */
  #version: string | undefined;
  #fault: string | undefined;
  #pending: Promise<void> | undefined;

  private constructor(source: RaConfigSource, secret: SecretKey, notice: (message: string) => void) {
    this.#source = source;
    this.#secret = secret;
    this.#notice = notice;
  }

  /**
   * Reads rules and key.
   * @param notice told about traps in the rules, and about every change of the file
   * @throws BrokerError `ra-config-invalid`, `ra-config-unpinned`, `wrap-key-invalid`, `file-unreadable`
   */
  static async open(source: RaConfigSource, notice: (message: string) => void): Promise<RaConfigFile> {
    const key = await readKeyFile(source.wrapKeyFile, "wrap key of raConfig");
    const secret = new SecretKey(encodeSecret(key, source.keyFormat, "wrap key of raConfig"));
    key.fill(0);
    const file = new RaConfigFile(source, secret, notice);
    const version = await versionOf(source.file);
    await file.#read();
    file.#version = version;
    return file;
  }

  /** The key with the rules as they are now. */
  async current(): Promise<ProvisionedSecret> {
    this.#pending ??= this.#refresh().finally(() => {
      this.#pending = undefined;
    });
    await this.#pending;
    return { name: basename(this.#source.file), policies: this.#policies, secret: this.#secret };
  }

  /** Whether the rules that {@link current} returned last are those in the file. */
  get isUsable(): boolean {
    return this.#fault === undefined;
  }

  /** Forgets the key. */
  wipe(): void {
    this.#secret.wipe();
  }

  async #refresh(): Promise<void> {
    const version = await versionOf(this.#source.file);
    if (version !== undefined && version === this.#version) {
      return;
    }
    try {
      await this.#readAnew();
      this.#version = version;
    } catch (error) {
      this.#policies = [];
      this.#text = undefined;
      this.#version = isOfContent(error) ? version : undefined;
      this.#tell(error instanceof BrokerError ? describe(error) : "unknown reason");
    }
  }

  /** Once a fault, however many clients come meanwhile. */
  #tell(fault: string): void {
    if (fault !== this.#fault) {
      this.#fault = fault;
      this.#notice(`${fault}; until these rules can be used, no enclave gets a key by them`);
    }
  }

  async #readAnew(): Promise<void> {
    if (await this.#read()) {
      const { file } = this.#source;
      this.#notice(
        this.#fault === undefined ? `${file} has changed and was read anew` : `${file} can be used again, as it is now`,
      );
      this.#fault = undefined;
    }
  }

  /** Whether it says something else than before. Nothing changes unless all of it can be used. */
  async #read(): Promise<boolean> {
    const { file, platform, insecureAcceptAnyEnclave } = this.#source;
    const text = await readNeededText(file, { what: "rules", member: "raConfig.file" });
    if (text === this.#text) {
      return false;
    }
    const options = { name: basename(file), platform, insecureAcceptAnyEnclave };
    const { policies, warnings } = namingFile(file, () => policiesOfRules(parseRaConfig(text), options));
    this.#policies = policies;
    this.#text = text;
    for (const warning of warnings) {
      this.#notice(`${file}: ${warning}`);
    }
    return true;
  }
}

/** Whether the same file would be refused again; a fault of the system may be gone with the next client. */
function isOfContent(error: unknown): boolean {
  return error instanceof BrokerError && (error.code === "ra-config-invalid" || error.code === "ra-config-unpinned");
}

/** Differs from the one before when the file may have changed; undefined when nobody can say. */
async function versionOf(file: string): Promise<string | undefined> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    const settled = BigInt(Date.now() - UNSETTLED_MS) * 1_000_000n > mtimeNs;
    return `${ino} ${size} ${mtimeNs} ${ctimeNs} ${settled ? "" : performance.now()}`;
  } catch {
    return undefined;
  }
}

function namingFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof BrokerError)) {
      throw cause;
    }
    const { code, message, expected, actual, remedy = "correct the file" } = cause;
    throw new BrokerError(code, `${file}: ${message}`, { expected, actual, remedy, cause });
  }
}

function describe({ message, expected, actual }: BrokerError): string {
  const facts = [expected && `expected ${expected}`, actual && `found ${actual}`].filter(Boolean);
  return facts.length === 0 ? message : `${message} (${facts.join(", ")})`;
}
