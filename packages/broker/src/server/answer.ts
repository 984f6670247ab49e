import { encodeErrorAnswer, type OutsideCode } from "../protocol/messages.ts";

/** An answer of the server: JSON. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

const STATUS: Readonly<Record<OutsideCode, number>> = {
  "bad-request": 400,
  refused: 403,
  "not-found": 404,
  "body-too-large": 413,
  internal: 500,
  "collateral-unavailable": 503,
};

/** An answer without a key: a code class and, where the log has more, the id to find it by. */
export function errorAnswer(code: OutsideCode, id = ""): Answer {
  return { status: STATUS[code], body: encodeErrorAnswer(code, id) };
}
