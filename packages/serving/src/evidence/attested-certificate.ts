import { encodeUtf8 } from "@sealserve/core";
import type { Platform } from "@sealserve/platform";
import { createRaTlsCertificate } from "@sealserve/ra-tls";
import { type LeaseClock, monotonicClock } from "../lease/clock.ts";
import { Pauses } from "../lease/pauses.ts";
import { codeOf, type Log } from "../log.ts";
import type { Front } from "../transport/front.ts";
import type { TlsIdentity } from "../transport/tls.ts";

const SECOND = 1000;
const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 60_000;
/** How far the clock of a client may be behind. */
const CLOCK_LAG_MS = 5 * 60 * SECOND;

/** What an {@link AttestedCertificate} is made with. */
export interface AttestedCertificateOptions {
  /** Makes evidence over 64 bytes of report data, or fails in bounded time. */
  readonly quote: Platform["quote"];
  /** How long one key and its evidence are used, milliseconds. */
  readonly lifetimeMs: number;
  readonly log: Log;
  readonly clock?: LeaseClock;
  /** From 0 up to 1. */
  readonly random?: () => number;
}

/** The ports whose connections a certificate is for. */
export type CertifiedPorts = Pick<Front, "replaceTls" | "refuseTls">;

/**
 * TLS key and certificate that are made in the TEE, with evidence for the key in the certificate, for clients that verify by
 * RA-TLS as Gramine does. Short-lived: from half of its life on it is replaced, and one that could not be replaced serves no
 * new connection. It is a hint for others: evidence in a certificate says nothing of the connection it is shown on.
 */
export class AttestedCertificate {
  readonly #options: AttestedCertificateOptions;
  readonly #clock: LeaseClock;
  readonly #random: () => number;
  #endsAt = Number.NEGATIVE_INFINITY;

  constructor(options: AttestedCertificateOptions) {
    this.#options = options;
    this.#clock = options.clock ?? monotonicClock;
    this.#random = options.random ?? Math.random;
  }

  /** Makes a new key and its certificate. @throws RaTlsError, or the platform's error */
  async make(): Promise<TlsIdentity> {
    const { quote, lifetimeMs } = this.#options;
    const startedAt = this.#clock.now();
    const issuedAt = new Date(Math.floor(Date.now() / SECOND) * SECOND);
    const made = await createRaTlsCertificate({
      quote,
      issuedAt,
      notBefore: new Date(issuedAt.getTime() - CLOCK_LAG_MS),
      notAfter: new Date(issuedAt.getTime() + Math.ceil(lifetimeMs / SECOND) * SECOND),
    });
    this.#endsAt = startedAt + lifetimeMs;
    return { key: encodeUtf8(made.privateKeyPem), certificate: encodeUtf8(made.certificatePem) };
  }

  /** Gives the ports new certificates until the signal fires, once the first was made. */
  async keep(ports: CertifiedPorts, signal: AbortSignal): Promise<void> {
    const { lifetimeMs } = this.#options;
    try {
      for (;;) {
        const keptBackMs = lifetimeMs * (0.45 + 0.1 * this.#random());
        await this.#clock.wait(Math.max(0, this.#remainingMs - keptBackMs), signal);
        await this.#renew(ports, signal);
      }
    } catch (error) {
      if (!signal.aborted) {
        throw error;
      }
    }
  }

  get #remainingMs(): number {
    return Math.max(0, this.#endsAt - this.#clock.now());
  }

  /** Until it is replaced, the certificate that is served counts to its end and no longer, whatever the platform is busy with. */
  async #renew(ports: CertifiedPorts, signal: AbortSignal): Promise<void> {
    const replaced = new AbortController();
    const outdated = this.#clock.wait(this.#remainingMs, AbortSignal.any([signal, replaced.signal])).then(
      () => this.#refuse(ports),
      () => undefined,
    );
    try {
      await this.#replace(ports, signal);
    } finally {
      replaced.abort();
      await outdated;
    }
  }

  #refuse(ports: CertifiedPorts): void {
    ports.refuseTls();
    this.#options.log("certificate-outdated", {});
  }

  async #replace(ports: CertifiedPorts, signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    const pauses = new Pauses(FIRST_PAUSE_MS, MAX_PAUSE_MS, this.#random);
    for (;;) {
      try {
        giveTo(ports, await this.make(), signal);
        log("certificate-renewed", {});
        return;
      } catch (error) {
        signal.throwIfAborted();
        log("certificate-not-renewed", { code: codeOf(error) });
      }
      await this.#clock.wait(pauses.next(), signal);
    }
  }
}

function giveTo(ports: CertifiedPorts, { key, certificate }: TlsIdentity, signal: AbortSignal): void {
  try {
    signal.throwIfAborted();
    ports.replaceTls({ key, certificate });
  } finally {
    key.fill(0);
  }
}
