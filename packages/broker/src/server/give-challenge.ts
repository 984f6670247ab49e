import { RaTlsError } from "@sealserve/ra-tls";
import { decodeChallengeRequest, encodeChallengeAnswer } from "../protocol/messages.ts";
import { type Answer, errorAnswer } from "./answer.ts";
import type { RouteContext, RouteRequest } from "./route.ts";

/** Answers with a nonce that the next release on the same connection must be made for. */
export function giveChallenge({ socket, body }: RouteRequest, { challenges }: RouteContext): Answer {
  try {
    decodeChallengeRequest(body);
  } catch (error) {
    if (error instanceof RaTlsError) {
      return errorAnswer("bad-request");
    }
    throw error;
  }
  return { status: 200, body: encodeChallengeAnswer(challenges.issue(socket)) };
}
