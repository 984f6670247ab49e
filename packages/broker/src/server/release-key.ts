import type { TLSSocket } from "node:tls";
import { decodeHex, equalBytes } from "@sealserve/core";
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
  { desk, holdings }: RouteContext,
  challenge: TakenChallenge,
): Promise<Answer> {
  const result = await desk.attempt({ protocol: "sealserve", peer }, async (attempt) => {
    const request = decodeReleaseRequest(body);
    attempt.named(request.model);
    attempt.asksFor(request.manifestDigest.length === 0 ? "key" : "renewal");
    const recipient = await expectRecipientKey(request);
    const nonce = expectValid(attempt, challenge);
    const reportData = await expectedReportData(socket, request, nonce);
    const asked = (): ReleasableModel[] => holdings.models.filter(({ name }) => name === request.model);
    const model = await desk.judge(attempt, { evidence: request.evidence, reportData }, asked);
    expectServed(attempt, request, model);
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
  { model, publicKey, manifestDigest }: ReleaseRequest,
  nonce: Uint8Array,
): Promise<Uint8Array> {
  const channel = await channelOf(socket, "server", "key-release");
  return reportDataFor({ purpose: "key-release", nonce, ...channel, publicKey, manifestDigest, model });
}

/** The lease of a package ends when another one takes its place. */
function expectServed(attempt: Attempt, { manifestDigest }: ReleaseRequest, model: ReleasableModel): void {
  attempt.enter("decide");
  if (manifestDigest.length > 0 && !equalBytes(manifestDigest, decodeHex(model.manifestDigest))) {
    throw new Refusal("package-replaced", "the node serves another package of the model than the one configured now");
  }
  attempt.enter("send");
}

async function sealFor(recipient: CryptoKey, model: ReleasableModel, nonce: Uint8Array): Promise<SealedKey> {
  const { name, manifestDigest, ownerPublicKeyPem, minimumVersion, leaseSeconds } = model;
  const wrapKey = model.wrapKey.reveal();
  try {
    const key = { wrapKey, manifestDigest, ownerPublicKeyPem, minimumVersion, leaseSeconds };
    return await sealReleasedKey(key, recipient, { nonce, model: name });
  } finally {
    wrapKey.fill(0);
  }
}
