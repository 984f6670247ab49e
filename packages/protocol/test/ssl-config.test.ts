import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSecureContext } from "node:tls";
import { decodePem, encodeUtf8 } from "@sealserve/core";
import { createAuthority } from "../../../tests/support/tls-authority.ts";
import { encodeSslConfig, parseSslConfig, type SslConfig } from "../src/messages/ssl-config.ts";

const authority = await createAuthority();
const { keyPem, certificatePem } = await authority.issue();
const oneWay: SslConfig = { serverKeyPem: keyPem, serverCertificatePem: certificatePem, clientCaPem: undefined };
const twoWay: SslConfig = { ...oneWay, clientCaPem: authority.caPem };

const parse = (text: string): SslConfig => parseSslConfig(encodeUtf8(text));

/** As CCZoo's scripts write it: single quotes, the body on one line, escapes around it. */
function joined(pem: string): string {
  const [begin, ...rest] = pem.trim().split("\n");
  return `'${begin}\\n${rest.slice(0, -1).join("")}\\n${rest.at(-1)}'`;
}

/** Escapes in place of line ends. */
const escaped = (pem: string): string => `"${pem.replaceAll("\n", "\\n")}"`;

function refuses(text: string, message: RegExp, code = "bad-ssl-config"): void {
  assert.throws(
    () => parse(text),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      assert.equal(error.message.includes(keyPem.slice(40, 60)), false, "no message quotes the key");
      return true;
    },
  );
}

describe("SSL configuration of TensorFlow Serving", () => {
  it("comes back as it went, one-way and two-way", () => {
    assert.deepEqual(parse(encodeSslConfig(oneWay)), oneWay);
    assert.deepEqual(parse(encodeSslConfig(twoWay)), twoWay);
  });

  it("is read as CCZoo's scripts write it, and wraps the PEM", () => {
    const text = `server_key: ${joined(keyPem)}\nserver_cert: ${joined(certificatePem)}\ncustom_ca: ''\nclient_verify: false\n`;
    assert.deepEqual(parse(text), oneWay);
    const both = text.replace("''", joined(authority.caPem)).replace("false", "true");
    assert.deepEqual(parse(both), twoWay);
  });

  it("is read with comments, adjacent strings and any order", () => {
    const lines = keyPem
      .trim()
      .split("\n")
      .map((line) => `  '${line}\\n' # of the key`)
      .join("\n");
    const text = `# TLS\nclient_verify: True; custom_ca: ${escaped(authority.caPem)}, server_cert: ${escaped(certificatePem)}\nserver_key:\n${lines}\n`;
    assert.deepEqual(parse(text), twoWay);
  });

  it("makes material that a TLS server takes", () => {
    const config = parse(encodeSslConfig(twoWay));
    createSecureContext({ key: config.serverKeyPem, cert: config.serverCertificatePem, ca: config.clientCaPem });
  });

  it("reads chains of certificates, and keys of older forms", () => {
    const chain = certificatePem + authority.caPem;
    assert.equal(parse(encodeSslConfig({ ...oneWay, serverCertificatePem: chain })).serverCertificatePem, chain);
    for (const label of ["RSA PRIVATE KEY", "EC PRIVATE KEY"]) {
      const serverKeyPem = keyPem.replaceAll("PRIVATE KEY", label);
      assert.equal(parse(encodeSslConfig({ ...oneWay, serverKeyPem })).serverKeyPem, serverKeyPem);
    }
  });

  it("does not ask clients for certificates when client_verify is false, whatever custom_ca holds", () => {
    assert.equal(parse(encodeSslConfig(twoWay).replace("true", "false")).clientCaPem, undefined);
    assert.equal(parse(encodeSslConfig(oneWay).replace(/^client_verify.*$/m, "")).clientCaPem, undefined);
  });

  const key = `server_key: ${escaped(keyPem)} `;
  const certificate = `server_cert: ${escaped(certificatePem)} `;
  for (const [what, text, message] of [
    ["no key", certificate, /server_key is missing/],
    ["no certificate", key, /server_cert is missing/],
    ["an empty key", `server_key: '' ${certificate}`, /server_key is not PEM/],
    ["a key that is no text", `server_key: 1 ${certificate}`, /server_key in line 1 is no string/],
    ["a key twice", `${key}${key}${certificate}`, /line 1 gives server_key again/],
    ["a list of keys", `server_key: [${escaped(keyPem)}, ${escaped(keyPem)}] ${certificate}`, /again/],
    [
      "two keys in one text",
      `server_key: ${escaped(keyPem + keyPem)} ${certificate}`,
      /server_key holds something else/,
    ],
    [
      "a certificate for a key",
      `server_key: ${escaped(certificatePem)} ${certificate}`,
      /server_key holds something else/,
    ],
    [
      "an encrypted key",
      `server_key: ${escaped(keyPem.replaceAll("PRIVATE", "ENCRYPTED PRIVATE"))} ${certificate}`,
      /server_key holds something else/,
    ],
    ["a key for a certificate", `${key} server_cert: ${escaped(keyPem)}`, /server_cert holds something else/],
    [
      "a damaged certificate",
      `${key} server_cert: ${escaped(certificatePem.replace("M", "*"))}`,
      /server_cert is not PEM/,
    ],
    ["an unknown field", `${key}${certificate} min_version: 3`, /line 1 has an unknown field/],
    ["clients verified against nothing", `${key}${certificate} client_verify: true`, /custom_ca has no certificate/],
    ["clients verified against nothing", `${key}${certificate} custom_ca: '' client_verify: true`, /custom_ca has no/],
    [
      "clients verified against a key",
      `${key}${certificate} custom_ca: ${escaped(keyPem)} client_verify: true`,
      /custom_ca holds/,
    ],
    ["a switch of another kind", `${key}${certificate} client_verify: yes`, /neither true nor false/],
    ["a switch in quotes", `${key}${certificate} client_verify: 'true'`, /neither true nor false/],
    ["a message for a switch", `${key}${certificate} client_verify { }`, /neither true nor false/],
  ] as const) {
    it(`refuses ${what}`, () => refuses(text, message));
  }

  it("refuses what is no text", () => {
    assert.throws(() => parseSslConfig(Uint8Array.of(0xff, 0xfe)), { code: "bad-text-format" });
    assert.throws(() => parseSslConfig(encodeUtf8(`server_key: '\\xff' ${certificate}`)), { code: "bad-text-format" });
    refuses(`${key}${certificate}}`, /line 1/, "bad-text-format");
  });

  it("is the same key and certificate after being wrapped", () => {
    const config = parse(`server_key: ${joined(keyPem)} server_cert: ${joined(certificatePem)}`);
    assert.deepEqual(decodePem(config.serverKeyPem), decodePem(keyPem));
  });
});
