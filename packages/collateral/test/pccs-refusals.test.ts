import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { verifyCollateral } from "@sealserve/attestation";
import { encodeHex } from "@sealserve/core";
import { createAuthority } from "../../../tests/support/tls-authority.ts";
import { pccsSource } from "../src/pccs-source.ts";
import { type Answer, now, root, startServer } from "./fixtures.ts";
import { changing, origin, quote, refused, text } from "./proper-pccs.ts";

describe("a PCCS that misbehaves", () => {
  for (const status of [201, 204, 301, 302, 307, 400, 401, 404, 461, 500, 502, 503]) {
    it(`is refused with status ${status}`, async () => {
      for (const operation of ["/tcb", "/qe/identity", "/pckcrl", "/rootcacrl"]) {
        const location = { location: `${origin}/sgx/certification/v4/rootcacrl` };
        const change = { status, ...(status >= 300 && status < 400 ? { headers: location } : {}) };
        await refused(
          changing(operation, () => change),
          "pccs-refused",
        );
      }
    });
  }

  it("is not followed to another place", async () => {
    const other = await startServer(changing("none", () => ({})));
    await refused(
      changing("/tcb", () => ({ status: 302, headers: { location: `${other.origin}/sgx/certification/v4/tcb` } })),
      "pccs-refused",
    );
    assert.deepEqual(other.asked, []);
    other.close();
  });

  it("is named when it cannot be reached", async () => {
    const server = await startServer(() => undefined);
    server.close();
    await assert.rejects(pccsSource({ url: server.origin }).fetchCollateral(quote), {
      code: "pccs-unreachable",
      message: new RegExp(server.origin),
      actual: "ECONNREFUSED",
      remedy: /whether it runs/,
    });
  });

  it("is told apart when nobody here trusts its certificate", async () => {
    const { key, certificate } = await (await createAuthority()).issue();
    const server = createServer({ key, cert: certificate }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await assert.rejects(pccsSource({ url: `https://localhost:${port}` }).fetchCollateral(quote), {
      code: "pccs-unreachable",
      actual: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      remedy: /NODE_EXTRA_CA_CERTS/,
    });
    server.close();
  });

  it("is not waited for for ever: neither for the head nor for the body", async () => {
    await refused(() => undefined, "pccs-timeout", { timeoutMs: 50 });
    const stalling: Answer = (_request, response) => {
      response.writeHead(200).write("{");
    };
    await refused(stalling, "pccs-timeout", { timeoutMs: 50 });
  });

  it("is refused when it closes in the middle of an answer", async () => {
    const closing: Answer = (_request, response) => {
      response.writeHead(200, { "content-length": "100" }).write("{", () => response.destroy());
    };
    await refused(closing, "pccs-unreachable");
  });

  it("is not waited for when one of its answers is a refusal", async () => {
    let ended = 0;
    const waiting: ServerResponse[] = [];
    const server = await startServer((_request, response) => {
      response.on("close", () => {
        ended += 1;
      });
      waiting.push(response);
      if (waiting.length === 4) {
        waiting[0]?.writeHead(404).end();
      }
    });
    await assert.rejects(pccsSource({ url: server.origin }).fetchCollateral(quote), { code: "pccs-refused" });
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
    assert.equal(ended, 4);
    server.close();
  });

  it("cannot send without end", async () => {
    const endless: Answer = (_request, response) => {
      const chunk = Buffer.alloc(64 * 1024, "0");
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) {
          // until the connection is full
        }
      };
      response.on("drain", more);
      more();
    };
    await refused(endless, "answer-too-large");
  });

  const tcbInfo = (body: Uint8Array): Record<string, unknown> => JSON.parse(text(body));
  const bodies: [string, string, (body: Uint8Array) => string | Uint8Array][] = [
    ["no body", "/tcb", () => ""],
    ["HTML", "/tcb", () => "<html></html>"],
    ["an array", "/tcb", (body) => `[${text(body)}]`],
    ["no signature", "/tcb", (body) => JSON.stringify({ ...tcbInfo(body), signature: undefined })],
    ["a short signature", "/tcb", (body) => JSON.stringify({ ...tcbInfo(body), signature: "00" })],
    ["a signature that is a number", "/tcb", (body) => JSON.stringify({ ...tcbInfo(body), signature: 1 })],
    ["a further member", "/tcb", (body) => JSON.stringify({ ...tcbInfo(body), source: "http://elsewhere" })],
    ["a member twice", "/tcb", (body) => text(body).replace('{"tcbInfo":', '{"tcbInfo":{},"tcbInfo":')],
    ["an inner member twice", "/tcb", (body) => text(body).replace('"version":3', '"version":3,"version":3')],
    ["text behind", "/tcb", (body) => `${text(body)}{}`],
    ["TCB info that is text", "/tcb", (body) => JSON.stringify({ ...tcbInfo(body), tcbInfo: "x" })],
    ["TCB info that is null", "/tcb", (body) => JSON.stringify({ ...tcbInfo(body), tcbInfo: null })],
    ["no UTF-8", "/tcb", () => Uint8Array.of(0x7b, 0xff, 0x7d)],
    ["a byte order mark", "/tcb", (body) => `\ufeff${text(body)}`],
    ["the QE identity", "/tcb", () => `{"enclaveIdentity":{},"signature":"${"0".repeat(128)}"}`],
    ["deep nesting", "/tcb", () => "[".repeat(100_000)],
    ["TCB info", "/qe/identity", () => `{"tcbInfo":{},"signature":"${"0".repeat(128)}"}`],
    ["no list", "/rootcacrl", () => ""],
    ["no hex", "/rootcacrl", () => "not hex at all!"],
    ["odd hex", "/rootcacrl", () => "308"],
    ["hex of something else", "/rootcacrl", () => "0102"],
    ["hex of hex", "/rootcacrl", (body) => encodeHex(body)],
    ["PEM", "/pckcrl", () => "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n"],
    ["an empty list", "/pckcrl", () => ""],
  ];
  for (const [what, operation, change] of bodies) {
    it(`is refused when it answers ${operation} with ${what}`, () =>
      refused(
        changing(operation, ({ body }) => ({ body: change(body) })),
        "bad-answer",
      ));
  }

  const name = "tcb-info-issuer-chain";
  const chains: [string, (chain: string) => string | string[] | undefined][] = [
    ["no issuer chain", () => undefined],
    ["an empty issuer chain", () => ""],
    ["an issuer chain that is no PEM", () => "certificate"],
    ["an issuer chain with other PEM", (chain) => chain.replaceAll("CERTIFICATE", "PRIVATE%20KEY")],
    ["an issuer chain cut off", (chain) => chain.slice(0, 600)],
    ["an issuer chain with a bad escape", (chain) => chain.replace("%20", "%2")],
    ["an issuer chain of invalid UTF-8", (chain) => `%ff${chain}`],
    ["an issuer chain twice", (chain) => [chain, chain]],
    ["an issuer chain without end", (chain) => chain + "%0A".repeat(2500)],
  ];
  for (const [what, change] of chains) {
    it(`is refused when it sends ${what}`, () =>
      refused(
        changing("/tcb", ({ headers }) => ({ headers: { [name]: change(headers.get(name) ?? "") } })),
        "bad-answer",
      ));
  }

  it("is refused without the chains of the QE identity and the PCK list", async () => {
    for (const [operation, header] of [
      ["/qe/identity", "sgx-enclave-identity-issuer-chain"],
      ["/pckcrl", "sgx-pck-crl-issuer-chain"],
    ] as const) {
      await refused(
        changing(operation, () => ({ headers: { [header]: undefined } })),
        "bad-answer",
      );
    }
  });

  it("shows when it changes a document: verification refuses", async () => {
    const server = await startServer(
      changing("/tcb", ({ body }) => ({ body: text(body).replace("OutOfDate", "UpToDate") })),
    );
    const fetched = await pccsSource({ url: server.origin }).fetchCollateral(quote);
    await assert.rejects(verifyCollateral(fetched, { now, root }), { code: "tcb-info-signature-invalid" });
    server.close();
  });
});
