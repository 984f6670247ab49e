// What the clients in use ask for, in their ways of asking, and what each needs of the answer.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { trustedRootFromPem } from "@sealserve/attestation";
import { decodeHex, parseCertificateChainPem, parseCertificateRevocationList } from "@sealserve/core";
import type { HttpsAnswer, HttpsRequest } from "../../../tests/support/https-request.ts";
import { openUpstream } from "../src/open-upstream.ts";
import { upstreamParts } from "../src/server/upstream-parts.ts";
import { INTEL_PCS } from "../src/upstream/pcs-address.ts";
import { asAdmin, asUser, json, startService, type TestService } from "./support/service.ts";
import { encryptedPpid, simulatedPcs } from "./support/simulated-pcs.ts";
import { startUpstream, type UpstreamServer } from "./support/upstream-server.ts";

const SGX = "/sgx/certification/v4";
const TDX = "/tdx/certification/v4";
const FMSPC = "53494D554C38";
const RAW = "cpusvn=0C0C0303FF0100000000000000000000&pcesvn=0D00&pceid=0000";
const QE_ID = "AB".repeat(16);
const ppid = encryptedPpid("01");
const ROOT_LIST = "https://certificates.trustedservices.intel.com/IntelSGXRootCA";
const PCK_LIST = "https://api.trustedservices.intel.com/sgx/certification/v3/pckcrl?ca=platform&encoding=der";
const TOKEN_AND_JSON = { ...asUser, ...json };
/** QCNL keeps a body with its chain in 16 bits. */
const MAXIMUM_LENGTH = 65_535;

type Check = (answer: HttpsAnswer) => void;

/** A chain in this header, decoded as QCNL does: its last escape ends the text, and each certificate ends in a line feed. */
const withChain =
  (name: string): Check =>
  ({ headers, body }) => {
    const encoded = headers[name.toLowerCase()];
    assert.ok(typeof encoded === "string" && encoded.endsWith("%0A"), name);
    const chain = decodeURIComponent(encoded);
    const certificates = parseCertificateChainPem(chain);
    assert.equal(
      certificates.at(-1)?.subject.commonName,
      certificates.at(-1)?.issuer.commonName,
      "the root comes last",
    );
    assert.ok(body.length + chain.length < MAXIMUM_LENGTH);
  };
const ofType =
  (type: string): Check =>
  ({ headers }) =>
    assert.equal(headers["content-type"]?.split(";")[0], type);
const isDer: Check = ({ body }) => void parseCertificateRevocationList(body);
const isHex: Check = ({ body }) => {
  assert.match(body.toString(), /^[0-9a-f]+$/);
  parseCertificateRevocationList(decodeHex(body.toString()));
};
const isSigned =
  (member: string): Check =>
  ({ body }) => {
    assert.ok(body.toString().startsWith(`{"${member}":{`), "as it was signed");
    assert.match(JSON.parse(body.toString()).signature, /^[0-9a-f]{128}$/);
  };
const isPem: Check = ({ body }) => assert.match(body.toString(), /^-----BEGIN CERT[\s\S]*-----END CERTIFICATE-----\n$/);
const has =
  (name: string, value: RegExp): Check =>
  ({ headers }) =>
    assert.match(String(headers[name]), value);
const none: Check = () => undefined;

const TCB = [ofType("application/json"), isSigned("tcbInfo"), withChain("TCB-Info-Issuer-Chain")];
const IDENTITY = [isSigned("enclaveIdentity"), withChain("SGX-Enclave-Identity-Issuer-Chain")];
const DER_LIST = [ofType("application/pkix-crl"), isDer, withChain("SGX-PCK-CRL-Issuer-Chain")];
const HEX_LIST = [isHex, withChain("SGX-PCK-CRL-Issuer-Chain")];
const CERTIFICATE = [
  isPem,
  has("sgx-tcbm", /^[0-9A-F]{36}$/),
  has("sgx-fmspc", /^[0-9A-F]{12}$/),
  has("sgx-pck-certificate-ca-type", /^PLATFORM$/),
  withChain("SGX-PCK-Certificate-Issuer-Chain"),
];
const HEXED_PPID = `encrypted_ppid=${ppid}`;
const REGISTRATION = { pce_id: "0000", qe_id: "CD".repeat(16), platform_manifest: "" };
const registered = (more: object): Partial<HttpsRequest> => ({
  method: "POST",
  headers: TOKEN_AND_JSON,
  body: JSON.stringify({ ...REGISTRATION, ...more }),
});
const RAW_MEMBERS = { enc_ppid: ppid, cpu_svn: "0C0C0303FF0100000000000000000000", pce_svn: "0D00" };

const ASKED: Readonly<
  Record<string, readonly (readonly [path: string, checks: readonly Check[], more?: Partial<HttpsRequest>])[]>
> = {
  "QCNL, API version 3.1": [
    [`${SGX}/pckcert?qeid=${QE_ID}&${HEXED_PPID}&${RAW}`, CERTIFICATE],
    [`${SGX}/pckcert?qeid=${QE_ID}&encrypted_ppid=${"0".repeat(768)}&${RAW}&customParameter=x`, CERTIFICATE],
    [`${SGX}/pckcrl?ca=platform&encoding=der`, DER_LIST],
    [`${SGX}/pckcrl?ca=processor&encoding=der`, DER_LIST],
    [`${SGX}/tcb?fmspc=${FMSPC}&update=standard`, TCB],
    [`${TDX}/tcb?fmspc=${FMSPC}&update=early`, TCB],
    [`${SGX}/qe/identity?update=standard`, IDENTITY],
    [`${TDX}/qe/identity?update=standard`, IDENTITY],
    [`${SGX}/qve/identity?update=standard`, IDENTITY],
    [`${SGX}/crl?uri=${ROOT_LIST}.der`, [ofType("application/pkix-crl"), isDer]],
  ],
  "QCNL, API version 3.0": [
    [`${SGX}/pckcrl?ca=platform`, HEX_LIST],
    [`${SGX}/rootcacrl`, [isHex]],
  ],
  "Gramine and the SGX SDK, through QPL": [
    [`${SGX}/tcb?fmspc=${FMSPC}`, TCB],
    [`${SGX}/qe/identity`, IDENTITY],
  ],
  PCKIDRetrievalTool: [
    [`${SGX}/platforms`, [none], registered(RAW_MEMBERS)],
    [`${SGX}/platforms?update=all`, [none], registered(RAW_MEMBERS)],
    [`${SGX}/platforms`, [none], registered({ platform_manifest: "ABCD" })],
  ],
  "Intel's admin tool": [
    [`${SGX}/platforms?source=reg`, [has("platform-count", /^0$/)], { headers: asAdmin }],
    [`${SGX}/platforms?source=[]`, [has("platform-count", /^\d$/)], { headers: asAdmin }],
    [`${SGX}/refresh?type=certs&fmspc=all`, [none], { method: "POST", headers: asAdmin }],
  ],
  "dcap-qvl": [
    [`${SGX}/pckcrl?ca=platform&encoding=der`, DER_LIST],
    [`${SGX}/tcb?fmspc=${FMSPC}`, TCB],
    [`${SGX}/qe/identity?update=standard`, IDENTITY],
    [`${SGX}/rootcacrl`, [isHex]],
  ],
  "fortanix dcap-artifact-retrieval": [
    [`${SGX}/pckcrl?ca=processor`, HEX_LIST],
    [`${SGX}/tcb?fmspc=${FMSPC}&update=early`, TCB],
    [`${SGX}/tcb?fmspc=${FMSPC}&tcbEvaluationDataNumber=1`, TCB],
    [`${SGX}/qe/identity?tcbEvaluationDataNumber=1`, IDENTITY],
  ],
  "go-tdx-guest": [
    [`${SGX}/pckcrl?ca=platform&encoding=der`, DER_LIST],
    [`${TDX}/tcb?fmspc=${FMSPC.toLowerCase()}`, TCB],
    [`${TDX}/qe/identity`, IDENTITY],
  ],
  "Azure's client": [
    [`${SGX}/pckcrl?uri=${encodeURIComponent(PCK_LIST)}&clientid=c&api-version=2018-10-01-preview`, DER_LIST],
    [`${SGX}/pckcrl?uri=${encodeURIComponent(`${ROOT_LIST}.crl`)}&clientid=c&api-version=2018-10-01-preview`, DER_LIST],
    [`${SGX}/tcb?fmspc=${FMSPC}&clientid=c&api-version=2018-10-01-preview`, TCB, { headers: { metadata: "true" } }],
    [`${SGX}/qe/identity?clientid=c&api-version=2018-10-01-preview`, IDENTITY],
  ],
  "clients at the services of Alibaba and Tencent": [
    [`${SGX}/pckcert?qeid=${QE_ID}&${HEXED_PPID}&${RAW}`, CERTIFICATE],
    [`${SGX}/qve/identity`, IDENTITY],
  ],
};

describe("a service is asked by", () => {
  let upstream: UpstreamServer;
  let service: TestService;

  before(async () => {
    const pcs = await simulatedPcs(new Date());
    await pcs.addPlatform({ ppid });
    await pcs.addPlatform({ ppid: "ABCD" });
    upstream = await startUpstream(pcs.reply);
    const root = await trustedRootFromPem(pcs.vendor.rootPem);
    const now = (): Date => new Date();
    const options = {
      ...upstream.settings,
      mode: "LAZY",
      url: INTEL_PCS,
      root,
      now,
      onFailure: () => undefined,
    } as const;
    service = await startService({ root, fill: async (database) => upstreamParts(openUpstream(options, database)) });
  });
  after(async () => {
    await service.stop();
    await upstream.close();
  });

  for (const [client, rows] of Object.entries(ASKED)) {
    test(client, async () => {
      for (const [path, checks, more = {}] of rows) {
        for (const round of ["fetched", "stored"]) {
          const answer = await service.client.send({ path, ...more });
          assert.equal(answer.status, 200, `${path} ${round}: ${answer.body.toString()}`);
          assert.equal(answer.headers["content-encoding"], undefined);
          for (const check of checks) {
            check(answer);
          }
        }
      }
    });
  }

  test("nobody for a list that is at no place of Intel's", async () => {
    const statuses = [];
    for (const uri of [
      "https://example.com/IntelSGXRootCA.crl",
      "https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl?ca=root",
      "https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl?encoding=der",
    ]) {
      statuses.push((await service.client.send({ path: `${SGX}/pckcrl?uri=${encodeURIComponent(uri)}` })).status);
    }
    assert.deepEqual(statuses, [400, 400, 400]);
  });
});
