import { JsonNode } from "../json/json-node.ts";
import { RTMR_DIGEST } from "./digest-algorithm.ts";
import { expectLogLength } from "./event-log-error.ts";
import { EVENT_LOG_MAX_EVENTS, type LogEvent, MAX_REGISTER_INDEX, type MeasurementLog } from "./log-event.ts";

/** Limit on the characters of a log. Payloads stand in it in hex; real logs have 10 to 50 KiB. */
export const RUNTIME_LOG_MAX_LENGTH = 1 << 19;

const MEMBERS = ["imr", "event_type", "digest", "event", "event_payload"];

/**
 * Parses a log in the JSON form of dstack: a list of `{imr, event_type, digest, event, event_payload}` with the events of
 * the firmware and, for RTMR3, those that the workload measured under a name. `imr` n is RTMR n.
 * @throws AttestationError `event-log-too-large`, `event-log-malformed`
 */
export function parseRuntimeLog(text: string): MeasurementLog {
  expectLogLength(text, RUNTIME_LOG_MAX_LENGTH);
  const document = JsonNode.parse(text, "event-log-malformed", "runtime event log");
  return { events: document.elements(0, EVENT_LOG_MAX_EVENTS).map(readEvent) };
}

function readEvent(event: JsonNode, offset: number): LogEvent {
  event.expectOnly(MEMBERS);
  const name = event.member("event").string();
  return {
    registerIndex: event.member("imr").integer(MAX_REGISTER_INDEX - 1) + 1,
    type: event.member("event_type").integer(0xffff_ffff),
    digests: new Map([[RTMR_DIGEST.name, event.member("digest").hex(RTMR_DIGEST.size)]]),
    data: event.member("event_payload").hex(),
    name: name === "" ? undefined : name,
    offset,
  };
}
