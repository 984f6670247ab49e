import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestRate } from "../src/transport/request-rate.ts";

const TOO_MANY = { code: "RESOURCE_EXHAUSTED" };

test("one address sends so many requests in a second, and others are not held up by it", () => {
  let now = 0;
  const rate = new RequestRate({ maxRequestsPerSecondPerAddress: 2 }, () => now);
  const [greedy, other] = [{ remoteAddress: "192.0.2.1" }, { remoteAddress: "192.0.2.2" }];
  rate.admit(greedy);
  rate.admit(greedy);
  assert.throws(() => rate.admit(greedy), TOO_MANY);
  rate.admit(other);
  now = 500;
  rate.admit(greedy);
  assert.throws(() => rate.admit(greedy), TOO_MANY);
  now = 60_000;
  rate.admit(greedy);
  rate.admit(greedy);
  assert.throws(() => rate.admit(greedy), TOO_MANY, "what was not used does not add up");
});

test("connections without an address, as of a Unix socket, count as one", () => {
  const rate = new RequestRate({ maxRequestsPerSecondPerAddress: 1 }, () => 0);
  rate.admit({});
  assert.throws(() => rate.admit(undefined), TOO_MANY);
});

test("high rates are kept as well as low ones", () => {
  let now = 0;
  const rate = new RequestRate({ maxRequestsPerSecondPerAddress: 4000 }, () => now);
  let admitted = 0;
  for (let asked = 0; asked < 20_000; asked++, now += 0.125) {
    try {
      rate.admit({ remoteAddress: "::1" });
      admitted++;
    } catch (error) {
      assert.ok(error instanceof Error);
    }
  }
  // A burst, and what 2499.875 ms let in.
  assert.equal(admitted, 4000 + 9999);
});

test("without a limit everything is admitted", () => {
  const rate = new RequestRate({ maxRequestsPerSecondPerAddress: 0 });
  for (let count = 0; count < 10_000; count++) {
    rate.admit({ remoteAddress: "::1" });
  }
});
