import { CoreError } from "@sealserve/core";
import { RaTlsError } from "@sealserve/ra-tls";
import { BrokerError } from "../errors.ts";

/** System errors such as ECONNREFUSED, and those of the TLS library. Failed certificate checks have other codes. */
const NO_CONNECTION = /^(?:E[A-Z]+|ERR_SSL_\w+)$/;

/** Tells a broker that cannot be reached from one whose certificate does not count. */
export function connectError(error: unknown, url: string): unknown {
  const code = systemCode(error);
  if (code === undefined || NO_CONNECTION.test(code)) {
    return exchangeError(error, url);
  }
  return new BrokerError("broker-not-trusted", `the certificate of the broker at ${url} is not trusted (${code})`, {
    remedy: "check the authority's certificate, and that the broker's certificate is current and for this host name",
    cause: error,
  });
}

/** Tells a connection that ended from an answer that makes no sense. Other errors are handed on as they are. */
export function exchangeError(error: unknown, url: string): unknown {
  const code = systemCode(error);
  const ended = code !== undefined && NO_CONNECTION.test(code);
  if (ended || (error instanceof RaTlsError && error.code === "bad-channel")) {
    return new BrokerError("broker-unreachable", `the broker at ${url} cannot be reached (${code ?? "closed"})`, {
      remedy: "check that the broker runs, and its address",
      cause: error,
    });
  }
  if (error instanceof RaTlsError || error instanceof CoreError) {
    return new BrokerError("broker-answer-invalid", `the broker at ${url} gave an invalid answer: ${error.message}`, {
      remedy: "check that this is the address of a broker of a version that fits",
      cause: error,
    });
  }
  return error;
}

function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
