import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concatBytes, encodeHex, encodeUtf8 } from "@sealserve/core";
import fc from "fast-check";
import { AttestationError } from "../src/errors.ts";
import { parseEventLog } from "../src/event-log/event-log.ts";
import { EV_NO_ACTION } from "../src/event-log/log-event.ts";
import { type DataProvenEvent, matchEventLog, type VerifiedEvent } from "../src/event-log/match-event-log.ts";
import { RTMR_NAMES, type RtMrs, replayEventLog } from "../src/event-log/replay.ts";
import {
  type CraftedEvent,
  craftedLog,
  EV_EFI_ACTION,
  EV_EFI_VARIABLE_BOOT,
  EV_EFI_VARIABLE_DRIVER_CONFIG,
  EV_EVENT_TAG,
  EV_PLATFORM_CONFIG_FLAGS,
  EV_SEPARATOR,
  efiVariable,
  measured,
} from "./crafted-log.ts";
import { flipped, refusal } from "./simulated.ts";

const secureBoot = efiVariable("SecureBoot", Uint8Array.of(1));
const bootOrder = efiVariable("BootOrder", Uint8Array.of(0, 0));

const boot = [
  await measured(1, EV_EFI_VARIABLE_DRIVER_CONFIG, secureBoot),
  await measured(1, EV_EFI_VARIABLE_BOOT, bootOrder, Uint8Array.of(0, 0)),
  await measured(1, EV_PLATFORM_CONFIG_FLAGS, "ACPI DATA", "the tables themselves"),
  await measured(1, EV_SEPARATOR, new Uint8Array(4)),
  await measured(2, EV_EFI_ACTION, "Calling EFI Application from Boot Option"),
  await measured(3, EV_EVENT_TAG, "LOADED_IMAGE::LoadOptions", "console=ttyS0"),
];

/** The registers to which events lead, computed with other means than those under test. */
async function registersOf(events: readonly CraftedEvent[]): Promise<RtMrs> {
  const registers = RTMR_NAMES.map(() => new Uint8Array(48));
  for (const { registerIndex, digests } of events) {
    const register = registers[registerIndex - 1];
    const digest = digests[0]?.digest;
    assert.ok(register !== undefined && digest !== undefined);
    register.set(new Uint8Array(await crypto.subtle.digest("SHA-384", concatBytes(register, digest))));
  }
  const [rtMr0, rtMr1, rtMr2, rtMr3] = registers;
  assert.ok(rtMr0 && rtMr1 && rtMr2 && rtMr3);
  return { rtMr0, rtMr1, rtMr2, rtMr3 };
}

const registers = await registersOf(boot);

function verify(events: readonly CraftedEvent[], quoted = registers): Promise<readonly VerifiedEvent[]> {
  return matchEventLog(parseEventLog(craftedLog(events)), quoted);
}

async function refuses(events: readonly CraftedEvent[], quoted = registers): Promise<void> {
  await assert.rejects(verify(events, quoted), refusal("event-log-mismatch"));
}

/** `boot` with one event changed. */
function bootWith(position: number, changed: Partial<CraftedEvent>): CraftedEvent[] {
  return boot.map((event, index) => (index === position ? { ...event, ...changed } : event));
}

async function expectUnverified(position: number, changed: Partial<CraftedEvent>): Promise<void> {
  const event = (await verify(bootWith(position, changed)))[position];
  assert.equal(event?.proven, "digest");
  assert.equal("data" in event, false);
  assert.equal("name" in event, false);
  assert.deepEqual(event.unverifiedData, changed.data ?? boot[position]?.data);
}

describe("the replay of an event log", () => {
  it("extends RTMR n-1 for the index n, from zeros and in order", async () => {
    assert.deepEqual(await replayEventLog(parseEventLog(craftedLog(boot))), registers);
    for (const [number, name] of RTMR_NAMES.entries()) {
      const event = await measured(number + 1, EV_SEPARATOR, new Uint8Array(4));
      const replayed = await replayEventLog(parseEventLog(craftedLog([event])));
      const extended = RTMR_NAMES.filter((other) => replayed[other].some((byte) => byte !== 0));
      assert.deepEqual(extended, [name]);
    }
  });

  it("leaves out informative events and those for MRTD", async () => {
    const informative = await measured(1, EV_NO_ACTION, "StartupLocality");
    const mrTd = await measured(0, EV_SEPARATOR, new Uint8Array(4));
    const replayed = await replayEventLog(parseEventLog(craftedLog([mrTd, informative, ...boot, informative])));
    assert.deepEqual(replayed, registers);
  });

  it("takes the SHA-384 digest where there are others", async () => {
    const [event] = boot;
    assert.ok(event);
    const header = { algorithms: [[0x0b, 32] as const, [0x0c, 48] as const] };
    const digests = [{ id: 0x0b, digest: new Uint8Array(32).fill(9) }, ...event.digests];
    const replayed = await replayEventLog(parseEventLog(craftedLog([{ ...event, digests }], { header })));
    assert.deepEqual(replayed, await registersOf([event]));
  });

  it("is refused for an event without a SHA-384 digest", async () => {
    const { events } = parseEventLog(craftedLog(boot));
    for (const digests of [new Map(), new Map([["sha384", new Uint8Array(32)] as const])]) {
      const log = { events: events.map((event) => ({ ...event, digests })) };
      await assert.rejects(replayEventLog(log), refusal("event-log-malformed"));
    }
  });
});

describe("a verified event log", () => {
  it("says of each event what its register proves", async () => {
    const events = await verify(boot);
    assert.deepEqual(
      events.map(({ proven }) => proven),
      ["data", "data", "digest", "data", "data", "digest"],
    );
    const [variable, order, acpi] = events;
    assert.ok(variable?.proven === "data" && order?.proven === "data" && acpi?.proven === "digest");
    assert.equal(variable.register, "rtMr0");
    assert.equal(variable.unverifiedType, EV_EFI_VARIABLE_DRIVER_CONFIG);
    assert.deepEqual(variable.data, secureBoot);
    assert.deepEqual(variable.digest, boot[0]?.digests[0]?.digest);
    assert.deepEqual(order.data, Uint8Array.of(0, 0), "without the name, which the digest does not cover");
    assert.deepEqual(acpi.unverifiedData, encodeUtf8("ACPI DATA"));
  });

  it("takes no name from an event whose digest does not cover it", async () => {
    const renamed = efiVariable("BootNext_", Uint8Array.of(0, 0));
    const event = (await verify(bootWith(1, { data: renamed })))[1];
    assert.ok(event?.proven === "data");
    assert.deepEqual(event.data, Uint8Array.of(0, 0));
    assert.equal(event.name, undefined);
  });

  it("leaves text unverified that was put in the place of hashed text", async () => {
    await expectUnverified(0, { data: efiVariable("SecureBoot", Uint8Array.of(0)) });
    await expectUnverified(1, { data: efiVariable("BootOrder", Uint8Array.of(7, 0)) });
    await expectUnverified(4, { data: encodeUtf8("Calling EFI Application from Boot Options") });
    await expectUnverified(4, { data: new Uint8Array() });
  });

  it("leaves data unverified that its type does not hash, even if the digest fits", async () => {
    await expectUnverified(3, { type: EV_EVENT_TAG });
    await expectUnverified(4, { type: EV_SEPARATOR });
    await expectUnverified(0, { type: EV_EFI_VARIABLE_BOOT });
    await expectUnverified(4, { type: 0x1234_5678 });
  });

  it("leaves a boot variable unverified whose lengths do not fit", async () => {
    const content = Uint8Array.of(0, 0);
    const lengths = [16, 24].map((offset) => flipped(bootOrder, offset));
    const huge = Uint8Array.from(bootOrder).fill(0xff, 16, 32);
    for (const data of [...lengths, huge, concatBytes(bootOrder, content), bootOrder.subarray(0, 20), content]) {
      await expectUnverified(1, { data });
    }
  });

  it("calls events that were not measured unproven", async () => {
    const informative = await measured(2, EV_NO_ACTION, "not measured");
    const mrTd = await measured(0, EV_SEPARATOR, new Uint8Array(4));
    for (const event of [informative, mrTd]) {
      const [first] = await verify([event, ...boot]);
      assert.equal(first?.proven, "nothing");
      assert.equal(first.unverifiedRegisterIndex, event.registerIndex);
      assert.equal("data" in first, false);
      assert.equal("digest" in first, false);
    }
  });

  it("is refused when an event is missing, added, moved or measured elsewhere", async () => {
    for (const position of boot.keys()) {
      await refuses(boot.filter((_, index) => index !== position));
      await refuses(bootWith(position, { registerIndex: 4 }));
      await refuses(bootWith(position, { type: EV_NO_ACTION }));
    }
    const [first, second, ...rest] = boot;
    assert.ok(first && second);
    await refuses([second, first, ...rest]);
    await refuses([...boot, first]);
    await refuses([]);
  });

  it("is refused when its indexes are read one too low or too high", async () => {
    const upper = boot.map((event) => ({ ...event, registerIndex: event.registerIndex + 1 }));
    const lower = boot.map((event) => ({ ...event, registerIndex: event.registerIndex - 1 }));
    await refuses(upper);
    await refuses(lower);
  });

  it("is refused when any bit of a quoted register differs, or a register has another length", async () => {
    for (const name of RTMR_NAMES) {
      for (const register of [
        flipped(registers[name], 0),
        flipped(registers[name], 47, 0x80),
        registers[name].subarray(1),
        concatBytes(registers[name], Uint8Array.of(0)),
        new Uint8Array(),
      ]) {
        await refuses(boot, { ...registers, [name]: register });
      }
    }
  });

  it("is refused when a digest is changed", async () => {
    for (const [position, { digests }] of boot.entries()) {
      const changed = digests.map(({ id, digest }) => ({ id, digest: flipped(digest, 11) }));
      await refuses(bootWith(position, { digests: changed }));
    }
  });

  it("never states another fact when a byte is changed", async () => {
    const sound = craftedLog(boot);
    const facts = new Set((await verify(boot)).filter(isDataProven).map(factOf));
    await fc.assert(
      fc.asyncProperty(fc.nat(sound.length - 1), fc.integer({ min: 1, max: 255 }), async (offset, mask) => {
        for (const event of await verifyOrRefuse(flipped(sound, offset, mask))) {
          assert.ok(!isDataProven(event) || facts.has(factOf(event)));
        }
      }),
      { numRuns: 300 },
    );
  });
});

function isDataProven(event: VerifiedEvent): event is DataProvenEvent {
  return event.proven === "data";
}

function factOf({ register, digest, data, name }: DataProvenEvent): string {
  return [register, encodeHex(digest), encodeHex(data), name].join();
}

async function verifyOrRefuse(bytes: Uint8Array): Promise<readonly VerifiedEvent[]> {
  try {
    return await matchEventLog(parseEventLog(bytes), registers);
  } catch (error) {
    assert.ok(error instanceof AttestationError, String(error));
    return [];
  }
}
