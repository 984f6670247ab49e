import { CHALLENGE_PATH, RELEASE_PATH } from "../protocol/messages.ts";
import { giveChallenge } from "./give-challenge.ts";
import { releaseKey } from "./release-key.ts";
import type { Route } from "./route.ts";

/** Every route there is; what is not here is answered 404. */
export const ROUTES: readonly Route[] = [
  { method: "POST", path: CHALLENGE_PATH, access: "anyone", handle: giveChallenge },
  { method: "POST", path: RELEASE_PATH, access: "attested", handle: releaseKey },
];

/** The route for a request line. The path is compared as it came: no query, no escapes, no second spelling. */
export function findRoute(method: string | undefined, path: string | undefined): Route | undefined {
  return ROUTES.find((route) => route.method === method && route.path === path);
}
