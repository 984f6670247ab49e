import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSecureContext } from "node:tls";
import { parseRaTlsCertificate } from "../src/certificate/parse.ts";
import { RaTlsIdentity, type RaTlsIdentityOptions } from "../src/peer/identity.ts";
import { sampleQuote } from "./sample-certificate.ts";

const MINUTE = 60_000;

/** An identity with a clock of its own, that counts what it asks of the platform. */
function identityAt(options: Partial<RaTlsIdentityOptions> = {}) {
  const state = { now: new Date("2026-11-01T12:00:00Z").getTime(), quotes: 0, failing: false };
  const identity = new RaTlsIdentity({
    quote: async (reportData) => {
      state.quotes++;
      if (state.failing) {
        throw new Error("platform is busy");
      }
      return sampleQuote(reportData);
    },
    now: () => new Date(state.now),
    lifetimeMs: 10 * MINUTE,
    ...options,
  });
  return { identity, state };
}

describe("identity of a process", () => {
  it("is material for a TLS context, with the time that its evidence was asked for", async () => {
    const { identity, state } = identityAt();
    const { certificateDer, certificatePem: cert, privateKeyPem: key } = await identity.current();
    createSecureContext({ cert, key });
    const { issuedAt, publicKeyInfo } = await parseRaTlsCertificate(certificateDer);
    assert.equal(issuedAt?.getTime(), state.now);
    assert.ok(identity.owns(publicKeyInfo));
  });

  it("is of any generation", async () => {
    const { identity } = identityAt({ generation: "1.4", key: "P-256" });
    const { form, keyKind, issuedAt } = await parseRaTlsCertificate((await identity.current()).certificateDer);
    assert.deepEqual([form, keyKind, issuedAt], ["legacy", "P-256", undefined]);
  });

  it("is as Gramine's, without a time, when told to", async () => {
    const { identity } = identityAt({ dated: false });
    const { form, issuedAt } = await parseRaTlsCertificate((await identity.current()).certificateDer);
    assert.deepEqual([form, issuedAt], ["tagged", undefined]);
  });

  it("keeps its key for half of the lifetime, for all who ask", async () => {
    const { identity, state } = identityAt();
    const [first, second] = await Promise.all([identity.current(), identity.current()]);
    state.now += 5 * MINUTE - 1;
    assert.equal(await identity.current(), first);
    assert.equal(second, first);
    assert.equal(state.quotes, 2);
  });

  it("makes a new key from half of the lifetime on, and serves with the old one meanwhile", async () => {
    const { identity, state } = identityAt();
    const first = await identity.current();
    state.now += 5 * MINUTE;
    assert.equal(await identity.current(), first);
    await until(() => state.quotes === 4);
    const renewed = await untilOther(identity, first);
    assert.notEqual(renewed.privateKeyPem, first.privateKeyPem);
    const { publicKeyInfo } = await parseRaTlsCertificate(first.certificateDer);
    assert.ok(identity.owns(publicKeyInfo), "an old key is still its own");
  });

  it("never presents evidence beyond its lifetime", async () => {
    const { identity, state } = identityAt();
    const first = await identity.current();
    state.now += 10 * MINUTE;
    assert.notEqual(await identity.current(), first);
    state.failing = true;
    state.now += 10 * MINUTE;
    await assert.rejects(identity.current(), /busy/);
  });

  it("makes a new key when the clock went back", async () => {
    const { identity, state } = identityAt();
    const first = await identity.current();
    state.now -= 1000;
    assert.notEqual(await identity.current(), first);
  });

  it("makes a new key when the clock tells no time", async () => {
    const { identity, state } = identityAt({ dated: false });
    const first = await identity.current();
    state.now = Number.NaN;
    assert.notEqual(await identity.current(), first);
  });

  it("serves on while a renewal fails, and tells", async () => {
    const failures: unknown[] = [];
    const { identity, state } = identityAt({ onRenewalFailure: (error) => failures.push(error) });
    const first = await identity.current();
    state.failing = true;
    state.now += 9 * MINUTE;
    assert.equal(await identity.current(), first);
    await until(() => failures.length === 1);
    state.failing = false;
    state.now += 10_000;
    assert.equal(await identity.current(), first);
    await untilOther(identity, first);
  });

  it("leaves the platform alone for 10 seconds after a failed renewal", async () => {
    const failures: unknown[] = [];
    const { identity, state } = identityAt({ onRenewalFailure: (error) => failures.push(error) });
    await identity.current();
    state.failing = true;
    state.now += 6 * MINUTE;
    await Promise.all([identity.current(), identity.current()]);
    await until(() => failures.length > 0);
    const asked = state.quotes;
    state.now += 9999;
    await identity.current();
    await nextTurn();
    assert.deepEqual([state.quotes, failures.length], [asked, 1]);
    state.now += 1;
    await identity.current();
    await until(() => failures.length === 2);
  });

  it("shares a failure for a second when there is nothing to serve with", async () => {
    const { identity, state } = identityAt();
    state.failing = true;
    await assert.rejects(identity.current(), /busy/);
    const asked = state.quotes;
    state.now += 999;
    await assert.rejects(identity.current(), /busy/);
    assert.equal(state.quotes, asked);
    state.failing = false;
    state.now += 1;
    await identity.current();
  });

  it("asks again when the clock went back behind a failure", async () => {
    const { identity, state } = identityAt();
    state.failing = true;
    await assert.rejects(identity.current(), /busy/);
    state.failing = false;
    state.now -= 1000;
    await identity.current();
  });

  for (const lifetimeMs of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
    it(`has no lifetime of ${lifetimeMs}`, () => {
      assert.throws(() => identityAt({ lifetimeMs }), { code: "bad-lifetime" });
    });
  }

  it("makes a new key for every connection when told to", async () => {
    const { identity } = identityAt({ lifetimeMs: 0 });
    const [first, second] = await Promise.all([identity.current(), identity.current()]);
    assert.notEqual(first.privateKeyPem, second.privateKeyPem);
  });

  it("does not take another's key for its own", async () => {
    const { identity } = identityAt();
    const { identity: other } = identityAt();
    const { publicKeyInfo } = await parseRaTlsCertificate((await other.current()).certificateDer);
    assert.equal(identity.owns(publicKeyInfo), false);
  });
});

/** After all that was waiting already. */
async function nextTurn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20));
}

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 200 && !condition(); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.ok(condition());
}

async function untilOther(identity: RaTlsIdentity, first: object) {
  for (let turn = 0; turn < 200; turn++) {
    const current = await identity.current();
    if (current !== first) {
      return current;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error("was not renewed");
}
