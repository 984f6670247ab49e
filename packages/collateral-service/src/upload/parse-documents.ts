import { decodeHex, encodeUtf8, type JsonValue, undefinedIfMalformed } from "@sealserve/core";
import { form, required } from "../http/parameters.ts";
import { invalid } from "../http/request-error.ts";
import { type JsonObject, listOf, objectOf, optionalText } from "../operations/json-body.ts";
import type { ApiVersion, DocumentId, IdentityKind, Update } from "../store/document-key.ts";

/** A document of an upload, without the chain that vouches for it. */
export interface UploadedDocument {
  readonly id: DocumentId;
  readonly body: Uint8Array;
}

const MAXIMUM_TCB_INFOS = 1024;
const UPDATES: readonly (readonly [suffix: string, update: Update])[] = [
  ["", "standard"],
  ["_early", "early"],
];
const IDENTITIES: readonly (readonly [member: string, identity: IdentityKind])[] = [
  ["qeidentity", "QE"],
  ["qveidentity", "QVE"],
  ["tdqeidentity", "TDQE"],
];

/** Members of an entry of `tcbinfos`, by the version of the API. */
const TCB_INFOS: Readonly<Record<ApiVersion, readonly (readonly [member: string, tee: "sgx" | "tdx"])[]>> = {
  3: [["tcbinfo", "sgx"]],
  4: [
    ["sgx_tcbinfo", "sgx"],
    ["tdx_tcbinfo", "tdx"],
  ],
};

/** The documents of an upload: revocation lists first. @throws RequestError `invalid-request` */
export function parseUploadedDocuments(collaterals: JsonObject, version: ApiVersion): UploadedDocument[] {
  const infos = listOf("tcbinfos", collaterals["tcbinfos"], MAXIMUM_TCB_INFOS);
  return [
    ...parseRootLists(collaterals),
    ...parsePckLists(collaterals),
    ...infos.flatMap((entry) => parseTcbInfos(objectOf("an entry of tcbinfos", entry), version)),
    ...parseIdentities(collaterals, version),
  ];
}

/** The root's list, also under the URI that it came from. */
function parseRootLists(collaterals: JsonObject): UploadedDocument[] {
  const body = hexOf("rootcacrl", collaterals["rootcacrl"]);
  const uri = optionalText("rootcacrl_cdp", collaterals["rootcacrl_cdp"]);
  if (body === undefined) {
    return [];
  }
  const named: UploadedDocument[] =
    uri === undefined ? [] : [{ id: { kind: "crl", uri: required("rootcacrl_cdp", uri, form.crlUri) }, body }];
  return [{ id: { kind: "root-ca-crl" }, body }, ...named];
}

function parsePckLists(collaterals: JsonObject): UploadedDocument[] {
  const lists = collaterals["pckcacrl"] === undefined ? {} : objectOf("pckcacrl", collaterals["pckcacrl"]);
  return (["processor", "platform"] as const).flatMap((ca): UploadedDocument[] => {
    const body = hexOf(`${ca}Crl`, lists[`${ca}Crl`]);
    return body === undefined ? [] : [{ id: { kind: "pck-crl", ca }, body }];
  });
}

/** TCB infos come as objects; their signatures are over the text without spaces that they had upstream. */
function parseTcbInfos(entry: JsonObject, version: ApiVersion): UploadedDocument[] {
  const fmspc = required("fmspc", entry["fmspc"], form.fmspc);
  return TCB_INFOS[version].flatMap(([member, tee]) =>
    UPDATES.flatMap(([suffix, update]): UploadedDocument[] => {
      const value = entry[`${member}${suffix}`];
      const id = { kind: "tcb-info", tee, fmspc, version, update } as const;
      return value === undefined || value === ""
        ? []
        : [{ id, body: encodeUtf8(JSON.stringify(objectOf(member, value))) }];
    }),
  );
}

function parseIdentities(collaterals: JsonObject, version: ApiVersion): UploadedDocument[] {
  return IDENTITIES.flatMap(([member, identity]) =>
    UPDATES.flatMap(([suffix, update]): UploadedDocument[] => {
      const text = optionalText(member, collaterals[`${member}${suffix}`]);
      const id = { kind: "identity", identity, version, update } as const;
      return text === undefined ? [] : [{ id, body: encodeUtf8(text) }];
    }),
  );
}

function hexOf(what: string, value: JsonValue | undefined): Uint8Array | undefined {
  const text = optionalText(what, value);
  if (text === undefined) {
    return undefined;
  }
  return undefinedIfMalformed(() => decodeHex(text)) ?? refuse(what);
}

function refuse(what: string): never {
  throw invalid(`${what} is no hex`);
}
