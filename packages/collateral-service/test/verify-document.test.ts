import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeUtf8, encodeUtf8 } from "@sealserve/core";
import { createVendor } from "@sealserve/simulator";
import type { FetchedDocument } from "../src/provider.ts";
import type { DocumentId } from "../src/store/document-key.ts";
import { verifyDocument } from "../src/verify-document.ts";
import {
  context,
  DAY_MS,
  documentsOf,
  fmspc,
  identityId,
  now,
  pckCrlId,
  rootCrlId,
  tcbInfoId,
  vendor,
} from "./support/documents.ts";

const documents = await documentsOf();

async function refused(id: DocumentId, document: FetchedDocument, code: string, under = context): Promise<void> {
  await assert.rejects(verifyDocument(id, document, under), { code });
}

describe("documents that are stored", () => {
  test("a genuine one of each kind is", async () => {
    const { document, marks } = await verifyDocument(tcbInfoId, documents.tcbInfo, context);
    assert.deepEqual(document.body, documents.tcbInfo.body);
    assert.equal(document.evaluationNumber, 1);
    assert.deepEqual([...marks.values()], [BigInt(document.issued.getTime()), 1n]);
    await verifyDocument(identityId, documents.identity, context);
    await verifyDocument(pckCrlId, documents.pckCrl, context);
    await verifyDocument(rootCrlId, documents.rootCaCrl, context);
  });

  test("a list by its URI is the one of the authority that the URI names", async () => {
    const uri = "https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl?ca=platform&encoding=der";
    await verifyDocument({ kind: "crl", uri }, documents.pckCrl, context);
    await refused({ kind: "crl", uri }, documents.rootCaCrl, "pck-crl-issuer-mismatch");
    const root = { kind: "crl", uri: "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der" } as const;
    await verifyDocument(root, documents.rootCaCrl, context);
    await refused(root, documents.pckCrl, "root-crl-issuer-mismatch");
  });

  test("a TCB info of version 2 is one of API version 3, and of no other", async () => {
    const { tcbInfo } = await documentsOf({ tcbInfoVersion: 2 });
    await verifyDocument({ ...tcbInfoId, version: 3 } as DocumentId, tcbInfo, context);
    await refused(tcbInfoId, tcbInfo, "document-malformed");
  });
});

describe("documents that are refused", () => {
  const text = (document: FetchedDocument, change: (body: string) => string): FetchedDocument => ({
    ...document,
    body: encodeUtf8(change(decodeUtf8(document.body))),
  });

  test("unsigned, or signed over another text", async () => {
    const zeros = (body: string): string => body.replace(/[0-9a-f]{128}/, "00".repeat(64));
    await refused(tcbInfoId, text(documents.tcbInfo, zeros), "tcb-info-signature-invalid");
    await refused(identityId, text(documents.identity, zeros), "qe-identity-signature-invalid");
    const spaced = text(documents.tcbInfo, (body) => body.replace('"version":3', '"version": 3'));
    await refused(tcbInfoId, spaced, "tcb-info-signature-invalid");
    const none = text(documents.tcbInfo, (body) => body.replace(/,"signature":"[^"]*"/, ""));
    await refused(tcbInfoId, none, "document-malformed");
  });

  test("no document at all", async () => {
    const bodies = ["", "{}", "[]", "null", "\u{feff}{}", '{"tcbInfo":{},"tcbInfo":{},"signature":"00"}'];
    for (const body of bodies) {
      await refused(tcbInfoId, { ...documents.tcbInfo, body: encodeUtf8(body) }, "document-malformed");
    }
    await refused(pckCrlId, { ...documents.pckCrl, body: encodeUtf8("3082") }, "pck-crl-malformed");
  });

  test("under another root", async () => {
    const other = await documentsOf({}, await createVendor({ now }));
    await refused(tcbInfoId, other.tcbInfo, "root-untrusted");
    await refused(identityId, other.identity, "root-untrusted");
    await refused(pckCrlId, other.pckCrl, "root-untrusted");
    await refused(rootCrlId, other.rootCaCrl, "root-untrusted");
  });

  test("with the chain of another document", async () => {
    const swapped = { ...documents.tcbInfo, issuerChain: documents.pckCrl.issuerChain };
    await refused(tcbInfoId, swapped, "tcb-info-issuer-chain-invalid");
    await refused(tcbInfoId, { ...swapped, issuerChain: "" }, "tcb-info-issuer-chain-malformed");
  });

  test("expired, or from the future", async () => {
    const at = (days: number): typeof context => ({
      ...context,
      trust: { ...context.trust, clock: { now: new Date(now.getTime() + days * DAY_MS) } },
    });
    await refused(tcbInfoId, documents.tcbInfo, "tcb-info-expired", at(60));
    await refused(identityId, documents.identity, "qe-identity-expired", at(60));
    await refused(pckCrlId, documents.pckCrl, "crl-expired", at(60));
    await refused(rootCrlId, documents.rootCaCrl, "crl-expired", at(60));
    await refused(tcbInfoId, documents.tcbInfo, "tcb-info-not-yet-valid", at(-60));
  });

  test("about something else than was asked for", async () => {
    await refused({ ...tcbInfoId, fmspc: "FFFFFFFFFFFF" } as DocumentId, documents.tcbInfo, "document-malformed");
    await refused({ ...tcbInfoId, tee: "tdx", fmspc } as DocumentId, documents.tcbInfo, "document-malformed");
    await refused({ ...identityId, identity: "QVE" } as DocumentId, documents.identity, "qe-identity-tee-mismatch");
    await refused({ kind: "pck-crl", ca: "processor" }, documents.pckCrl, "document-malformed");
    await refused(identityId, documents.tcbInfo, "document-malformed");
  });

  test("of an issuer that the root took back", async () => {
    const { rootCaCrl } = await documentsOf({
      rootCaCrl: {
        revoked: [vendor.tcbSigning.certificate.serialNumber, vendor.platformCa.certificate.serialNumber],
      },
    });
    const knowing = { ...context, trust: { ...context.trust, rootCaCrl: rootCaCrl.body } };
    await refused(tcbInfoId, documents.tcbInfo, "tcb-signer-revoked", knowing);
    await refused(identityId, documents.identity, "tcb-signer-revoked", knowing);
    await refused(pckCrlId, documents.pckCrl, "intermediate-revoked", knowing);
  });
});
