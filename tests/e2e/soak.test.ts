/**
 * The short form of `npm run bench:soak`: a server in a process of its own at a modest, fixed rate, while versions are replaced
 * beside it. It proves nothing of speed, only that memory stays flat and every request is answered.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { CHECKOUT, Running } from "./command.ts";

/** Longer ones find smaller leaks. */
const { SEALSERVE_SOAK_SECONDS = "120" } = process.env;
const seconds = Number(SEALSERVE_SOAK_SECONDS);
/** By each protocol in its turn. */
const REQUESTS_PER_SECOND = 40;
/** Over the whole time, by the line that fits best. Versions or tensors of requests that are not given back take more. */
const MOST_GROWTH_MIB = 80;

interface Figure {
  readonly growthMiBPerMinute: number;
  readonly versionsLoaded: number;
  readonly requests: { readonly sent: number; readonly answered: number };
  readonly failures?: readonly object[];
}

test("under load, with versions replaced beside it, memory stays flat and every request is answered", async () => {
  assert.ok(seconds >= 10, "SEALSERVE_SOAK_SECONDS takes a number of at least 10");
  const file = join(CHECKOUT, "bench", "serving", "soak.ts");
  const run = new Running(process.execPath, [file, `--minutes=${seconds / 60}`, `--rate=${REQUESTS_PER_SECOND}`]);
  const { code, stdout, stderr } = await run.finished;
  assert.equal(code, 0, stderr);
  const { growthMiBPerMinute, versionsLoaded, requests, failures } = JSON.parse(stdout) as Figure;
  assert.ok(versionsLoaded >= 3, `versions replaced: ${versionsLoaded}`);
  assert.ok(requests.sent >= seconds, `requests sent: ${requests.sent}`);
  assert.equal(requests.answered, requests.sent, JSON.stringify(failures));
  const minutes = Math.max(1, seconds / 60);
  assert.ok(growthMiBPerMinute * minutes < MOST_GROWTH_MIB, `growth: ${growthMiBPerMinute} MiB in a minute`);
});
