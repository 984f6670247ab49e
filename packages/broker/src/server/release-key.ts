import type { TLSSocket } from "node:tls";
import { channelOf, RaTlsError, reportDataFor } from "@sealserve/ra-tls";
import type { ReleasableModel } from "../keys/releasable-model.ts";
import { decodeReleaseRequest, encodeReleaseAnswer, type ReleaseRequest } from "../protocol/messages.ts";
import type { Attempt } from "../release/attempt.ts";
import { Refusal } from "../release/refusal.ts";
import { parseRecipientKey, type SealedKey, sealReleasedKey } from "../release/sealed-key.ts";
import { type Answer, errorAnswer } from "./answer.ts";
import type { TakenChallenge } from "./challenge-book.ts";
import type { RouteContext, RouteRequest } from "./route.ts";

/** Answers with the key of a model, sealed to the caller's key, if its evidence is accepted. */
export async function releaseKey(
  { socket, peer, body }: RouteRequest,
  { desk, models }: RouteContext,
  challenge: TakenChallenge,
): Promise<Answer> {
  const result = await desk.attempt({ protocol: "sealserve", peer }, async (attempt) => {
    const request = decodeReleaseRequest(body);
    attempt.named(request.model);
    const recipient = await expectRecipientKey(request);
    const nonce = expectValid(attempt, challenge);
    const reportData = await expectedReportData(socket, request, nonce);
    const asked = models.filter(({ name }) => name === request.model);
    const model = await desk.judge(attempt, { evidence: request.evidence, reportData }, asked);
    return encodeReleaseAnswer(await sealFor(recipient, model, nonce));
  });
  return result.released ? { status: 200, body: result.answer } : errorAnswer(result.code, result.id);
}

async function expectRecipientKey({ publicKey }: ReleaseRequest): Promise<CryptoKey> {
  const key = await parseRecipientKey(publicKey);
  if (key === undefined) {
    throw new RaTlsError("bad-message", "publicKey is no point of P-256");
  }
  return key;
}

function expectValid(attempt: Attempt, challenge: TakenChallenge): Uint8Array {
  attempt.enter("challenge");
  if (challenge.state === "none") {
    throw new Refusal("no-challenge", "the connection has no challenge, or used it already");
  }
  if (challenge.state === "expired") {
    throw new Refusal("challenge-expired", "the challenge of the connection is too old");
  }
  return challenge.nonce;
}

async function expectedReportData(
  socket: TLSSocket,
  { model, publicKey }: ReleaseRequest,
  nonce: Uint8Array,
): Promise<Uint8Array> {
  const channel = await channelOf(socket, "server", "key-release");
  const manifestDigest = new Uint8Array(0);
  return reportDataFor({ purpose: "key-release", nonce, ...channel, publicKey, manifestDigest, model });
}

async function sealFor(recipient: CryptoKey, model: ReleasableModel, nonce: Uint8Array): Promise<SealedKey> {
  const { name, manifestDigest, ownerPublicKeyPem, minimumVersion } = model;
  const wrapKey = model.wrapKey.reveal();
  try {
    const key = { wrapKey, manifestDigest, ownerPublicKeyPem, minimumVersion };
    return await sealReleasedKey(key, recipient, { nonce, model: name });
  } finally {
    wrapKey.fill(0);
  }
}
