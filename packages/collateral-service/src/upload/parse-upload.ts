import type { JsonValue } from "@sealserve/core";
import { form, optional, required } from "../http/parameters.ts";
import { invalid } from "../http/request-error.ts";
import { type JsonObject, listOf, objectOf, optionalText } from "../operations/json-body.ts";
import type { ApiVersion } from "../store/document-key.ts";
import type { PlatformId } from "../store/platforms.ts";
import type { Registration } from "../store/registrations.ts";
import { parseUploadedChains, type UploadedChains } from "./parse-chains.ts";
import { parseUploadedDocuments, type UploadedDocument } from "./parse-documents.ts";

const MAXIMUM_PLATFORMS = 4096;
const MAXIMUM_CERTIFICATES = 256;

/** The PCK certificates of one platform. */
export interface UploadedPlatform extends PlatformId {
  /** PEM. */
  readonly certificates: readonly string[];
}

/** What a file of Intel's admin tool holds. Parsed is not verified. */
export interface Upload {
  /** Members that the file leaves empty are empty. */
  readonly platforms: readonly Registration[];
  readonly certificates: readonly UploadedPlatform[];
  readonly documents: readonly UploadedDocument[];
  readonly chains: UploadedChains;
}

/** @throws RequestError `invalid-request`; `not-proven` when issuer chains end in different roots */
export function parseUpload(body: JsonValue | undefined, version: ApiVersion): Upload {
  const members = objectOf("the body", body);
  const collaterals = objectOf("collaterals", members["collaterals"]);
  if (version === 4 && collaterals["version"] !== 4) {
    throw invalid("collaterals.version is not 4");
  }
  const platforms = listOf("platforms", members["platforms"], MAXIMUM_PLATFORMS).map(parsePlatform);
  const certificates = listOf("pck_certs", collaterals["pck_certs"], MAXIMUM_PLATFORMS).map(parseCertificates);
  const documents = parseUploadedDocuments(collaterals, version);
  const chains = parseUploadedChains(objectOf("certificates", collaterals["certificates"]), version);
  return { platforms, certificates, documents, chains };
}

function parsePlatform(value: JsonValue): Registration {
  const members = objectOf("a platform", value);
  const text = (name: string): string | undefined => optionalText(name, members[name]);
  return {
    ...parseId(members),
    cpuSvn: optional("cpu_svn", text("cpu_svn"), form.cpuSvn) ?? "",
    pceSvn: optional("pce_svn", text("pce_svn"), form.pceSvn) ?? "",
    encryptedPpid: optional("enc_ppid", text("enc_ppid"), form.encryptedPpid) ?? "",
    manifest: optional("platform_manifest", text("platform_manifest"), form.text) ?? "",
  };
}

function parseCertificates(value: JsonValue): UploadedPlatform {
  const members = objectOf("an entry of pck_certs", value);
  const certificates = listOf("certs", members["certs"], MAXIMUM_CERTIFICATES).map((entry) =>
    decodedPem("cert", objectOf("a certificate", entry)["cert"]),
  );
  if (certificates.length === 0) {
    throw invalid("certs is empty");
  }
  return { ...parseId(members), certificates };
}

function parseId(members: JsonObject): PlatformId {
  return {
    qeId: required("qe_id", members["qe_id"], form.qeId),
    pceId: required("pce_id", members["pce_id"], form.pceId),
  };
}

/** PEM that comes percent-encoded. @throws RequestError `invalid-request` */
export function decodedPem(what: string, value: JsonValue | undefined): string {
  try {
    return decodeURIComponent(typeof value === "string" ? value : "%");
  } catch {
    throw invalid(`${what} is no percent-encoded text`);
  }
}
