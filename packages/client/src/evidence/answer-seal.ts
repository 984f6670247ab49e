import type { IncomingHttpHeaders } from "node:http";
import { ClientError } from "../errors.ts";
import type { ProvenNode } from "./judge.ts";

const DIGEST = /^[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** What an answer says of the sealed package behind it. */
export interface AnswerSeal {
  /** SHA-256 of the package's manifest, lower-case hex. */
  readonly manifestDigest: string;
  /** When the node may no longer serve it unless its lease is renewed; undefined without an end. */
  readonly leaseEndsAt: Date | undefined;
}

/**
 * Reads the headers of an answer.
 *
 * @param prefix of the headers' names
 * @param proof of the connection that it came on; what it proves and the answer says must agree
 * @returns undefined for an answer without a seal
 * @throws ClientError `bad-answer`, `package-not-accepted`
 */
export function readAnswerSeal(
  headers: IncomingHttpHeaders,
  prefix: "" | "x-",
  proof: ProvenNode | undefined,
): AnswerSeal | undefined {
  const digest = headers[`${prefix}sealserve-model-digest`];
  const lease = headers[`${prefix}sealserve-lease-ends`];
  if (digest === undefined && lease === undefined) {
    return undefined;
  }
  if (!matches(DIGEST, digest) || (lease !== undefined && !matches(TIME, lease))) {
    throw new ClientError("bad-answer", "the headers about the answer's package are malformed");
  }
  if (proof !== undefined && proof.manifestDigest !== digest) {
    throw new ClientError("package-not-accepted", "the answer comes from another package than the node has proved", {
      expected: proof.manifestDigest,
      actual: digest,
    });
  }
  return { manifestDigest: digest, leaseEndsAt: lease === undefined ? undefined : new Date(lease) };
}

function matches(form: RegExp, header: string | string[] | undefined): header is string {
  return typeof header === "string" && form.test(header);
}
