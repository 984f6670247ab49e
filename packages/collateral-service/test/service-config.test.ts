import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseServiceConfig } from "../src/config/parse-service-config.ts";
import { NO_UPSTREAM } from "../src/config/upstream-config.ts";

const HASH = "0a".repeat(64);

describe("the configuration of a service", () => {
  test("may be empty but for what nobody can guess", () => {
    const config = parseServiceConfig("stale: refuse", "/etc/collateral/collateral.yaml");
    assert.deepEqual(config, {
      listen: { host: "127.0.0.1", port: 8081 },
      monitoring: undefined,
      tls: undefined,
      stateFolder: "/etc/collateral/collateral-state",
      database: { kind: "sqlite", file: "/etc/collateral/collateral-state/collateral.db" },
      tokens: {},
      stale: "refuse",
      strict: false,
      upstream: NO_UPSTREAM,
      workers: 1,
      simulatedRootFile: undefined,
      limits: {},
    });
  });

  test("may be the file of Intel's service as it is", () => {
    const text = JSON.stringify({
      HTTPS_PORT: 8081,
      hosts: "0.0.0.0",
      UserTokenHash: HASH,
      AdminTokenHash: "",
      MaxRequestBodySize: "3mb",
      RequestTimeoutSeconds: 20,
      uri: "https://api.trustedservices.intel.com/sgx/certification/v4/",
      ApiKey: "0123",
      proxy: "",
      RefreshSchedule: "0 0 1 * * *",
      CachingFillMode: "REQ",
      LogLevel: "info",
      DB_CONFIG: "sqlite",
      sqlite: { options: { storage: "pckcache.db" } },
    });
    const config = parseServiceConfig(text, "/opt/intel/pccs/config/default.json");
    assert.deepEqual(config.listen, { host: "0.0.0.0", port: 8081 });
    assert.deepEqual(config.tls, {
      key: "/opt/intel/pccs/ssl_key/private.pem",
      certificate: "/opt/intel/pccs/ssl_key/file.crt",
    });
    assert.equal(config.stateFolder, "/opt/intel/pccs/collateral-state");
    const alone = parseServiceConfig(text, "/etc/pccs/default.json");
    assert.equal(alone.tls?.key, "/etc/pccs/ssl_key/private.pem");
    assert.equal(alone.stateFolder, "/etc/pccs/collateral-state");
    assert.deepEqual(config.tokens, { user: HASH, admin: "" });
    const { mode, apiKeys, proxy } = config.upstream;
    assert.deepEqual([mode, apiKeys, proxy], ["REQ", ["0123"], undefined]);
    assert.deepEqual(config.limits, { maximumBody: 3 * 1024 * 1024, requestTimeoutMs: 20_000 });
  });

  const refused: readonly [string, RegExp][] = [
    ["tokens: { admin: password }", /tokens\.admin: is no SHA-512/],
    ["tokens: { root: x }", /tokens\.root: is not a known member/],
    ["stale: serve", /stale: expected one of warn, refuse/],
    ["workers: 0", /workers: expected a whole number/],
    ["limits: { maximumBody: 0 }", /limits\.maximumBody: expected a whole number/],
    ["database: { sqlite: a.db, postgres: 'postgresql://host/db' }", /beside sqlite/],
    ["database: { postgres: 'https://host/db' }", /is no URL/],
    ["tls: { key: a.key }", /tls\.certificate: is missing/],
    ["upstream: { mode: EAGER }", /upstream\.mode: expected one of LAZY, REQ, OFFLINE/],
    [
      "upstream: { mode: LAZY, url: 'http://host/sgx/certification/v4/' }",
      /upstream\.url: the URL of the upstream cannot be used/,
    ],
    [
      "upstream: { mode: LAZY, url: 'https://api.trustedservices.intel.com/sgx/certification/v3/' }",
      /upstream\.url: nothing is fetched by version 3 of the API; use https:\S+\/v4\/: everything is fetched by version 4/,
    ],
    [
      "upstream: { mode: LAZY, url: 'https://api.trustedservices.intel.com/sgx/certification/v5/' }",
      /upstream\.url: nothing is fetched by version 5 of the API; use https:\S+\/v4\/: everything is fetched by version 4/,
    ],
    [
      "HTTPS_PORT: 8081\nuri: 'https://api.trustedservices.intel.com/sgx/certification/v3/'",
      /uri: nothing is fetched by/,
    ],
    ['HTTPS_PORT: 8081\nApiKey: "a key"', /ApiKey: is no subscription key; write/],
    ["upstream: { mode: LAZY, refresh: daily }", /upstream\.refresh: /],
    ["upstream: { mode: LAZY, proxy: 'http://me:secret@proxy:1' }", /upstream\.proxy: is no proxy/],
    ["HTTPS_PORT: 8081\ncolour: red", /colour: is not a known member/],
    ["HTTPS_PORT: 8081\nMaxRequestBodySize: huge", /MaxRequestBodySize: is no size/],
  ];
  for (const [text, message] of refused) {
    test(`is refused: ${text.replaceAll("\n", ", ")}`, () => {
      assert.throws(() => parseServiceConfig(text, "collateral.yaml"), message);
    });
  }
});
