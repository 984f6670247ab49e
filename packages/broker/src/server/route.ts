import type { TLSSocket } from "node:tls";
import type { CurrentHoldings } from "../holdings.ts";
import type { ReleaseDesk } from "../release/release-desk.ts";
import type { Answer } from "./answer.ts";
import type { ChallengeBook, TakenChallenge } from "./challenge-book.ts";

/** A request as the handlers see it. */
export interface RouteRequest {
  readonly socket: TLSSocket;
  /** Address and port of the caller. */
  readonly peer: string;
  readonly body: string;
}

/** What the handlers work with. */
export interface RouteContext {
  readonly desk: ReleaseDesk;
  readonly holdings: Pick<CurrentHoldings, "models">;
  readonly challenges: ChallengeBook;
}

/** A route that gives nothing away. */
export interface OpenRoute {
  readonly method: "POST";
  readonly path: string;
  readonly access: "anyone";
  readonly handle: (request: RouteRequest, context: RouteContext) => Answer;
}

/** A route for callers with evidence. Uses up the challenge of the connection, whatever comes of it. */
export interface AttestedRoute {
  readonly method: "POST";
  readonly path: string;
  readonly access: "attested";
  readonly handle: (request: RouteRequest, context: RouteContext, challenge: TakenChallenge) => Promise<Answer>;
}

/** One way to call the broker. */
export type Route = OpenRoute | AttestedRoute;
