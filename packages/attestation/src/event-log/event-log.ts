import { ByteReader } from "@sealserve/core";
import { refuseAs } from "../errors.ts";
import type { DigestAlgorithm, DigestKind } from "./digest-algorithm.ts";
import { expectLogLength, malformedLog } from "./event-log-error.ts";
import { EVENT_LOG_MAX_EVENTS, type LogEvent, MAX_REGISTER_INDEX, type MeasurementLog } from "./log-event.ts";
import { readSpecId } from "./spec-id.ts";

/** Limit on the bytes of a log, filler included. Firmware reserves 64 to 256 KiB. */
export const EVENT_LOG_MAX_LENGTH = 1 << 20;

/** A register index that does not exist marks the end of the log. */
const END_LENGTH = 4;

/** Index and type of a record that was never written. */
const ZERO_END_LENGTH = 8;

/** A parsed CC event log. Nothing in it is proven: that is the work of `verifyEventLog`. */
export interface EventLog extends MeasurementLog {
  /** Sizes of the digests that each event has, in bytes. */
  readonly digestAlgorithms: ReadonlyMap<DigestAlgorithm, number>;
  /** Bytes up to the end of the last event; what follows is filler. */
  readonly logBytesUsed: number;
}

/**
 * Parses the event log of a TD as it lies in memory (ACPI table CCEL; TCG PC Client Platform Firmware Profile, crypto-agile
 * log format). The log must have its end: an index of 0xFFFFFFFF or a record of zeros, and behind it nothing but bytes 0xFF
 * or 0. The first record, which describes the log, is not among the events.
 * @throws AttestationError `event-log-too-large`, `event-log-malformed`
 */
export function parseEventLog(bytes: Uint8Array): EventLog {
  expectLogLength(bytes, EVENT_LOG_MAX_LENGTH);
  // A copy, so that what is verified later is what was read, whatever the caller does with the buffer.
  return refuseAs("event-log-malformed", "event log", () => readEventLog(Uint8Array.from(bytes)));
}

function readEventLog(bytes: Uint8Array): EventLog {
  const reader = new ByteReader(bytes);
  const kinds = readSpecId(reader);
  const events: LogEvent[] = [];
  while (!isEnd(bytes.subarray(reader.offset))) {
    if (events.length === EVENT_LOG_MAX_EVENTS) {
      throw malformedLog("log has too many events", `at most ${EVENT_LOG_MAX_EVENTS}`);
    }
    events.push(readEvent(reader, kinds));
  }
  const logBytesUsed = reader.offset;
  expectFiller(bytes.subarray(logBytesUsed));
  const digestAlgorithms = new Map([...kinds.values()].map(({ name, size }) => [name, size]));
  return { events, digestAlgorithms, logBytesUsed };
}

function isEnd(rest: Uint8Array): boolean {
  const marked = rest.length >= END_LENGTH && rest.subarray(0, END_LENGTH).every((byte) => byte === 0xff);
  return marked || (rest.length >= ZERO_END_LENGTH && rest.subarray(0, ZERO_END_LENGTH).every((byte) => byte === 0));
}

function expectFiller(filler: Uint8Array): void {
  if (!filler.every((byte) => byte === 0xff || byte === 0)) {
    throw malformedLog("log has something behind its end", "bytes 0xFF or 0");
  }
}

function readEvent(reader: ByteReader, kinds: ReadonlyMap<number, DigestKind>): LogEvent {
  const { offset } = reader;
  const registerIndex = reader.u32();
  if (registerIndex > MAX_REGISTER_INDEX) {
    throw malformedLog(
      "event is for a register that does not exist",
      `0 to ${MAX_REGISTER_INDEX}`,
      `${registerIndex} at offset ${offset}`,
    );
  }
  const type = reader.u32();
  const digests = readDigests(reader, kinds);
  const data = reader.bytes(reader.u32());
  return { registerIndex, type, digests, data, name: undefined, offset };
}

/** Exactly one digest by each algorithm of the log. */
function readDigests(
  reader: ByteReader,
  kinds: ReadonlyMap<number, DigestKind>,
): ReadonlyMap<DigestAlgorithm, Uint8Array> {
  const count = reader.u32();
  if (count !== kinds.size) {
    throw malformedLog("event has not one digest by each algorithm of the log", `${kinds.size}`, `${count}`);
  }
  const digests = new Map<DigestAlgorithm, Uint8Array>();
  for (let index = 0; index < count; index++) {
    const id = reader.u16();
    const kind = kinds.get(id);
    if (kind === undefined || digests.has(kind.name)) {
      throw malformedLog("event has a digest by an unlisted or repeated algorithm", undefined, `${id}`);
    }
    digests.set(kind.name, reader.bytes(kind.size));
  }
  return digests;
}
