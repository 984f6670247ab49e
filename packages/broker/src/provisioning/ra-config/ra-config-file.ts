import { stat } from "node:fs/promises";
import { basename } from "node:path";
import type { RaConfigSource } from "../../config/provisioning-config.ts";
import { BrokerError } from "../../errors.ts";
import { encodeSecret } from "../../keys/encode-secret.ts";
import { readKeyFile } from "../../keys/load-models.ts";
import type { ProvisionedSecret } from "../../keys/provisioned-secret.ts";
import { SecretKey } from "../../keys/secret-key.ts";
import { readNeededText, systemReason } from "../../needed-file.ts";
import { parseRaConfig } from "./parse-ra-config.ts";
import { policiesOfRules } from "./release-policies.ts";

/** A file that changed so lately may change again without another time of change. */
const UNSETTLED_MS = 2000;

type Policies = ProvisionedSecret["policies"];

/**
 * A wrap key under the rules of a `ra_config.json`. As CCZoo's broker does, it looks at the file for every client; unlike
 * that broker it goes on with the last rules that it could read, and says so.
 */
export class RaConfigFile {
  readonly #source: RaConfigSource;
  readonly #secret: SecretKey;
  readonly #notice: (message: string) => void;
  #policies: Policies = [];
  #text: string | undefined;
  #version = "";
  #told: string | undefined;
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
    file.#version = await versionOf(source.file);
    await file.#read();
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

  /** Forgets the key. */
  wipe(): void {
    this.#secret.wipe();
  }

  async #refresh(): Promise<void> {
    const version = await versionOf(this.#source.file);
    if (version === this.#version) {
      return;
    }
    this.#version = version;
    try {
      if (await this.#read()) {
        this.#notice(`${this.#source.file} has changed and was read anew`);
      }
    } catch (error) {
      this.#tell(error instanceof BrokerError ? describe(error) : "unknown reason");
    }
  }

  /** Once a fault, however many clients come meanwhile. */
  #tell(fault: string): void {
    if (fault !== this.#told) {
      this.#told = fault;
      this.#notice(`${fault}; the rules that were read before stay in force`);
    }
  }

  /** Whether it says something else than before. Nothing changes unless all of it can be used. */
  async #read(): Promise<boolean> {
    const { file, platform, insecureAcceptAnyEnclave } = this.#source;
    const text = await readNeededText(file, { what: "rules", member: "raConfig.file" });
    if (text === this.#text) {
      this.#told = undefined;
      return false;
    }
    const options = { name: basename(file), platform, insecureAcceptAnyEnclave };
    const { policies, warnings } = namingFile(file, () => policiesOfRules(parseRaConfig(text), options));
    this.#policies = policies;
    this.#text = text;
    this.#told = undefined;
    for (const warning of warnings) {
      this.#notice(`${file}: ${warning}`);
    }
    return true;
  }
}

/** Differs from the one before when the file may have changed, or is gone. */
async function versionOf(file: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    const settled = BigInt(Date.now() - UNSETTLED_MS) * 1_000_000n > mtimeNs;
    return `${ino} ${size} ${mtimeNs} ${ctimeNs} ${settled ? "" : performance.now()}`;
  } catch (error) {
    return systemReason(error);
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
