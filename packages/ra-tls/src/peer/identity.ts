import { encodeHex, parseCertificate } from "@sealserve/core";
import {
  createRaTlsCertificate,
  type RaTlsCertificateOptions,
  type RaTlsKeyAndCertificate,
} from "../certificate/create.ts";
import { certificateForm } from "../certificate/generation.ts";
import type { RaTlsKeyKind } from "../certificate/public-key.ts";

const HOUR_MS = 3_600_000;
/** Own keys that are remembered, the latest. */
const MAX_REMEMBERED = 1024;

/** How to make an {@link RaTlsIdentity}. */
export interface RaTlsIdentityOptions extends Omit<RaTlsCertificateOptions, "key" | "issuedAt"> {
  /** In place of the generation's own. */
  readonly key?: RaTlsKeyKind;
  /** Milliseconds that a key and its evidence are used; default one hour. 0 makes new ones for every connection. */
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

  constructor(options: RaTlsIdentityOptions) {
    this.#options = options;
    this.#lifetimeMs = options.lifetimeMs ?? HOUR_MS;
    this.#now = options.now ?? (() => new Date());
  }

  /**
   * Key and certificate for the next connection, for `createSecureContext` of `node:tls` say. One that has outlived its
   * lifetime is never returned.
   * @throws RaTlsError, or the platform's error
   */
  async current(): Promise<RaTlsKeyAndCertificate> {
    if (this.#lifetimeMs === 0) {
      return this.#make(this.#now());
    }
    const used = this.#latest === undefined ? -1 : this.#now().getTime() - this.#latest.madeAt.getTime();
    if (this.#latest === undefined || used < 0 || used >= this.#lifetimeMs) {
      return this.#renew();
    }
    if (used >= this.#lifetimeMs / 2) {
      this.#renew().catch((error: unknown) => this.#options.onRenewalFailure?.(error));
    }
    return this.#latest.material;
  }

  /** Whether a key (SubjectPublicKeyInfo, DER) is one of this identity's own. */
  owns(publicKeyInfo: Uint8Array): boolean {
    return this.#ownKeys.has(encodeHex(publicKeyInfo));
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
    const material = await this.#make(madeAt);
    this.#latest = { material, madeAt };
    return material;
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
