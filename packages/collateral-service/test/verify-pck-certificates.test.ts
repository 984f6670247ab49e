import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeHex } from "@sealserve/core";
import { createVendor } from "@sealserve/simulator";
import { tcbmOf, verifyPckCertificates } from "../src/verify-pck-certificates.ts";
import { context, documentsOf, fmspc, now, vendor } from "./support/documents.ts";

const [certificate = "", ...issuers] = vendor.pckChainPem.split(/(?<=END CERTIFICATE-----\n)/);
const genuine = { certificates: [certificate], issuerChain: issuers.join("") };
const { pceId } = vendor.machine;
const cpuSvn = encodeHex(Uint8Array.from(vendor.machine.componentSvns)).toUpperCase();

test("the certificates of a platform are stored by the TCB that they stand for", async () => {
  const verified = await verifyPckCertificates(genuine, pceId, context.trust);
  assert.equal(verified.fmspc, fmspc);
  assert.equal(verified.ca, "platform");
  assert.deepEqual(verified.certificates, [{ tcbm: `${cpuSvn}0D00`, pem: certificate }]);
  assert.equal(tcbmOf({ cpuSvn: "0a".repeat(16), pceSvn: 0x010d }), `${"0A".repeat(16)}0D01`);
});

const other = await createVendor({ now });
const [foreign = "", ...foreignIssuers] = other.pckChainPem.split(/(?<=END CERTIFICATE-----\n)/);

const refusals: readonly [string, () => Promise<unknown>, string][] = [
  ["none", () => verifyPckCertificates({ ...genuine, certificates: [] }, pceId, context.trust), "document-malformed"],
  [
    "far too many",
    () => verifyPckCertificates({ ...genuine, certificates: Array(257).fill(certificate) }, pceId, context.trust),
    "document-malformed",
  ],
  [
    "of another root",
    () =>
      verifyPckCertificates({ certificates: [foreign], issuerChain: foreignIssuers.join("") }, pceId, context.trust),
    "root-untrusted",
  ],
  [
    "of another root below the issuers of this one",
    () => verifyPckCertificates({ ...genuine, certificates: [certificate, foreign] }, pceId, context.trust),
    "pck-chain-invalid",
  ],
  ["of another PCEID", () => verifyPckCertificates(genuine, "0001", context.trust), "document-malformed"],
  [
    "expired",
    () => verifyPckCertificates(genuine, pceId, { ...context.trust, clock: { now: new Date("2046-01-01") } }),
    "pck-chain-expired",
  ],
  [
    "of a CA that the root took back",
    async () => {
      const revoked = [vendor.platformCa.certificate.serialNumber];
      const { rootCaCrl } = await documentsOf({ rootCaCrl: { revoked } });
      return verifyPckCertificates(genuine, pceId, { ...context.trust, rootCaCrl: rootCaCrl.body });
    },
    "intermediate-revoked",
  ],
];
for (const [name, verify, code] of refusals) {
  test(`certificates are refused: ${name}`, async () => {
    await assert.rejects(verify(), { code });
  });
}
