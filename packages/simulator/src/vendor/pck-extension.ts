import {
  decodeHex,
  encodeBoolean,
  encodeEnumerated,
  encodeInteger,
  encodeOctetString,
  encodeOid,
  encodeSequence,
} from "@sealserve/core";
import { cpuSvnOf, type SimulatedMachine } from "./machine.ts";

/** OID of Intel's SGX extension in a PCK certificate. */
export const SGX_EXTENSION_OID = "1.2.840.113741.1.13.1";

/** SGX type "scalable": a multi-socket server without memory integrity. */
const SCALABLE = 1;

/** The SGX extension's value (Intel SGX PCK Certificate and CRL profile, for a Platform CA certificate). */
export function encodeSgxExtension(machine: SimulatedMachine): Uint8Array {
  return encodeSequence(
    field("1", encodeOctetString(decodeHex(machine.ppid, 16))),
    field("2", encodeTcb(machine)),
    field("3", encodeOctetString(decodeHex(machine.pceId, 2))),
    field("4", encodeOctetString(decodeHex(machine.fmspc, 6))),
    field("5", encodeEnumerated(SCALABLE)),
    field("6", encodeOctetString(decodeHex(machine.platformInstanceId, 16))),
    field("7", encodeConfiguration()),
  );
}

function encodeTcb(machine: SimulatedMachine): Uint8Array {
  return encodeSequence(
    ...machine.componentSvns.map((svn, index) => field(`2.${index + 1}`, encodeInteger(svn))),
    field("2.17", encodeInteger(machine.pceSvn)),
    field("2.18", encodeOctetString(decodeHex(cpuSvnOf(machine), 16))),
  );
}

/** Dynamic platform, cached keys, SMT enabled. */
function encodeConfiguration(): Uint8Array {
  return encodeSequence(
    field("7.1", encodeBoolean(false)),
    field("7.2", encodeBoolean(false)),
    field("7.3", encodeBoolean(false)),
  );
}

function field(suffix: string, value: Uint8Array): Uint8Array {
  return encodeSequence(encodeOid(`${SGX_EXTENSION_OID}.${suffix}`), value);
}
