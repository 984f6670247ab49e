import assert from "node:assert/strict";
import { test } from "node:test";
import { formatEndpoint, parseEndpoint } from "../src/index.ts";

test("hosts, bracketed IPv6 addresses and bare ports are read", () => {
  assert.deepEqual(parseEndpoint("node.example:8500", "x"), { host: "node.example", port: 8500 });
  assert.deepEqual(parseEndpoint("127.0.0.1:0", "x"), { host: "127.0.0.1", port: 0 });
  assert.deepEqual(parseEndpoint("[::1]:65535", "x"), { host: "::1", port: 65535 });
  assert.deepEqual(parseEndpoint("8500", "127.0.0.1"), { host: "127.0.0.1", port: 8500 });
});

test("everything else is refused", () => {
  for (const text of [
    "",
    ":",
    ":1",
    "host:",
    "host:65536",
    "host:-1",
    "::1:8500",
    "[::1",
    "a b:1",
    "http://a:1",
    "1\n",
  ]) {
    assert.equal(parseEndpoint(text, "x"), undefined, text);
  }
});

test("an endpoint is written as it is read", () => {
  for (const text of ["node.example:8500", "[::1]:1"]) {
    const endpoint = parseEndpoint(text, "x");
    assert.ok(endpoint);
    assert.equal(formatEndpoint(endpoint), text);
  }
});
