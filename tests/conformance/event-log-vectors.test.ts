// Every event log of the public attestation vectors: logs of firmware with the registers to which they lead, and the log of a
// workload together with the quote that covers it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  AttestationError,
  type MeasurementLog,
  matchEventLog,
  parseEventLog,
  parseRuntimeLog,
  type RtMrs,
  replayEventLog,
} from "@sealserve/attestation";
import { decodeHex, encodeHex } from "@sealserve/core";
import { fileOf, readVector, readVectorManifest, readVectorText, skipWithoutVectors } from "../support/vectors.ts";

/** Where the registers stand in a TDX quote of version 4. */
const RTMR_OFFSET = 48 + 328;
const RTMR_LENGTH = 48;

type HexRegisters = Readonly<Record<keyof RtMrs, string>>;

interface Vector {
  readonly id: string;
  readonly family: string;
  readonly files: Readonly<Partial<Record<"log" | "bundle", string>>>;
  readonly expect: {
    readonly verdict: "verified" | "rejected" | "info";
    readonly reason?: string;
    readonly events?: number;
    readonly logBytesUsed?: number;
    readonly digestAlgorithms?: Readonly<Record<string, number>>;
    readonly replay?: HexRegisters;
    readonly compareTo?: HexRegisters;
    readonly mrIndexes?: readonly number[];
  };
}

const eventLogs = await readVectorManifest<Vector>("tdx-ccel");
const runtimeLogs = await readVectorManifest<Vector>("tdx-runtime-log");

function decodeRegisters({ rtMr0, rtMr1, rtMr2, rtMr3 }: HexRegisters): RtMrs {
  return { rtMr0: decodeHex(rtMr0), rtMr1: decodeHex(rtMr1), rtMr2: decodeHex(rtMr2), rtMr3: decodeHex(rtMr3) };
}

function encodeRegisters({ rtMr0, rtMr1, rtMr2, rtMr3 }: RtMrs): HexRegisters {
  return { rtMr0: encodeHex(rtMr0), rtMr1: encodeHex(rtMr1), rtMr2: encodeHex(rtMr2), rtMr3: encodeHex(rtMr3) };
}

/** The registers in a quote, which is not verified here. */
function quotedRegisters(quote: Uint8Array): RtMrs {
  const register = (number: number): Uint8Array => {
    const offset = RTMR_OFFSET + number * RTMR_LENGTH;
    return quote.subarray(offset, offset + RTMR_LENGTH);
  };
  return { rtMr0: register(0), rtMr1: register(1), rtMr2: register(2), rtMr3: register(3) };
}

function refusal(code: string): (error: unknown) => boolean {
  return (error) => error instanceof AttestationError && error.code === code;
}

async function expectReplay(log: MeasurementLog, { replay, compareTo }: Vector["expect"]): Promise<void> {
  assert.ok(replay, "the entry states the registers");
  assert.deepEqual(encodeRegisters(await replayEventLog(log)), replay);
  if (compareTo !== undefined) {
    await assert.rejects(matchEventLog(log, decodeRegisters(compareTo)), refusal("event-log-mismatch"));
  }
}

describe("CC event logs of TDX", { skip: skipWithoutVectors }, () => {
  it("are all there", () => {
    assert.ok(eventLogs.length >= 7, `${eventLogs.length} entries`);
  });

  for (const vector of eventLogs) {
    const { id, expect } = vector;
    it(`${id}: ${expect.verdict} ${expect.reason ?? ""}`, async () => {
      const bytes = await readVector(fileOf(vector, "log"));
      if (expect.reason === "log-malformed") {
        assert.throws(() => parseEventLog(bytes), refusal("event-log-malformed"));
        return;
      }
      const log = parseEventLog(bytes);
      await expectReplay(log, expect);
      if (expect.verdict === "verified") {
        assert.equal(log.events.length, expect.events);
        assert.equal(log.logBytesUsed, expect.logBytesUsed);
        assert.deepEqual(Object.fromEntries(log.digestAlgorithms), expect.digestAlgorithms);
        const indexes = new Set(log.events.map(({ registerIndex }) => registerIndex));
        assert.deepEqual(indexes, new Set(expect.mrIndexes));
      }
    });
  }

  for (const vector of eventLogs.filter(({ expect: { verdict } }) => verdict === "verified")) {
    const { id, expect } = vector;
    it(`${id}: data proven by the rules of the event types`, async () => {
      assert.ok(expect.replay);
      const log = parseEventLog(await readVector(fileOf(vector, "log")));
      const events = await matchEventLog(log, decodeRegisters(expect.replay));
      assert.equal(events.length, expect.events);
      // Separators, EFI variables, partition tables and actions in these logs all follow the rules of their types.
      for (const [position, { proven }] of events.entries()) {
        const type = log.events[position]?.type ?? 0;
        const hashed = [4, 0x8000_0001, 0x8000_0002, 0x8000_0006, 0x8000_0007, 0x8000_00e0].includes(type);
        assert.equal(proven, hashed ? "data" : "digest", `event ${position} of type ${type.toString(16)}`);
      }
    });
  }
});

describe("runtime logs of TDX", { skip: skipWithoutVectors }, () => {
  for (const vector of runtimeLogs) {
    it(`${vector.id}: leads to the registers of its quote, names and content proven`, async () => {
      const text = await readVectorText(fileOf(vector, "bundle"));
      const bundle: { quote: string; event_log: string } = JSON.parse(text);
      const events = await matchEventLog(parseRuntimeLog(bundle.event_log), quotedRegisters(decodeHex(bundle.quote)));
      const runtime = events.filter((event) => event.proven !== "nothing" && event.register === "rtMr3");
      const names = runtime.map((event) => (event.proven === "data" ? event.name : undefined));
      const listed: { imr: number; event: string }[] = JSON.parse(bundle.event_log);
      assert.deepEqual(
        names,
        listed.filter(({ imr }) => imr === 3).map(({ event }) => event),
      );
      assert.ok(names.length > 0);
    });
  }
});
