import { concatBytes, sha384 } from "@sealserve/core";
import { RTMR_DIGEST } from "./digest-algorithm.ts";
import { malformedLog } from "./event-log-error.ts";
import { EV_NO_ACTION, type LogEvent, type MeasurementLog } from "./log-event.ts";

/** The run-time measurement registers of a TD, 48 bytes each. Named as in the TD report. */
export interface RtMrs {
  readonly rtMr0: Uint8Array;
  readonly rtMr1: Uint8Array;
  readonly rtMr2: Uint8Array;
  readonly rtMr3: Uint8Array;
}

/** Names of the registers in the order of their numbers. */
export const RTMR_NAMES = ["rtMr0", "rtMr1", "rtMr2", "rtMr3"] as const satisfies readonly (keyof RtMrs)[];

/** The register that an event extends; none for informative events and for MRTD, which is complete before any log. */
export function extendedRegister({ registerIndex, type }: LogEvent): keyof RtMrs | undefined {
  return type === EV_NO_ACTION ? undefined : RTMR_NAMES[registerIndex - 1];
}

/**
 * The registers to which the events of a log lead, each from 48 zero bytes by SHA-384(register || digest) (Intel TDX module
 * specification, TDG.MR.RTMR.EXTEND). They say nothing before they have been compared with those of a verified quote.
 * @throws AttestationError `event-log-malformed` for an event without a SHA-384 digest
 */
export async function replayEventLog({ events }: MeasurementLog): Promise<RtMrs> {
  const initial = (): Uint8Array => new Uint8Array(RTMR_DIGEST.size);
  const registers = { rtMr0: initial(), rtMr1: initial(), rtMr2: initial(), rtMr3: initial() };
  for (const event of events) {
    const register = extendedRegister(event);
    if (register !== undefined) {
      registers[register] = await sha384(concatBytes(registers[register], rtMrDigest(event)));
    }
  }
  return registers;
}

/** The digest with which an event extends its register. @throws AttestationError `event-log-malformed` */
export function rtMrDigest({ digests, offset }: LogEvent): Uint8Array {
  const digest = digests.get(RTMR_DIGEST.name);
  if (digest?.length !== RTMR_DIGEST.size) {
    throw malformedLog("event has no SHA-384 digest", `${RTMR_DIGEST.size} bytes`, `at offset ${offset}`);
  }
  return digest;
}
