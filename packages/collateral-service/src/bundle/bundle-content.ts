import {
  CoreError,
  decodeBase64,
  decodeUtf8,
  encodeBase64,
  encodeUtf8,
  type JsonValue,
  parseStrictJson,
} from "@sealserve/core";
import { form, optional, required } from "../http/parameters.ts";
import { RequestError } from "../http/request-error.ts";
import { policyId, policyKind } from "../operations/appraisal-policies.ts";
import type { AppraisalPolicy } from "../store/appraisal-policies.ts";
import type { StoredDocument } from "../store/documents.ts";
import type { PlatformId, RawTcb } from "../store/platforms.ts";
import { BundleError } from "./bundle-error.ts";

/** A document as it travels: everything else about it shows when it is verified. */
export type BundledDocument = Pick<StoredDocument, "key" | "body" | "issuerChain" | "fetchedAt">;

/** A platform with its certificates and the raw TCBs that were asked for. */
export interface BundledPlatform extends PlatformId {
  readonly manifest: string;
  readonly encryptedPpid: string;
  readonly issuerChain: string;
  /** PEM. */
  readonly certificates: readonly string[];
  readonly tcbs: readonly RawTcb[];
}

/** What a bundle carries to a host without a network. */
export interface BundleContent {
  readonly created: Date;
  readonly documents: readonly BundledDocument[];
  readonly platforms: readonly BundledPlatform[];
  readonly policies: readonly AppraisalPolicy[];
}

const PLATFORM_MEMBERS = ["qeId", "pceId", "manifest", "encryptedPpid", "issuerChain", "certificates", "tcbs"];

/** Longest payload, bytes. */
export const MAX_BUNDLE_BYTES = 256 * 1024 * 1024;
const LIMITS = { maxLength: MAX_BUNDLE_BYTES, maxValues: 16_000_000 };

/** The payload of a bundle: JSON. */
export function encodeBundle({ created, documents, platforms, policies }: BundleContent): Uint8Array {
  return encodeUtf8(
    JSON.stringify({
      created: created.toISOString(),
      documents: documents.map(({ key, body, issuerChain, fetchedAt }) => ({
        key,
        body: encodeBase64(body),
        issuerChain,
        fetchedAt: fetchedAt.toISOString(),
      })),
      platforms,
      policies,
    }),
  );
}

/** Reads a payload whose signature was checked. @throws BundleError `bundle-malformed` */
export function parseBundle(payload: Uint8Array): BundleContent {
  try {
    const bundle = objectIn(parseStrictJson(decodeUtf8(payload), LIMITS), [
      "created",
      "documents",
      "platforms",
      "policies",
    ]);
    return {
      created: timeIn(bundle["created"]),
      documents: listIn(bundle["documents"]).map(readDocument),
      platforms: listIn(bundle["platforms"]).map(readPlatform),
      policies: listIn(bundle["policies"]).map(readPolicy),
    };
  } catch (cause) {
    if (cause instanceof CoreError || cause instanceof RequestError) {
      throw malformed(cause.message);
    }
    throw cause;
  }
}

function readDocument(value: JsonValue): BundledDocument {
  const document = objectIn(value, ["key", "body", "issuerChain", "fetchedAt"]);
  return {
    key: textIn(document["key"]),
    body: decodeBase64(textIn(document["body"])),
    issuerChain: textIn(document["issuerChain"]),
    fetchedAt: timeIn(document["fetchedAt"]),
  };
}

function readPlatform(value: JsonValue): BundledPlatform {
  const platform = objectIn(value, PLATFORM_MEMBERS);
  return {
    qeId: required("qeId", platform["qeId"], form.qeId),
    pceId: required("pceId", platform["pceId"], form.pceId),
    manifest: required("manifest", platform["manifest"], form.text),
    encryptedPpid: optional("encryptedPpid", platform["encryptedPpid"] || undefined, form.encryptedPpid) ?? "",
    issuerChain: textIn(platform["issuerChain"]),
    certificates: listIn(platform["certificates"]).map(textIn),
    tcbs: listIn(platform["tcbs"]).map((tcb) => {
      const { cpuSvn, pceSvn } = objectIn(tcb, ["cpuSvn", "pceSvn"]);
      return { cpuSvn: required("cpuSvn", cpuSvn, form.cpuSvn), pceSvn: required("pceSvn", pceSvn, form.pceSvn) };
    }),
  };
}

/** As if it had been put by itself: its id is its digest, and its kind that of its content. */
function readPolicy(value: JsonValue): AppraisalPolicy {
  const policy = objectIn(value, ["id", "fmspc", "kind", "isDefault", "text"]);
  const text = required("text", policy["text"], form.text);
  const { id, isDefault } = policy;
  const kind = policyKind(text);
  if (id !== policyId(text) || policy["kind"] !== kind || typeof isDefault !== "boolean") {
    throw malformed("it has a policy that is another one than it says");
  }
  return { id, fmspc: required("fmspc", policy["fmspc"], form.fmspc), kind, isDefault, text };
}

function objectIn(value: JsonValue | undefined, members: readonly string[]): { [name: string]: JsonValue } {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw malformed("it has something else where an object belongs");
  }
  const names = Object.keys(value);
  if (names.length !== members.length || !members.every((member) => member in value)) {
    throw malformed(`it has an object with other members than ${members.join(", ")}`);
  }
  return value;
}

function listIn(value: JsonValue | undefined): JsonValue[] {
  if (!Array.isArray(value)) {
    throw malformed("it has something else where a list belongs");
  }
  return value;
}

function textIn(value: JsonValue | undefined): string {
  if (typeof value !== "string") {
    throw malformed("it has something else where a text belongs");
  }
  return value;
}

function timeIn(value: JsonValue | undefined): Date {
  const time = new Date(textIn(value));
  if (Number.isNaN(time.getTime())) {
    throw malformed("it has a time that is none");
  }
  return time;
}

function malformed(fault: string): BundleError {
  return new BundleError("bundle-malformed", `the bundle cannot be read: ${fault}`);
}
