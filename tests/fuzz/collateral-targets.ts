// What is fuzzed of the collateral service: the rows of targets.ts for what clients and administrators send to it.
import { encodePem, encodeUtf8 } from "@sealserve/core";
import { parseAmdPath } from "../../packages/collateral-service/src/amd/amd-document.ts";
import { parseBackup } from "../../packages/collateral-service/src/backup/parse-backup.ts";
import { INTEGERS, TABLES } from "../../packages/collateral-service/src/backup/tables.ts";
import { encodeBundle, parseBundle } from "../../packages/collateral-service/src/bundle/bundle-content.ts";
import { Query } from "../../packages/collateral-service/src/http/query.ts";
import { parseBody } from "../../packages/collateral-service/src/http/receive-body.ts";
import { policyId, policyKind } from "../../packages/collateral-service/src/operations/appraisal-policies.ts";
import { readRegistration } from "../../packages/collateral-service/src/operations/register-platform.ts";
import { parseSchedule } from "../../packages/collateral-service/src/refresh/schedule.ts";
import { SCHEMA_VERSION } from "../../packages/collateral-service/src/sql/schema.ts";
import { parseUpload } from "../../packages/collateral-service/src/upload/parse-upload.ts";
import {
  certificatesIn,
  chainIn,
  fmspcsIn,
  revocationListIn,
} from "../../packages/collateral-service/src/upstream/pcs-answer.ts";
import { vendor } from "../../packages/collateral-service/test/support/documents.ts";
import { uploadOf } from "../../packages/collateral-service/test/support/upload.ts";
import { ofBytes, ofText, type Target } from "./target.ts";

const KIB = 1024;
const BODY_MAX_LENGTH = 2 * KIB * KIB;
const JSON_TYPE = "application/json";
const FORM_TYPE = "application/x-www-form-urlencoded";

const upload = JSON.stringify(await uploadOf());
const registration = JSON.stringify({ qe_id: "AB", pce_id: "0000", cpu_svn: "0".repeat(32), pce_svn: "0D00" });
const form = `qe_id=AB&pce_id=0000&platform_manifest=${"0A".repeat(64)}`;
const payload = { policy_array: [{ environment: { class_id: "3123ec35-8d38-4ea5-87a5-d6c48b567570" } }] };
const claims = Buffer.from(JSON.stringify({ policy_payload: JSON.stringify(payload) })).toString("base64url");

const parse = (bytes: Uint8Array, type: string) =>
  parseBody(Buffer.from(bytes), type, { maximum: BODY_MAX_LENGTH, strict: false });

const collateral = await vendor.collateral();
const answer = { status: 200, headers: {}, body: new Uint8Array() };
const listed = [{ tcb: {}, tcbm: "0".repeat(36), cert: encodeURIComponent(collateral.pckCrlIssuerChain) }];
const absent = { tcb: {}, tcbm: "F".repeat(36), cert: "Not available" };

/** What upstream sends, before it is verified. */
const UPSTREAM_TARGETS: readonly Target[] = [
  ofBytes({
    name: "certificatesIn",
    read: (body) => certificatesIn({ ...answer, body }, "upstream"),
    seeds: [encodeUtf8(JSON.stringify([...listed, absent]))],
    maxLength: KIB * KIB,
  }),
  ofBytes({
    name: "fmspcsIn",
    read: (body) => fmspcsIn({ ...answer, body }, "upstream"),
    seeds: [encodeUtf8('[{"fmspc":"00906EA10000","platform":"E3"}]')],
    maxLength: KIB * KIB,
  }),
  ofText({
    name: "chainIn",
    read: (chain) => chainIn({ ...answer, headers: { chain } }, ["chain"], "upstream"),
    seeds: [encodeURIComponent(collateral.pckCrlIssuerChain)],
    maxLength: 16 * KIB,
  }),
  ofBytes({
    name: "revocationListIn",
    read: (body) => revocationListIn(body, "upstream"),
    seeds: [collateral.pckCrl, encodeUtf8(encodePem("X509 CRL", collateral.pckCrl))],
    maxLength: BODY_MAX_LENGTH,
  }),
  ofText({
    name: "parseAmdPath",
    read: (text) => parseAmdPath(text.split("?")[0] ?? "", new URLSearchParams(text.split("?")[1])),
    seeds: [`/vcek/v1/Turin/${"0a".repeat(8)}?fmcSPL=1&blSPL=2&teeSPL=1&snpSPL=4&ucodeSPL=79`, "/vlek/v1/Milan/crl"],
    maxLength: 16 * KIB,
  }),
  ofText({
    name: "parseSchedule",
    read: parseSchedule,
    seeds: ["0 0 1 * * *", "*/20 5-9,12 1/6 29 2 7", "12h"],
    maxLength: KIB,
  }),
];

const policyText = `e30.${claims}.e30`;
const bundle = encodeBundle({
  created: new Date(0),
  documents: [{ key: "root-ca-crl", body: collateral.rootCaCrl, issuerChain: "", fetchedAt: new Date(0) }],
  platforms: [
    {
      qeId: "AB",
      pceId: "0000",
      manifest: "",
      encryptedPpid: "",
      issuerChain: collateral.pckCrlIssuerChain,
      certificates: [vendor.pckChainPem],
      tcbs: [{ cpuSvn: "0".repeat(32), pceSvn: "0D00" }],
    },
  ],
  policies: [{ id: policyId(policyText), fmspc: "0".repeat(12), kind: "SGX", isDefault: true, text: policyText }],
});
const oneRow = Object.entries(TABLES).map(([table, columns]) => [
  table,
  [columns.map((column) => (INTEGERS.has(column) ? 1 : column === "body" ? "AAAA" : "a"))],
]);
const backup = JSON.stringify({ created: "", schema: SCHEMA_VERSION, tables: Object.fromEntries(oneRow) });

/** What administrators bring from elsewhere. */
const FILE_TARGETS: readonly Target[] = [
  ofBytes({ name: "parseBundle", read: parseBundle, seeds: [bundle], maxLength: BODY_MAX_LENGTH }),
  ofBytes({ name: "parseBackup", read: parseBackup, seeds: [encodeUtf8(backup)], maxLength: BODY_MAX_LENGTH }),
];

export const COLLATERAL_TARGETS: readonly Target[] = [
  ofBytes({
    name: "parseUpload",
    read: (bytes) => parseUpload(parse(bytes, JSON_TYPE), 4),
    seeds: [encodeUtf8(upload)],
    maxLength: BODY_MAX_LENGTH,
  }),
  ofBytes({
    name: "readRegistration",
    read: (bytes) => readRegistration(parse(bytes, bytes[0] === 0x7b ? JSON_TYPE : FORM_TYPE)),
    seeds: [encodeUtf8(registration), encodeUtf8(form)],
    maxLength: BODY_MAX_LENGTH,
  }),
  ofText({
    name: "Query",
    read: (text) => new Query(text).get("fmspc"),
    seeds: ["fmspc=00906EA10000&update=early", "fmspc=%zz&fmspc=1&a[x]=1", form],
    maxLength: BODY_MAX_LENGTH,
  }),
  ofText({
    name: "policyKind",
    read: policyKind,
    seeds: [`e30.${claims}.e30`],
    maxLength: BODY_MAX_LENGTH,
  }),
  ...UPSTREAM_TARGETS,
  ...FILE_TARGETS,
];
