import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ChallengeBook } from "../src/server/challenge-book.ts";

describe("challenge", () => {
  let time = 1_000_000;
  const book = new ChallengeBook({ lifeMs: 60_000, now: () => new Date(time) });

  it("has 32 bytes and is never the same", () => {
    const nonces = Array.from({ length: 50 }, () => Buffer.from(book.issue({})).toString("hex"));
    assert.equal(new Set(nonces).size, 50);
    assert.ok(nonces.every((nonce) => nonce.length === 64));
  });

  it("counts once", () => {
    const connection = {};
    const nonce = book.issue(connection);
    assert.deepEqual(book.take(connection), { state: "valid", nonce });
    assert.deepEqual(book.take(connection), { state: "none" });
  });

  it("counts on its own connection only", () => {
    book.issue({});
    assert.deepEqual(book.take({}), { state: "none" });
  });

  it("is replaced by the next one of the connection", () => {
    const connection = {};
    book.issue(connection);
    const nonce = book.issue(connection);
    assert.deepEqual(book.take(connection), { state: "valid", nonce });
  });

  it("counts for its life and no longer", () => {
    const connection = {};
    book.issue(connection);
    time += 60_000;
    assert.equal(book.take(connection).state, "valid");
    book.issue(connection);
    time += 60_001;
    assert.equal(book.take(connection).state, "expired");
    assert.equal(book.take(connection).state, "none");
  });

  it("is void when the clock went back", () => {
    const connection = {};
    book.issue(connection);
    time -= 1;
    assert.equal(book.take(connection).state, "expired");
  });
});
