import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concatBytes, encodeHex, encodeUtf8, sha384 } from "@sealserve/core";
import { EVENT_LOG_MAX_EVENTS } from "../src/event-log/log-event.ts";
import { matchEventLog, type VerifiedEvent } from "../src/event-log/match-event-log.ts";
import { replayEventLog } from "../src/event-log/replay.ts";
import { parseRuntimeLog, RUNTIME_LOG_MAX_LENGTH } from "../src/event-log/runtime-log.ts";
import { EV_SEPARATOR, u32 } from "./crafted-log.ts";
import { refusal } from "./simulated.ts";

const RUNTIME_EVENT = 0x0800_0001;

type JsonEvent = Readonly<Record<string, unknown>>;

async function runtimeEvent(name: string, payload: Uint8Array, imr = 3): Promise<JsonEvent> {
  const digest = await sha384(concatBytes(u32(RUNTIME_EVENT), encodeUtf8(`:${name}:`), payload));
  return eventOf(imr, RUNTIME_EVENT, digest, name, payload);
}

function eventOf(imr: number, type: number, digest: Uint8Array, name: string, payload: Uint8Array): JsonEvent {
  return { imr, event_type: type, digest: encodeHex(digest), event: name, event_payload: encodeHex(payload) };
}

const separator = eventOf(0, EV_SEPARATOR, await sha384(new Uint8Array(4)), "", new Uint8Array(4));
const composeHash = await runtimeEvent("compose-hash", new Uint8Array(32).fill(5));
const ready = await runtimeEvent("system-ready", new Uint8Array());
const sound = [separator, composeHash, ready];

/** Verifies `changed` against the registers to which the events themselves lead. */
async function verify(events: readonly JsonEvent[]): Promise<readonly VerifiedEvent[]> {
  const log = parseRuntimeLog(JSON.stringify(events));
  return matchEventLog(log, await replayEventLog(log));
}

function refuses(text: string, what?: string): void {
  assert.throws(() => parseRuntimeLog(text), refusal("event-log-malformed"), what);
}

function refusesEvent(changed: JsonEvent): void {
  refuses(JSON.stringify([separator, { ...composeHash, ...changed }]), JSON.stringify(changed));
}

describe("a runtime log", () => {
  it("proves names and content that a workload measured", async () => {
    const [first, second, third] = await verify(sound);
    assert.ok(first?.proven === "data" && second?.proven === "data" && third?.proven === "data");
    assert.equal(first.register, "rtMr0");
    assert.equal(first.name, undefined);
    assert.equal(second.register, "rtMr3");
    assert.equal(second.name, "compose-hash");
    assert.deepEqual(second.data, new Uint8Array(32).fill(5));
    assert.equal(second.offset, 1);
    assert.equal(third.name, "system-ready");
  });

  it("leaves changed names and content under the same digests unverified", async () => {
    for (const changed of [
      { event: "app-id" },
      { event: "" },
      { event_payload: "" },
      { event_payload: "ff".repeat(32) },
    ]) {
      const event = (await verify([separator, { ...composeHash, ...changed }, ready]))[1];
      assert.ok(event?.proven === "digest");
      assert.equal("name" in event, false);
      assert.equal("data" in event, false);
    }
  });

  it("proves nothing by a digest that fits two divisions into name and content", async () => {
    const whole = await runtimeEvent("key", encodeUtf8("a:b"));
    const divided = { ...whole, event: "key:a", event_payload: encodeHex(encodeUtf8("b")) };
    assert.equal((await verify([whole]))[0]?.proven, "data");
    assert.equal((await verify([divided]))[0]?.proven, "digest");
  });

  it("proves no name outside RTMR3, where firmware measures what the host chose", async () => {
    for (const imr of [0, 1, 2]) {
      const event = (await verify([await runtimeEvent("compose-hash", new Uint8Array(32), imr)]))[0];
      assert.equal(event?.proven, "digest");
    }
  });

  it("takes no name from an event of firmware", async () => {
    const event = (await verify([{ ...separator, event: "compose-hash" }]))[0];
    assert.ok(event?.proven === "data");
    assert.equal(event.name, undefined);
  });

  it("is refused when it does not lead to the quoted registers", async () => {
    const registers = await replayEventLog(parseRuntimeLog(JSON.stringify(sound)));
    for (const events of [
      [separator, ready, composeHash],
      [separator, composeHash],
      [...sound, ready],
    ]) {
      const log = parseRuntimeLog(JSON.stringify(events));
      await assert.rejects(matchEventLog(log, registers), refusal("event-log-mismatch"));
    }
  });

  it("is refused with members missing, unknown or twice", () => {
    for (const name of Object.keys(composeHash)) {
      const { [name]: _, ...rest } = composeHash;
      refuses(JSON.stringify([rest]), name);
    }
    refusesEvent({ note: "" });
    const text = JSON.stringify([composeHash]);
    refuses(text.replace('{"imr":3', '{"imr":0,"imr":3'));
  });

  it("is refused with a value of another form", () => {
    for (const imr of [4, -1, 1.5, "3", null]) {
      refusesEvent({ imr });
    }
    for (const type of [-1, 2 ** 32, "4"]) {
      refusesEvent({ event_type: type });
    }
    for (const digest of [
      "",
      "00".repeat(47),
      "00".repeat(49),
      `0x${"00".repeat(47)}`,
      `${"00".repeat(47)}\n0`,
      null,
    ]) {
      refusesEvent({ digest });
    }
    refusesEvent({ event: 1 });
    refusesEvent({ event_payload: "0" });
    refusesEvent({ event_payload: "0g" });
  });

  it("is refused when it is no list, is followed by something, or is cut", () => {
    const text = JSON.stringify(sound);
    refuses(JSON.stringify({ events: sound }));
    refuses(`${text}]`);
    for (let length = 0; length < text.length; length++) {
      refuses(text.slice(0, length));
    }
  });

  it("is refused above the limits", () => {
    const events = Array.from({ length: EVENT_LOG_MAX_EVENTS }, () => ready);
    assert.equal(parseRuntimeLog(JSON.stringify(events)).events.length, EVENT_LOG_MAX_EVENTS);
    refuses(JSON.stringify([...events, ready]));
    const long = " ".repeat(RUNTIME_LOG_MAX_LENGTH + 1);
    assert.throws(() => parseRuntimeLog(long), refusal("event-log-too-large"));
  });
});
