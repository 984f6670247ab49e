import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concatBytes, encodeUtf8 } from "@sealserve/core";
import fc from "fast-check";
import { EVENT_LOG_MAX_LENGTH, parseEventLog } from "../src/event-log/event-log.ts";
import { EVENT_LOG_MAX_EVENTS } from "../src/event-log/log-event.ts";
import {
  type CraftedEvent,
  type CraftedHeader,
  craftedHeader,
  craftedLog,
  craftedRecord,
  END,
  EV_EFI_ACTION,
  EV_SEPARATOR,
  measured,
  SHA256_ID,
  SHA384_ID,
  u32,
} from "./crafted-log.ts";
import { refusal } from "./simulated.ts";

const separator = await measured(1, EV_SEPARATOR, new Uint8Array(4));
const action = await measured(2, EV_EFI_ACTION, "Calling EFI Application from Boot Option");
const sound = craftedLog([separator, action]);

function refuses(bytes: Uint8Array, what?: string): void {
  assert.throws(() => parseEventLog(bytes), refusal("event-log-malformed"), what);
}

function refusesEvent(changed: Partial<CraftedEvent>, what?: string): void {
  refuses(craftedLog([separator, { ...action, ...changed }, separator]), what);
}

describe("a CC event log", () => {
  it("is taken apart into its events", () => {
    const { events, digestAlgorithms, logBytesUsed } = parseEventLog(sound);
    assert.deepEqual([...digestAlgorithms], [["sha384", 48]]);
    assert.equal(logBytesUsed, sound.length - END.length);
    assert.equal(events.length, 2);
    const [first, second] = events;
    assert.equal(first?.offset, craftedHeader().length);
    assert.equal(second?.offset, first.offset + craftedRecord(separator).length);
    assert.equal(first.registerIndex, 1);
    assert.equal(second.registerIndex, 2);
    assert.equal(second.type, EV_EFI_ACTION);
    assert.deepEqual(second.data, action.data);
    assert.equal(second.name, undefined);
    assert.deepEqual([...second.digests], [["sha384", action.digests[0]?.digest]]);
  });

  it("may have digests by more algorithms, in any order", () => {
    const header: CraftedHeader = {
      algorithms: [
        [SHA256_ID, 32],
        [SHA384_ID, 48],
      ],
    };
    const digests = [...action.digests, { id: SHA256_ID, digest: new Uint8Array(32).fill(7) }];
    const log = parseEventLog(craftedLog([{ ...action, digests }], { header }));
    assert.deepEqual(Object.fromEntries(log.digestAlgorithms), { sha256: 32, sha384: 48 });
    const [event] = log.events;
    assert.deepEqual(event?.digests.get("sha384"), action.digests[0]?.digest);
    assert.deepEqual(event?.digests.get("sha256"), digests[1]?.digest);
  });

  it("ends with a register that does not exist or a record of zeros, and filler behind it", () => {
    const marker = u32(0xffff_ffff);
    for (const end of [
      marker,
      new Uint8Array(8),
      concatBytes(new Uint8Array(40), END),
      concatBytes(marker, new Uint8Array(9)),
    ]) {
      const log = parseEventLog(craftedLog([separator], { end }));
      assert.equal(log.events.length, 1);
      assert.equal(log.logBytesUsed, craftedLog([separator], { end: new Uint8Array() }).length);
    }
  });

  it("may have no event", () => {
    assert.deepEqual(parseEventLog(craftedLog([])).events, []);
  });

  it("is read from a copy, which later changes to the buffer do not reach", () => {
    const buffer = Uint8Array.from(sound);
    const log = parseEventLog(buffer);
    buffer.fill(0);
    assert.deepEqual(log, parseEventLog(sound));
  });

  it("is refused when cut at any length before its end", () => {
    const end = craftedLog([separator, action], { end: u32(0xffff_ffff) });
    for (let length = 0; length < end.length; length++) {
      refuses(end.subarray(0, length), `${length} bytes`);
    }
    const zeros = craftedLog([separator], { end: new Uint8Array(7) });
    refuses(zeros, "seven zeros");
  });

  it("is refused with something behind its end", () => {
    for (const byte of [1, 0x7f, 0xfe]) {
      refuses(craftedLog([separator], { end: concatBytes(END, Uint8Array.of(byte)) }));
      refuses(craftedLog([separator], { end: concatBytes(new Uint8Array(8), Uint8Array.of(byte)) }));
    }
  });

  it("is refused above the size limit before it is read", () => {
    assert.throws(() => parseEventLog(new Uint8Array(EVENT_LOG_MAX_LENGTH + 1)), refusal("event-log-too-large"));
  });

  it("is refused with more events than the limit", () => {
    const events = Array.from({ length: EVENT_LOG_MAX_EVENTS }, () => separator);
    assert.equal(parseEventLog(craftedLog(events)).events.length, EVENT_LOG_MAX_EVENTS);
    refuses(craftedLog([...events, separator]));
  });

  it("is refused with an event for a register that does not exist", () => {
    assert.equal(parseEventLog(craftedLog([{ ...separator, registerIndex: 4 }])).events.length, 1);
    for (const registerIndex of [5, 0x100, 0xffff_fffe]) {
      refusesEvent({ registerIndex }, `${registerIndex}`);
    }
  });

  it("is refused unless each event has one digest by each listed algorithm", () => {
    const [digest] = action.digests;
    assert.ok(digest);
    refusesEvent({ digests: [] }, "none");
    refusesEvent({ digests: [digest, digest] }, "two");
    refusesEvent({ digestCount: 0xffff_ffff }, "4 G");
    refusesEvent({ digests: [{ ...digest, id: 0x0d }] }, "not listed");
    refusesEvent({ digests: [{ id: SHA384_ID, digest: new Uint8Array(47) }] }, "short");
    const header = { algorithms: [[SHA256_ID, 32] as const, [SHA384_ID, 48] as const] };
    refuses(craftedLog([{ ...action, digests: [digest, digest] }], { header }), "repeated");
    refuses(craftedLog([action], { header }), "one of two");
  });

  it("is refused when the size of its data is not that of what is there", () => {
    for (const dataLength of [action.data.length - 1, action.data.length + 1, 0x7fff_ffff, 0xffff_ffff]) {
      refusesEvent({ dataLength }, `${dataLength}`);
    }
  });

  it("is refused when its first record does not describe it", () => {
    const wrong: Record<string, CraftedHeader> = {
      "another type": { type: 4 },
      "another register": { registerIndex: 5 },
      "a digest": { digest: new Uint8Array(20).fill(1) },
      "the old format": { signature: "Spec ID Event02\0" },
      "a lookalike": { signature: "spec ID Event03\0" },
      "bytes behind the description": { trailing: encodeUtf8("x") },
      "no algorithm": { algorithms: [] },
      "no SHA-384": { algorithms: [[SHA256_ID, 32]] },
      "an unknown algorithm": {
        algorithms: [
          [SHA384_ID, 48],
          [0x99, 48],
        ],
      },
      "a wrong digest size": { algorithms: [[SHA384_ID, 32]] },
      "an algorithm twice": {
        algorithms: [
          [SHA384_ID, 48],
          [SHA384_ID, 48],
        ],
      },
      "4 G algorithms": { algorithmCount: 0xffff_ffff },
    };
    for (const [what, header] of Object.entries(wrong)) {
      refuses(craftedLog([], { header }), what);
    }
  });

  it("is read or refused whatever its bytes are", () => {
    const place = fc.tuple(fc.nat(sound.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(place, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = Uint8Array.from(sound);
        for (const [offset, byte] of changes) {
          bytes[offset] = byte;
        }
        readOrRefuse(bytes);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (tail) => readOrRefuse(concatBytes(craftedHeader(), tail))),
    );
  });

  it("of the greatest size is read", () => {
    const data = new Uint8Array(900);
    const events = Array.from({ length: EVENT_LOG_MAX_EVENTS }, () => ({ ...separator, data }));
    const used = craftedLog(events, { end: new Uint8Array() });
    const largest = concatBytes(used, new Uint8Array(EVENT_LOG_MAX_LENGTH - used.length).fill(0xff));
    assert.equal(parseEventLog(largest).events.length, EVENT_LOG_MAX_EVENTS);
  });
});

function readOrRefuse(bytes: Uint8Array): void {
  try {
    parseEventLog(bytes);
  } catch (error) {
    refusal("event-log-malformed")(error);
  }
}
