import assert from "node:assert/strict";
import { test } from "node:test";
import { AttestationError } from "@sealserve/attestation";
import { BrokerError } from "@sealserve/broker";
import { ClientError } from "@sealserve/client";
import { CollateralError } from "@sealserve/collateral";
import { SealserveError } from "@sealserve/core";
import { EncryptedFilesError } from "@sealserve/encrypted-files";
import { describeFailure } from "../src/failure.ts";
import { Interrupted } from "../src/service/until-signal.ts";

test("exit codes follow the contract", () => {
  for (const [error, exitCode] of [
    [new BrokerError("release-refused", "no"), 10],
    [new EncryptedFilesError("version-too-old", "no"), 10],
    [new EncryptedFilesError("file-digest-mismatch", "no"), 20],
    [new ClientError("chain-not-trusted", "no"), 20],
    [new AttestationError("quote-signature-invalid", "no"), 20],
    [new AttestationError("policy-unpinned", "no"), 2],
    [new CollateralError("pccs-unreachable", "no"), 30],
    [new BrokerError("collateral-unavailable", "no"), 30],
    [new BrokerError("broker-unreachable", "no"), 2],
    [new SealserveError("anything", "no"), 2],
    [new Interrupted("stopped"), 130],
    [new TypeError("a bug"), 1],
  ] as const) {
    assert.equal(describeFailure(error).exitCode, exitCode, `${error.name} ${error.message}`);
  }
});

test("a failure is one line with what was expected, what came and the remedy", () => {
  const error = new SealserveError("code", "thing is wrong\nwith a second line", { remedy: "mend it" });
  assert.equal(describeFailure(error).line, "thing is wrong");
  const facts = new SealserveError("code", "thing is wrong", { expected: "A", actual: "B", remedy: "mend it" });
  assert.equal(describeFailure(facts).line, "thing is wrong (expected A, came B); mend it");
});

test("system errors name the path or the address", () => {
  const missing = Object.assign(new Error("ENOENT"), { code: "ENOENT", path: "/no/such" });
  assert.match(describeFailure(missing).line, /^\/no\/such: no such file/);
  const refused = Object.assign(new Error("x"), { code: "ECONNREFUSED", address: "127.0.0.1", port: 9 });
  assert.match(describeFailure(refused).line, /^127\.0\.0\.1:9: nothing listens there/);
});

test("an error that nobody foresaw is called internal", () => {
  assert.equal(describeFailure(new TypeError("x is not a function")).code, "internal");
  assert.equal(describeFailure("text").code, "internal");
});
