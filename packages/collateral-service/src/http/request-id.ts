import { randomFillSync } from "node:crypto";

const ID_LENGTH = 16;
const GIVEN = /^[0-9A-Za-z-]{1,64}$/;
/** Random bytes cost little in one piece and much one by one. */
const pool = Buffer.alloc(ID_LENGTH * 256);
let used = pool.length;

/** The id of an answer: the caller's, when it has the form of one, or a fresh one of 32 hex digits. */
export function requestId(given: string | undefined): string {
  return given !== undefined && GIVEN.test(given) ? given : freshId();
}

function freshId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const id = pool.toString("hex", used, used + ID_LENGTH);
  used += ID_LENGTH;
  return id;
}
