import { encodeHex } from "@sealserve/core";
import type { JsonNode } from "../json/json-node.ts";
import { parseTcbLevelFacts, TCB_LEVELS_MAX, type TcbLevelFacts } from "./tcb-level.ts";
import { PART_TCB_STATUSES, type PartTcbStatus } from "./tcb-status.ts";

/** What a TDX module must be: signer and attributes as its SEAM report has them. */
export interface TdxModuleExpectation {
  /** Lower-case hex, 48 bytes. */
  readonly mrSigner: string;
  /** 8 bytes each. */
  readonly attributes: Uint8Array;
  readonly attributesMask: Uint8Array;
}

/** One TCB level of a TDX module. */
export interface TdxModuleTcbLevel extends TcbLevelFacts<PartTcbStatus> {
  readonly isvSvn: number;
}

/** Identity of the TDX modules of one major version. */
export interface TdxModuleIdentity extends TdxModuleExpectation {
  /** As they stand: newest first. */
  readonly levels: readonly TdxModuleTcbLevel[];
}

/** What TCB info for TDX says about modules. */
export interface TdxModules {
  /** Counts for modules of major version 0. */
  readonly first: TdxModuleExpectation;
  /** By major version, from 1 on. */
  readonly byVersion: ReadonlyMap<number, TdxModuleIdentity>;
}

/** Two hexadecimal digits: version 16 is `TDX_10`. */
const MODULE_ID = /^TDX_([0-9A-F]{2})$/i;
const IDENTITIES_MAX = 256;
const MAX_U8 = 0xff;

/**
 * Reads `tdxModule` and `tdxModuleIdentities` of TCB info (Intel PCS API, "Get TDX TCB info", version 3).
 * @throws AttestationError the code of `document`, `tcb-status-unknown`
 */
export function readTdxModules(document: JsonNode): TdxModules {
  const identities = document.optional("tdxModuleIdentities")?.elements(0, IDENTITIES_MAX) ?? [];
  const byVersion = new Map<number, TdxModuleIdentity>();
  for (const identity of identities) {
    const version = readVersion(identity.member("id"));
    if (byVersion.has(version)) {
      throw identity.refusal(`${identity.path} is a second identity for modules of version ${version}`);
    }
    byVersion.set(version, { ...readExpectation(identity), levels: readLevels(identity) });
  }
  return { first: readExpectation(document.member("tdxModule")), byVersion };
}

function readVersion(id: JsonNode): number {
  const digits = MODULE_ID.exec(id.string(MODULE_ID, "TDX_ and two hexadecimal digits"))?.[1] ?? "";
  return Number.parseInt(digits, 16);
}

function readExpectation(node: JsonNode): TdxModuleExpectation {
  return {
    mrSigner: encodeHex(node.member("mrsigner").hex(48)),
    attributes: node.member("attributes").hex(8),
    attributesMask: node.member("attributesMask").hex(8),
  };
}

function readLevels(identity: JsonNode): TdxModuleTcbLevel[] {
  return identity
    .member("tcbLevels")
    .elements(1, TCB_LEVELS_MAX)
    .map((level) => ({
      isvSvn: level.member("tcb").member("isvsvn").integer(MAX_U8),
      ...parseTcbLevelFacts(level, PART_TCB_STATUSES),
    }));
}
