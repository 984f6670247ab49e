import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isIssuerRevoked, isStale } from "../src/errors.ts";

describe("a code", () => {
  it("tells stale endorsements from evidence that is not genuine", () => {
    assert.equal(isStale("crl-expired"), true);
    assert.equal(isStale("tcb-info-not-yet-valid"), true);
    assert.equal(isStale("quote-signature-invalid"), false);
    assert.equal(isStale("pck-revoked"), false);
    assert.equal(isStale("snp-chain-expired"), true);
    assert.equal(isStale("snp-vek-missing"), false);
  });

  it("tells the revocation of an authority from that of one machine", () => {
    assert.equal(isIssuerRevoked("tcb-signer-revoked"), true);
    assert.equal(isIssuerRevoked("snp-ask-revoked"), true);
    assert.equal(isIssuerRevoked("pck-revoked"), false);
    assert.equal(isIssuerRevoked("crl-expired"), false);
  });
});
