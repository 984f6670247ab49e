import type { OutgoingHttpHeaders } from "node:http";
import { mapResult } from "../core/awaitable.ts";
import type { Seal } from "../core/servables.ts";
import type { HttpAnswer, HttpRoute } from "../http/route.ts";

/**
 * Headers that name the sealed package behind every answer, so that it can be told which one an answer came from: digest of
 * its manifest, and end of its lease where there is one. Proof of it is the evidence for the connection alone.
 */
export class SealHeaders {
  readonly #seal: Seal;
  readonly #prefix: string;
  #leaseEndsAt: Date | undefined;
  #current: OutgoingHttpHeaders | undefined;

  /** @param prefix of the headers' names */
  constructor(seal: Seal, prefix: "" | "x-") {
    this.#seal = seal;
    this.#prefix = prefix;
  }

  /** The headers as they are now; the same object until the lease is renewed. */
  get current(): OutgoingHttpHeaders {
    const { leaseEndsAt, manifestDigest } = this.#seal;
    if (this.#current === undefined || leaseEndsAt !== this.#leaseEndsAt) {
      this.#leaseEndsAt = leaseEndsAt;
      this.#current = {
        [`${this.#prefix}sealserve-model-digest`]: manifestDigest,
        ...(leaseEndsAt === undefined ? {} : { [`${this.#prefix}sealserve-lease-ends`]: leaseEndsAt.toISOString() }),
      };
    }
    return this.#current;
  }
}

/** A route whose answers carry the headers of a seal. */
export function sealedRoute(route: HttpRoute, headers: SealHeaders): HttpRoute {
  const sealed = (answer: HttpAnswer): HttpAnswer => ({
    ...answer,
    headers: { ...answer.headers, ...headers.current },
  });
  return (request) => {
    const answer = route(request);
    return answer && mapResult(answer, sealed);
  };
}
