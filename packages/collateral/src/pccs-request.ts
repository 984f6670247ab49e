import { concatBytes } from "@sealserve/core";
import { CollateralError } from "./errors.ts";

/** Real answers have some 30 KiB; a revocation list in hex can grow to this. */
const MAXIMUM_BODY_LENGTH = 2 * 1024 * 1024;

/** Codes by which Node.js refuses the certificate of a server. */
const CERTIFICATE_REFUSED = /CERT|LEAF_SIGNATURE/;

/** An answer with status 200, read to its end. */
export interface PccsAnswer {
  /** Path and query, for messages. */
  readonly operation: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** As much of the global `fetch` as is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** How requests are made. */
export interface PccsTransport {
  /** Scheme, host and port. */
  readonly base: string;
  readonly fetch: Fetch;
  readonly timeoutMs: number;
  /** Ends requests that nobody waits for any more. */
  readonly abandoned: AbortSignal;
}

/**
 * Asks the service for one document. Redirects count as refusals: the operator names the service, not the service
 * another one.
 * @param operation path with its query
 * @throws CollateralError `pccs-unreachable`, `pccs-timeout`, `pccs-refused`, `answer-too-large`
 */
export async function request(transport: PccsTransport, operation: string): Promise<PccsAnswer> {
  try {
    const response = await transport.fetch(`${transport.base}${operation}`, {
      redirect: "manual",
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.any([transport.abandoned, AbortSignal.timeout(transport.timeoutMs)]),
    });
    await expectSuccess(response, operation);
    return { operation, headers: response.headers, body: await readBody(response, operation) };
  } catch (cause) {
    throw cause instanceof CollateralError ? cause : failed(transport, operation, cause);
  }
}

async function expectSuccess(response: Response, operation: string): Promise<void> {
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new CollateralError("pccs-refused", `the PCCS did not answer ${operation} with a document`, {
      expected: "status 200",
      actual: `status ${response.status}`,
      ...(response.status === 404 ? { remedy: "let the PCCS cache collateral for this platform" } : {}),
    });
  }
}

async function readBody(response: Response, operation: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) {
    length += next.value.length;
    if (length > MAXIMUM_BODY_LENGTH) {
      await reader?.cancel();
      throw new CollateralError("answer-too-large", `the PCCS's answer to ${operation} is too large`, {
        expected: `at most ${MAXIMUM_BODY_LENGTH} bytes`,
      });
    }
    chunks.push(next.value);
  }
  return concatBytes(...chunks);
}

function failed({ base, timeoutMs }: PccsTransport, operation: string, cause: unknown): CollateralError {
  return cause instanceof Error && cause.name === "TimeoutError"
    ? new CollateralError("pccs-timeout", `the PCCS at ${base} did not answer ${operation} in time`, {
        expected: `an answer within ${timeoutMs} ms`,
        cause,
      })
    : unreachable(`the PCCS at ${base} cannot be reached for ${operation}`, cause);
}

/** Why it was, Node.js says in a code two levels down; browsers do not say. */
function unreachable(message: string, cause: unknown): CollateralError {
  const reason = cause instanceof Error ? cause.cause : undefined;
  if (!(reason instanceof Error && "code" in reason && typeof reason.code === "string")) {
    return new CollateralError("pccs-unreachable", message, { remedy: "check its URL and whether it runs", cause });
  }
  const remedy = CERTIFICATE_REFUSED.test(reason.code)
    ? "let its certificate be for this host, in its time, and from an authority that is trusted here: NODE_EXTRA_CA_CERTS=FILE adds one"
    : "check its URL and whether it runs";
  return new CollateralError("pccs-unreachable", message, { actual: reason.code, remedy, cause });
}
