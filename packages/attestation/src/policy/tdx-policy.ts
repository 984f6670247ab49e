import type { JsonNode } from "../json/json-node.ts";
import {
  POLICY_LIST_MAX,
  type Register,
  readBits,
  readHexList,
  readMeasuredRegister,
  readMeasurement,
  readMeasurements,
  readMembers,
  readRegister,
} from "./policy-members.ts";

/** One accepted trust domain: registers that belong together, 96 hex digits each. */
export interface TdxImage {
  /** Initial content, such as the virtual firmware. */
  readonly mrTd: string;
  /** By convention firmware configuration, boot loader and kernel, command line and initial file system. */
  readonly rtMr0: Register;
  readonly rtMr1: Register;
  readonly rtMr2: Register;
  /** What the running system extends, by its own convention. */
  readonly rtMr3?: Register;
  readonly mrConfigId?: Register;
  readonly mrOwner?: Register;
  readonly mrOwnerConfig?: Register;
}

/** Which trust domains are the right software, and what they may be. */
export interface TdxPolicy {
  /** Accepted trust domains; registers of different ones never mix. */
  readonly images?: readonly TdxImage[];
  /** Accepted MRSEAM values (TDX modules): 96 hex digits each. Default: whatever the vendor signed. */
  readonly mrSeam?: readonly string[];
  /** Default `require`: without it the host can make the TD handle exceptions at places of its choice. */
  readonly septVeDisable?: "require" | "allow-clear";
  /** Default `refuse`: a migratable TD trusts whoever may move it. */
  readonly migration?: "refuse" | "allow";
  /** Accepted MRSERVICETD values beside zero bytes: 96 hex digits each. */
  readonly mrServiceTd?: readonly string[];
  /** Reserved bits of TDATTRIBUTES (8 to 63) that may be set. The debug group is for `debug` alone to allow. */
  readonly allowedAttributeBits?: readonly number[];
  /** Bits of XFAM that may be set beside those published today. */
  readonly allowedXfamBits?: readonly number[];
}

const REGISTER_LENGTH = 48;
/** Bits 0 to 7 of TDATTRIBUTES make a TD untrusted. */
const FIRST_ATTRIBUTE_BIT = 8;

/** The registers of an image beside MRTD, in the order in which claims about them are made. */
export const TDX_REGISTERS = [
  "rtMr0",
  "rtMr1",
  "rtMr2",
  "rtMr3",
  "mrConfigId",
  "mrOwner",
  "mrOwnerConfig",
] as const satisfies readonly (keyof TdxImage)[];

/** @throws AttestationError `policy-invalid`, `policy-unpinned` for an image that leaves code open without a reason */
export function readTdxPolicy(node: JsonNode): TdxPolicy {
  return readMembers<TdxPolicy>(node, {
    images: (member) => member.elements(1, POLICY_LIST_MAX).map(readImage),
    mrSeam: (member) => readMeasurements(member, REGISTER_LENGTH),
    septVeDisable: (member) => member.oneOf(["require", "allow-clear"]),
    migration: (member) => member.oneOf(["refuse", "allow"]),
    mrServiceTd: (member) => readHexList(member, REGISTER_LENGTH),
    allowedAttributeBits: (member) => readBits(member, FIRST_ATTRIBUTE_BIT),
    allowedXfamBits: (member) => readBits(member, 0),
  });
}

function readImage(node: JsonNode): TdxImage {
  const register = (member: JsonNode): Register => readRegister(member, REGISTER_LENGTH);
  const { mrTd, rtMr0, rtMr1, rtMr2, ...others } = readMembers<TdxImage>(node, {
    mrTd: (member) => readMeasurement(member, REGISTER_LENGTH),
    // Firmware and boot loader always measure something, so that zero bytes are a placeholder there.
    rtMr0: (member) => readMeasuredRegister(member, REGISTER_LENGTH),
    rtMr1: (member) => readMeasuredRegister(member, REGISTER_LENGTH),
    rtMr2: register,
    rtMr3: register,
    mrConfigId: register,
    mrOwner: register,
    mrOwnerConfig: register,
  });
  if (mrTd === undefined || rtMr0 === undefined || rtMr1 === undefined || rtMr2 === undefined) {
    const expected = "mrTd, rtMr0, rtMr1 and rtMr2; one that is left open on purpose as { waived: the reason }";
    const actual = Object.keys(node.value as object).join(", ");
    throw node.refusal(`${node.path} does not pin all of a trust domain's code`, expected, actual, "policy-unpinned");
  }
  return { mrTd, rtMr0, rtMr1, rtMr2, ...others };
}

/** @throws AttestationError `policy-unpinned` */
export function expectPinnedImages(node: JsonNode, { images }: TdxPolicy): void {
  if (images === undefined) {
    throw node.refusal("no software is pinned", "tdx.images", "nothing", "policy-unpinned");
  }
}
