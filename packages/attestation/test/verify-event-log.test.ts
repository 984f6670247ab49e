import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeHex } from "@sealserve/core";
import { parseEventLog } from "../src/event-log/event-log.ts";
import { replayEventLog } from "../src/event-log/replay.ts";
import { verifyEventLog } from "../src/event-log/verify-event-log.ts";
import type { VerifiedEvidence } from "../src/verify/verified-evidence.ts";
import { verifyEvidence } from "../src/verify/verify-evidence.ts";
import { craftedLog, EV_SEPARATOR, measured } from "./crafted-log.ts";
import { ENCLAVE, options, REPORT_DATA, refusal, vendor } from "./simulated.ts";

const log = parseEventLog(craftedLog([await measured(2, EV_SEPARATOR, "a kernel")]));
const { rtMr0, rtMr1, rtMr2, rtMr3 } = await replayEventLog(log);
const registers = {
  rtMr0: encodeHex(rtMr0),
  rtMr1: encodeHex(rtMr1),
  rtMr2: encodeHex(rtMr2),
  rtMr3: encodeHex(rtMr3),
};
const collateral = await vendor.collateral({ tee: "tdx" });

async function evidenceWith(quoted: Partial<typeof registers>): Promise<VerifiedEvidence> {
  const quote = await vendor.tdxQuote({ mrTd: "a1".repeat(48), reportData: REPORT_DATA, ...registers, ...quoted });
  return verifyEvidence(quote, collateral, options);
}

describe("an event log beside evidence", () => {
  it("is proven by the registers of a genuine trust domain", async () => {
    const events = await verifyEventLog(log, await evidenceWith({}));
    assert.equal(events.length, log.events.length);
  });

  it("is refused when any register is another", async () => {
    for (const name of Object.keys(registers)) {
      const evidence = await evidenceWith({ [name]: "77".repeat(48) });
      await assert.rejects(verifyEventLog(log, evidence), refusal("event-log-mismatch"), name);
    }
  });

  it("is refused beside what no verifier made, and beside evidence of another TEE", async () => {
    const imitation = { ...(await evidenceWith({})) } as VerifiedEvidence;
    await assert.rejects(verifyEventLog(log, imitation), refusal("evidence-not-verified"));
    const enclave = await verifyEvidence(await vendor.quote(ENCLAVE), await vendor.collateral(), options);
    await assert.rejects(verifyEventLog(log, enclave), refusal("event-log-mismatch"));
  });
});
