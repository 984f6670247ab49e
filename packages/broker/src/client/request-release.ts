import { once } from "node:events";
import { CoreError, decodeHex, decodePem } from "@sealserve/core";
import type { Platform } from "@sealserve/platform";
import { channelOf, reportDataFor } from "@sealserve/ra-tls";
import { BrokerError } from "../errors.ts";
import {
  CHALLENGE_PATH,
  decodeChallengeAnswer,
  decodeErrorAnswer,
  decodeReleaseAnswer,
  encodeReleaseRequest,
  RELEASE_PATH,
} from "../protocol/messages.ts";
import type { ReleasedKey } from "../release/released-key.ts";
import { generateRecipientKey, openReleasedKey } from "../release/sealed-key.ts";
import { type BrokerAnswer, type BrokerConnection, connectBroker } from "./broker-connection.ts";
import { connectError, exchangeError } from "./connection-error.ts";

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_PORT = 443;

/** How to ask a broker for a key. */
export interface ReleaseOptions {
  /** `https://host:port` */
  readonly url: string;
  /** PEM of the authority that the broker's certificate must come from; public authorities do not count. */
  readonly caPem: string;
  readonly model: string;
  /** SHA-256 of the manifest of the package whose lease is to be renewed, hex; undefined where none is served yet. */
  readonly servedManifestDigest?: string | undefined;
  /** Makes the evidence. */
  readonly platform: Platform;
  readonly signal?: AbortSignal;
  /** For the whole exchange. Default one minute. */
  readonly timeoutMs?: number;
}

/**
 * Asks a broker for the key of a model: takes a challenge, makes evidence that speaks for this connection and for a key
 * made just now, and opens the answer, which is sealed to that key. A lease is renewed in the same way; the evidence then
 * speaks for the package that is served, too.
 *
 * @throws BrokerError `release-refused` (with `refusalId`), `collateral-unavailable`, `broker-unreachable`,
 * `broker-not-trusted`, `broker-answer-invalid`, `invalid-argument`; PlatformError; the signal's reason
 */
export async function requestRelease(options: ReleaseOptions): Promise<ReleasedKey> {
  const { host, port } = parseUrl(options.url);
  expectAuthority(options.caPem);
  const timeout = AbortSignal.timeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
  let connection: BrokerConnection | undefined;
  try {
    connection = await connectBroker({ host, port, caPem: options.caPem, signal });
    return await Promise.race([exchange(connection, options), aborted(signal)]);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (timeout.aborted) {
      throw tooSlow(options.url, error);
    }
    throw connection === undefined ? connectError(error, options.url) : exchangeError(error, options.url);
  } finally {
    connection?.close();
  }
}

async function exchange(connection: BrokerConnection, options: ReleaseOptions): Promise<ReleasedKey> {
  const { model, platform, servedManifestDigest = "" } = options;
  const channel = await channelOf(connection.socket, "client", "key-release");
  const nonce = decodeChallengeAnswer(expectSuccess(await connection.post(CHALLENGE_PATH, "{}"), model));
  const { keyPair, publicKey } = await generateRecipientKey();
  const manifestDigest = decodeHex(servedManifestDigest);
  const reportData = await reportDataFor({
    purpose: "key-release",
    nonce,
    ...channel,
    publicKey,
    manifestDigest,
    model,
  });
  const evidence = await platform.quote(reportData);
  const request = encodeReleaseRequest({ model, evidence, publicKey, manifestDigest });
  const answer = await connection.post(RELEASE_PATH, request);
  const sealed = decodeReleaseAnswer(expectSuccess(answer, model));
  const released = await openReleasedKey(sealed, keyPair, { nonce, model });
  if (released === undefined) {
    throw new BrokerError("broker-answer-invalid", "the broker's answer does not open with the key of this request");
  }
  return released;
}

function expectSuccess({ status, text }: BrokerAnswer, model: string): string {
  if (status === 200) {
    return text;
  }
  const { code, id } = decodeErrorAnswer(text);
  switch (code) {
    case "refused":
      throw refusedRelease(model, id);
    case "collateral-unavailable":
      throw new BrokerError(
        "collateral-unavailable",
        `the broker has no collateral to judge with (id ${id || "none"})`,
        {
          remedy: "try again later; the broker's owner finds the reason in its audit log",
          refusalId: id,
        },
      );
    default:
      throw new BrokerError("broker-answer-invalid", `the broker answered ${code} (HTTP ${status})`, { refusalId: id });
  }
}

function refusedRelease(model: string, id: string): BrokerError {
  const message = `the broker refused to release the key of model ${model}`;
  // The broker keeps no record where it read no evidence, and not of all that prove nothing.
  return id === ""
    ? new BrokerError("release-refused", `${message}, and kept no record of it`, {
        remedy:
          "check that the broker is of a version that reads this platform's evidence, and how long that takes to make; " +
          "the broker's owner finds such refusals summed up in its audit log",
      })
    : new BrokerError("release-refused", `${message} (id ${id})`, {
        remedy: `the broker's owner finds the reason in its audit log under the id ${id}`,
        refusalId: id,
      });
}

function parseUrl(text: string): { host: string; port: number } {
  const url = URL.parse(text);
  if (url === null || url.protocol !== "https:" || url.pathname !== "/" || `${url.search}${url.hash}` !== "") {
    throw new BrokerError("invalid-argument", "the broker's address is not an https URL without a path", {
      expected: "https://host:port",
    });
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return { host, port: url.port === "" ? DEFAULT_PORT : Number(url.port) };
}

/** Node takes the public authorities when it is given none: then any of them could vouch for a broker. */
function expectAuthority(caPem: string): void {
  try {
    decodePem(caPem, "CERTIFICATE");
  } catch (cause) {
    if (!(cause instanceof CoreError)) {
      throw cause;
    }
    throw new BrokerError("invalid-argument", "the authority of the broker's certificate is not given as PEM", {
      expected: "one or more certificates",
      actual: cause.message,
      cause,
    });
  }
}

/** The platform takes no signal, so what it does is left to itself when the signal comes. */
async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) {
    await once(signal, "abort");
  }
  throw signal.reason;
}

function tooSlow(url: string, cause: unknown): BrokerError {
  return new BrokerError("broker-unreachable", `the exchange with the broker at ${url} was not complete in time`, {
    remedy: "check the network between this node and the broker, and the platform that makes the evidence",
    cause,
  });
}
