import { encodeHex, parseCertificate } from "@sealserve/core";
import {
  createRaTlsCertificate,
  type RaTlsCertificateOptions,
  type RaTlsKeyAndCertificate,
} from "../certificate/create.ts";
import { certificateForm } from "../certificate/generation.ts";
import type { RaTlsKeyKind } from "../certificate/public-key.ts";
import { RaTlsError } from "../errors.ts";

const HOUR_MS = 3_600_000;
/** Own keys that are remembered, the latest. */
const MAX_REMEMBERED = 1024;
/** Until the next attempt after a failed one, while the old evidence serves. */
const RENEWAL_PAUSE_MS = 10_000;
/** As long, whoever needs evidence when there is none shares one failure. */
const SHARED_FAILURE_MS = 1000;

/** How to make an {@link RaTlsIdentity}. */
export interface RaTlsIdentityOptions extends Omit<RaTlsCertificateOptions, "key" | "issuedAt"> {
  /** In place of the generation's own. */
  readonly key?: RaTlsKeyKind;
  /**
   * Milliseconds that a key and its evidence are used; default one hour. 0 makes new ones for every connection: at a server
   * whoever opens one costs the platform a quote, proven or not.
   */
  readonly lifetimeMs?: number;
  /**
   * Whether claims say when the evidence was asked for, where the generation has claims. Default true; `false` makes the
   * certificates exactly as Gramine does, and verifiers with a limit on the age refuse them.
   */
  readonly dated?: boolean;
  /** Default: the system's clock. */
  readonly now?: () => Date;
  /** Told when a new certificate could not be made while the old one still serves. */
  readonly onRenewalFailure?: (error: unknown) => void;
}

/**
 * What one process proves itself with on RA-TLS connections. Its keys never leave the process, and its evidence is renewed
 * from half of its lifetime on. Both roles of a process should share one: a connection that is led back to where it came
 * from is found out by the key.
 */
export class RaTlsIdentity {
  readonly #options: RaTlsIdentityOptions;
  readonly #lifetimeMs: number;
  readonly #now: () => Date;
  readonly #ownKeys = new Set<string>();
  #latest: { readonly material: RaTlsKeyAndCertificate; readonly madeAt: Date } | undefined;
  #renewal: Promise<RaTlsKeyAndCertificate> | undefined;
  /** Of the latest renewal, if it failed. */
  #failure: { readonly error: unknown; readonly at: Date } | undefined;

  /** @throws RaTlsError `bad-lifetime` */
  constructor(options: RaTlsIdentityOptions) {
    this.#options = options;
    this.#lifetimeMs = expectLifetime(options.lifetimeMs ?? HOUR_MS);
    this.#now = options.now ?? (() => new Date());
  }

  /**
   * Key and certificate for the next connection, for `createSecureContext` of `node:tls` say. One that has outlived its
   * lifetime is never returned. After a failure the platform is left alone for a while: 10 seconds if the old evidence
   * serves, 1 second, in which all calls fail likewise, if there is none. With a lifetime of 0 every call asks the platform.
   * @throws RaTlsError, or the platform's error
   */
  async current(): Promise<RaTlsKeyAndCertificate> {
    if (this.#lifetimeMs === 0) {
      return this.#make(this.#now());
    }
    const used = this.#since(this.#latest?.madeAt);
    if (this.#latest === undefined || used >= this.#lifetimeMs) {
      return this.#renewUnlessJustFailed();
    }
    if (used >= this.#lifetimeMs / 2) {
      this.#renewBeside();
    }
    return this.#latest.material;
  }

  /** Whether a key (SubjectPublicKeyInfo, DER) is one of this identity's own. */
  owns(publicKeyInfo: Uint8Array): boolean {
    return this.#ownKeys.has(encodeHex(publicKeyInfo));
  }

  /** Milliseconds; without end when there is no such time, or the clock went back behind it. */
  #since(time: Date | undefined): number {
    const passed = time === undefined ? -1 : this.#now().getTime() - time.getTime();
    // Written so that a time that is no number counts as long ago.
    return passed >= 0 ? passed : Number.POSITIVE_INFINITY;
  }

  async #renewUnlessJustFailed(): Promise<RaTlsKeyAndCertificate> {
    if (this.#failure !== undefined && this.#since(this.#failure.at) < SHARED_FAILURE_MS) {
      throw this.#failure.error;
    }
    return this.#renew();
  }

  /** While the old evidence serves. */
  #renewBeside(): void {
    if (this.#renewal === undefined && this.#since(this.#failure?.at) >= RENEWAL_PAUSE_MS) {
      this.#renew().catch((error: unknown) => this.#options.onRenewalFailure?.(error));
    }
  }

  /** One at a time: all who wait get the same. */
  #renew(): Promise<RaTlsKeyAndCertificate> {
    this.#renewal ??= this.#replace().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #replace(): Promise<RaTlsKeyAndCertificate> {
    const madeAt = this.#now();
    try {
      const material = await this.#make(madeAt);
      this.#latest = { material, madeAt };
      this.#failure = undefined;
      return material;
    } catch (error) {
      this.#failure = { error, at: this.#now() };
      throw error;
    }
  }

  async #make(now: Date): Promise<RaTlsKeyAndCertificate> {
    const { generation = "1.8", dated = true } = this.#options;
    const issuedAt = dated && certificateForm(generation).tagged ? { issuedAt: now } : {};
    const material = await createRaTlsCertificate({ ...this.#options, ...issuedAt });
    this.#remember(parseCertificate(material.certificateDer).publicKeyInfo);
    return material;
  }

  #remember(publicKeyInfo: Uint8Array): void {
    this.#ownKeys.add(encodeHex(publicKeyInfo));
    const [oldest] = this.#ownKeys;
    if (this.#ownKeys.size > MAX_REMEMBERED && oldest !== undefined) {
      this.#ownKeys.delete(oldest);
    }
  }
}

function expectLifetime(lifetimeMs: number): number {
  if (!Number.isFinite(lifetimeMs) || lifetimeMs < 0) {
    throw new RaTlsError("bad-lifetime", "the lifetime of an identity is no length of time", {
      expected: "milliseconds, 0 or more",
      actual: String(lifetimeMs),
    });
  }
  return lifetimeMs;
}
