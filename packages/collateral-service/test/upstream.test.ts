import assert from "node:assert/strict";
import { afterEach, before, beforeEach, describe, test } from "node:test";
import { ProviderError } from "../src/provider.ts";
import type { DocumentId } from "../src/store/document-key.ts";
import { parsePcsAddress } from "../src/upstream/pcs-address.ts";
import { openProvider, type TestProvider } from "./support/filling.ts";
import { encryptedPpid, type SimulatedPcs, simulatedPcs } from "./support/simulated-pcs.ts";
import { startUpstream, type UpstreamReply, type UpstreamServer } from "./support/upstream-server.ts";

const now = new Date();
const QE: DocumentId = { kind: "identity", identity: "QE", version: 4, update: "standard" };
const ppid = encryptedPpid("01");
const CHAIN = "SGX-Enclave-Identity-Issuer-Chain";

/** A proper answer with other headers (undefined leaves one out) or another body. */
function changed(headers: Readonly<Record<string, string | undefined>>, body?: string): Change {
  return (proper) => {
    assert.ok(typeof proper !== "string");
    const merged = Object.entries({ ...proper.headers, ...headers }).filter(([, value]) => value !== undefined);
    return { ...proper, headers: Object.fromEntries(merged) as Record<string, string>, body: body ?? proper.body };
  };
}

/** Certificates that are proper, but more than any chain has. */
function lengthened(proper: UpstreamReply): UpstreamReply {
  const chain = typeof proper === "string" ? "" : (proper.headers[CHAIN] ?? "");
  return changed({ [CHAIN]: chain.repeat(Math.ceil((17 * 1024) / chain.length)) })(proper);
}

type Change = (proper: UpstreamReply) => UpstreamReply;

describe("Intel's service", () => {
  let pcs: SimulatedPcs;
  let upstream: UpstreamServer;
  let opened: TestProvider[] = [];

  const open = (options: Parameters<typeof openProvider>[1] = {}): TestProvider["provider"] => {
    const provider = openProvider(upstream, options);
    opened.push(provider);
    return provider.provider;
  };
  const asked = (): string[] => upstream.seen.map(({ method, host, path }) => `${method} ${host}${path}`);

  before(async () => {
    pcs = await simulatedPcs(now);
    await pcs.addPlatform({ ppid, notAvailable: 2 });
  });
  beforeEach(async () => {
    upstream = await startUpstream(pcs.reply);
    opened = [];
  });
  afterEach(async () => {
    for (const { exchange } of opened) {
      exchange.close();
    }
    await upstream.close();
  });

  for (const [id, path] of [
    [
      { kind: "tcb-info", tee: "sgx", fmspc: "53494D554C38", version: 4, update: "early" },
      "/sgx/certification/v4/tcb?fmspc=53494D554C38&update=early",
    ],
    [
      { kind: "tcb-info", tee: "tdx", fmspc: "53494D554C38", version: 4, update: "standard" },
      "/tdx/certification/v4/tcb?fmspc=53494D554C38&update=standard",
    ],
    [QE, "/sgx/certification/v4/qe/identity?update=standard"],
    [{ ...QE, identity: "QVE" }, "/sgx/certification/v4/qve/identity?update=standard"],
    [{ ...QE, identity: "TDQE", update: "early" }, "/tdx/certification/v4/qe/identity?update=early"],
    [{ kind: "pck-crl", ca: "processor" }, "/sgx/certification/v4/pckcrl?ca=processor&encoding=der"],
  ] as readonly (readonly [DocumentId, string])[]) {
    test(`is asked for ${path} without a key`, async () => {
      const fetched = await open().fetchDocument(id);
      assert.deepEqual(asked(), [`GET api.trustedservices.intel.com${path}`]);
      assert.equal(upstream.seen[0]?.headers["ocp-apim-subscription-key"], undefined);
      assert.match(fetched.issuerChain, /^-----BEGIN CERTIFICATE-----\n/);
      assert.ok(fetched.body.length > 100);
    });
  }

  test("names the root whose list is then fetched from its distribution point", async () => {
    const { body } = await open().fetchDocument({ kind: "root-ca-crl" });
    assert.deepEqual(asked(), [
      "GET api.trustedservices.intel.com/sgx/certification/v4/qe/identity?update=standard",
      "GET certificates.trustedservices.intel.com/IntelSGXRootCA.der",
    ]);
    assert.equal(body[0], 0x30);
  });

  test("gives all certificates of a platform by its encrypted PPID, to who has a key", async () => {
    const { certificates, notAvailable } = await open().fetchPckCertificates({ pceId: "0000", encryptedPpid: ppid });
    assert.deepEqual([certificates.length, notAvailable], [1, 2]);
    const [request] = upstream.seen;
    assert.equal(request?.path, `/sgx/certification/v4/pckcerts?encrypted_ppid=${ppid}&pceid=0000`);
    assert.equal(request?.headers["ocp-apim-subscription-key"], "0123456789abcdef0123456789abcdef");
  });

  test("gets a manifest in the body of a POST", async () => {
    await pcs.addPlatform({ ppid: "ABCD" });
    await open().fetchPckCertificates({ pceId: "0000", manifest: "ABCD" });
    const [request] = upstream.seen;
    assert.deepEqual(
      [request?.method, request?.path, request?.headers["content-type"], request?.body],
      ["POST", "/sgx/certification/v4/pckcerts", "application/json", '{"platformManifest":"ABCD","pceid":"0000"}'],
    );
  });

  test("is asked with the second key when it refuses the first", async () => {
    upstream.reply = (request) =>
      request.headers["ocp-apim-subscription-key"] === "second"
        ? pcs.reply(request)
        : { status: 401, headers: {}, body: "" };
    await open({ apiKeys: ["first", "second"] }).fetchPckCertificates({ pceId: "0000", encryptedPpid: ppid });
    assert.equal(upstream.seen.length, 2);
  });

  const failures: readonly (readonly [string, Change | UpstreamReply, string, number])[] = [
    ["does not know the document", { status: 404, headers: {}, body: "" }, "not-found", 1],
    ["calls the request bad", { status: 400, headers: {}, body: "" }, "not-found", 1],
    ["does not accept the caller", { status: 403, headers: {}, body: "" }, "unavailable", 1],
    ["is out of order", { status: 503, headers: {}, body: "" }, "retry-later", 2],
    ["fails inside", { status: 500, headers: {}, body: "" }, "retry-later", 2],
    ["breaks off", "reset", "unavailable", 2],
    ["hangs", "hang", "unavailable", 2],
    ["sends elsewhere", { status: 302, headers: { Location: "https://attacker.invalid/" }, body: "" }, "garbage", 1],
    ["has no body for the answer", { status: 204, headers: {}, body: "" }, "garbage", 1],
    ["sends another type", changed({ "Content-Type": "text/html" }), "garbage", 1],
    ["sends no type", changed({ "Content-Type": "" }), "garbage", 1],
    ["sends compressed bytes", changed({ "Content-Encoding": "gzip" }), "garbage", 1],
    ["sends no chain", changed({ [CHAIN]: undefined }), "garbage", 1],
    ["sends a chain that is none", changed({ [CHAIN]: "no%20chain" }), "garbage", 1],
    ["sends a chain in a bad encoding", changed({ [CHAIN]: "%zz" }), "garbage", 1],
    ["sends a chain without end", lengthened, "garbage", 1],
    ["sends more than is read", changed({}, "x".repeat(200_000)), "garbage", 1],
  ];
  for (const [what, reply, code, requests] of failures) {
    test(`that ${what} is told as ${code}`, async () => {
      upstream.reply = async (request) => (typeof reply === "function" ? reply(await pcs.reply(request)) : reply);
      const provider = open({ timeoutMs: 300, maxBodyBytes: 100_000 });
      await assert.rejects(provider.fetchDocument(QE), (error: unknown) => {
        assert.ok(error instanceof ProviderError && error.code === code, String(error));
        return true;
      });
      assert.equal(upstream.seen.length, requests);
    });
  }

  for (const [what, body] of [
    ["no list", "{}"],
    ["an entry without a TCB", '[{"cert":"Not available"}]'],
    ["an entry twice named", '[{"tcbm":"1","tcbm":"2","cert":""}]'],
    ["no JSON", "["],
  ] as const) {
    test(`that answers with ${what} for certificates is told as garbage`, async () => {
      upstream.reply = async (request) => {
        const proper = await pcs.reply(request);
        return typeof proper === "string" ? proper : { ...proper, body };
      };
      await assert.rejects(open().fetchPckCertificates({ pceId: "0000", encryptedPpid: ppid }), { code: "garbage" });
    });
  }

  test("that comes back after a failure is asked again", async () => {
    let count = 0;
    upstream.reply = (request) => (++count < 3 ? "reset" : pcs.reply(request));
    await open({ rules: { attempts: 4, firstPauseMs: 1 } }).fetchDocument(QE);
    assert.equal(count, 3);
  });

  test("that asks for a pause longer than a client's patience is left alone, and the client is told for how long", async () => {
    upstream.reply = () => ({ status: 429, headers: { "Retry-After": "30" }, body: "" });
    const provider = open();
    const later = (error: unknown): boolean => {
      assert.ok(error instanceof ProviderError && error.code === "retry-later", String(error));
      assert.ok((error.retryAfterSeconds ?? 0) > 25 && (error.retryAfterSeconds ?? 0) <= 30);
      return true;
    };
    await assert.rejects(provider.fetchDocument(QE), later);
    await assert.rejects(provider.fetchDocument(QE), later);
    assert.equal(upstream.seen.length, 1);
  });

  test("is trusted by the roots of the settings alone", async () => {
    const provider = open({ tlsRoots: pcs.vendor.rootPem });
    await assert.rejects(provider.fetchDocument(QE), { code: "unavailable" });
    assert.equal(upstream.seen.length, 0);
  });

  test("has no documents of another API version", async () => {
    await assert.rejects(open().fetchDocument({ ...QE, version: 3 }), { code: "not-found" });
    assert.equal(upstream.seen.length, 0);
  });
});

for (const url of [
  "https://api.trustedservices.intel.com/sgx/certification/v4",
  "http://127.0.0.1:8081/sgx/certification/v4/",
]) {
  test(`${url} can be an upstream`, () => {
    const { sgx, tdx } = parsePcsAddress(url);
    assert.deepEqual([sgx, tdx], [`${url.replace(/\/$/, "")}/`, sgx.replace("/sgx/", "/tdx/")]);
  });
}

for (const url of [
  "",
  "api.trustedservices.intel.com",
  "http://api.trustedservices.intel.com/sgx/certification/v4/",
  "https://user:secret@api.trustedservices.intel.com/sgx/certification/v4/",
  "https://api.trustedservices.intel.com/sgx/certification/v3/",
  "https://api.trustedservices.intel.com/sgx/certification/v5/",
  "https://api.trustedservices.intel.com/sgx/certification/v4/?key=1",
  "https://api.trustedservices.intel.com/",
  "ftp://127.0.0.1/sgx/certification/v4/",
]) {
  test(`"${url}" cannot be an upstream`, () => {
    assert.throws(() => parsePcsAddress(url), { code: "upstream-settings-invalid" });
  });
}
