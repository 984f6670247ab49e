import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Hangups } from "../src/service/hangups.ts";
import { abortOnSignal } from "../src/service/until-signal.ts";

async function hangUp(): Promise<void> {
  const heard = once(process, "SIGHUP");
  process.kill(process.pid, "SIGHUP");
  await heard;
}

test("a SIGHUP that comes while a service starts is heeded once it runs, and each that follows at once", async () => {
  const hangups = new Hangups();
  const signal = abortOnSignal(hangups.hear);
  let reloads = 0;
  await hangUp();
  await hangUp();
  assert.equal(reloads, 0);
  hangups.heed(() => reloads++);
  assert.equal(reloads, 1, "both speak of the same files");
  await hangUp();
  assert.equal(reloads, 2);
  assert.equal(signal.aborted, false);
});

test("without one, nothing is read again", () => {
  new Hangups().heed(() => assert.fail("nobody asked"));
});
