import { encodeHex, equalBytes, sha384 } from "@sealserve/core";
import { AttestationError } from "../errors.ts";
import { hashedContent } from "./hashed-content.ts";
import type { LogEvent, MeasurementLog } from "./log-event.ts";
import { extendedRegister, RTMR_NAMES, type RtMrs, replayEventLog, rtMrDigest } from "./replay.ts";

/** What no digest covers, in any event: whoever hands over the log can write there what he likes. */
export interface EventClaims {
  /** Which kind of event the log says it was. */
  readonly unverifiedType: number;
  readonly offset: number;
}

/** The digest went into the register and is the hash of `data`, and of `name` where there is one. */
export interface DataProvenEvent extends EventClaims {
  readonly proven: "data";
  readonly register: keyof RtMrs;
  readonly digest: Uint8Array;
  /** The hashed content: of an EV_EFI_VARIABLE_BOOT the variable's content only. */
  readonly data: Uint8Array;
  /** Under which name a workload measured `data`. */
  readonly name: string | undefined;
}

/** The digest went into the register; what it is the digest of remains open. */
export interface DigestProvenEvent extends EventClaims {
  readonly proven: "digest";
  readonly register: keyof RtMrs;
  readonly digest: Uint8Array;
  readonly unverifiedData: Uint8Array;
  readonly unverifiedName: string | undefined;
}

/** Not measured: an informative event, or one for MRTD. */
export interface UnprovenEvent extends EventClaims {
  readonly proven: "nothing";
  readonly unverifiedRegisterIndex: number;
  readonly unverifiedData: Uint8Array;
  readonly unverifiedName: string | undefined;
}

/** An event of a log that leads to the quoted registers. What may be used as a fact depends on `proven`. */
export type VerifiedEvent = DataProvenEvent | DigestProvenEvent | UnprovenEvent;

/**
 * Proves that a log leads to the registers of a TD, and says of each event what that proves.
 *
 * A proven event says that these bytes went into that register, in that order. It does not say what the bytes mean: firmware
 * also measures content that the host chose, so an event of a register counts only together with everything else in it.
 * @param registers of a quote that has been verified; against others the result is worth nothing, which is why
 * `verifyEventLog` takes the evidence itself
 * @returns one result for each event of the log, in its order
 * @throws AttestationError `event-log-mismatch` when any of the four registers differs, `event-log-malformed`
 */
export async function matchEventLog(log: MeasurementLog, registers: RtMrs): Promise<readonly VerifiedEvent[]> {
  const replayed = await replayEventLog(log);
  for (const name of RTMR_NAMES) {
    expectRegister(name, registers[name], replayed[name]);
  }
  const events: VerifiedEvent[] = [];
  for (const event of log.events) {
    events.push(await verifyEvent(event));
  }
  return events;
}

function expectRegister(name: string, quoted: Uint8Array, replayed: Uint8Array): void {
  if (!equalBytes(quoted, replayed)) {
    throw new AttestationError("event-log-mismatch", `event log does not lead to the quoted ${name}`, {
      expected: encodeHex(quoted),
      actual: encodeHex(replayed),
      remedy: "hand over the whole log of the very TD that was quoted",
    });
  }
}

async function verifyEvent(event: LogEvent): Promise<VerifiedEvent> {
  const { registerIndex, type, data, name, offset } = event;
  const claims = { unverifiedType: type, offset };
  const unverified = { unverifiedData: data, unverifiedName: name };
  const register = extendedRegister(event);
  if (register === undefined) {
    return { proven: "nothing", ...claims, unverifiedRegisterIndex: registerIndex, ...unverified };
  }
  const digest = rtMrDigest(event);
  const content = hashedContent(event);
  if (content !== undefined && equalBytes(await sha384(content.hashed), digest)) {
    return { proven: "data", ...claims, register, digest, data: content.data, name: content.name };
  }
  return { proven: "digest", ...claims, register, digest, ...unverified };
}
