import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { inspect } from "node:util";
import { encodePem, generateEcKey } from "@sealserve/core";
import type { SecretFormat } from "../src/config/secret-format.ts";
import { encodeSecret } from "../src/keys/encode-secret.ts";
import { GENERATIONS, provision } from "./gramine-client.ts";
import { createOwner, issueCertificate, MR_ENCLAVE, type Owner, startTestBroker, type TestBroker } from "./setup.ts";

const CURRENT = GENERATIONS.find(({ name }) => name.startsWith("1.9")) ?? assert.fail();

describe("form of a secret", () => {
  const encode = (content: string | Uint8Array, format: SecretFormat): string =>
    Buffer.from(encodeSecret(Buffer.from(content), format, "secret x")).toString("latin1");

  it("is its bytes when raw, whatever they are", () => {
    for (const content of ["\0", "key\n", "x".repeat(70_000)]) {
      assert.equal(encode(content, "raw"), content);
    }
  });

  it("is 32 digits and a NUL for a key, as first-generation enclaves want it", () => {
    const key = randomBytes(16);
    assert.equal(encode(key, "hex-nul"), `${key.toString("hex")}\0`);
  });

  it("is text with one NUL, without the line break that editors leave", () => {
    for (const content of ["word", "word\n", "word\r\n", "word\0"]) {
      assert.equal(encode(content, "string"), "word\0");
    }
    assert.equal(encode("two\nlines\n", "string"), "two\nlines\0");
    assert.equal(encode("x".repeat(4095), "string").length, 4096);
  });

  it("is refused where no enclave could take it, without a byte of it in the message", () => {
    const cases: [string | Uint8Array, SecretFormat][] = [
      ["", "raw"],
      ["", "string"],
      ["\n", "string"],
      ["\0", "string"],
      ["open\0sesame", "string"],
      ["x".repeat(4096), "string"],
      ["0123456789abcdef0123456789abcdef", "hex-nul"],
      ["short", "hex-nul"],
    ];
    for (const [content, format] of cases) {
      assert.throws(
        () => encode(content, format),
        (error) => {
          assert.equal((error as { code?: string }).code, "secret-invalid");
          assert.doesNotMatch(inspect(error), /sesame|0123456789|xxxx|short/);
          return true;
        },
      );
    }
  });

  it("leaves the content with its owner", () => {
    const content = randomBytes(16);
    const copy = Uint8Array.from(content);
    encodeSecret(content, "raw", "x").fill(0);
    assert.deepEqual(Uint8Array.from(content), copy);
  });
});

describe("named secrets on the provisioning port", () => {
  const digits = (digit: number): string => `${digit}${digit}`.repeat(32);
  let owner: Owner;

  before(async () => {
    owner = await createOwner();
    await writeFile(owner.path("large.bin"), Buffer.alloc(200_000, 7));
    await writeFile(owner.path("word.txt"), "open sesame\n");
  });

  after(() => owner.dispose());

  function start(secrets: string, members = "", models = ""): Promise<TestBroker> {
    return startTestBroker(owner, {
      ...(models === "" ? { listen: "", models } : {}),
      secretProvisioning: `secretProvisioning:\n  listen: "127.0.0.1:0"\n${members}  secrets:\n${secrets}`,
    });
  }

  const secret = (name: string, file: string, enclave: string, format = "raw"): string =>
    `    - { name: ${name}, file: ${file}, format: ${format}, policy: { sgx: { mrEnclave: ["${enclave}"] } } }\n`;

  async function ask(broker: TestBroker, mrEnclave: string): Promise<Buffer> {
    const target = { address: broker.provisioningAddress, caPem: owner.caPem };
    return provision(target, CURRENT, await CURRENT.identity(owner.vendor, { mrEnclave }));
  }

  const notices = (broker: TestBroker): string[] =>
    broker.records.flatMap((record) => (record.kind === "notice" ? [record.message] : []));

  it("go to whom they belong, each in its form, and to nobody else", async () => {
    const broker = await start(
      secret("raw-key", "wrap.key", digits(1)) +
        secret("hex-key", "other-wrap.key", digits(2), "hex-nul") +
        secret("word", "word.txt", digits(3), "string") +
        secret("large", "large.bin", digits(4)),
    );
    assert.deepEqual(await ask(broker, digits(1)), Buffer.from(owner.wrapKey));
    assert.equal((await ask(broker, digits(2))).toString(), `${Buffer.from(owner.otherWrapKey).toString("hex")}\0`);
    assert.equal((await ask(broker, digits(3))).toString(), "open sesame\0");
    assert.equal(broker.lastAttempt().model, "word");
    assert.deepEqual(await ask(broker, digits(4)), Buffer.alloc(200_000, 7));
    await assert.rejects(ask(broker, digits(5)), /-104: closed after 0 bytes/);
    const failed = broker.lastAttempt().failedClaims.map(({ model, code }) => `${model} ${code}`);
    assert.deepEqual(
      failed,
      ["raw-key", "hex-key", "word", "large"].map((name) => `${name} mrenclave-not-accepted`),
    );
    const log = (await broker.auditLines()).join("\n") + JSON.stringify(broker.records);
    for (const key of [owner.wrapKey, owner.otherWrapKey].map((bytes) => Buffer.from(bytes))) {
      for (const form of [key.toString("hex"), key.toString("base64").slice(0, -2), key.join(","), "sesame"]) {
        assert.ok(!log.includes(form));
      }
    }
  });

  it("go by the first policy that accepts, and the owner is told which enclaves could get two", async () => {
    const broker = await start(secret("first", "wrap.key", digits(1)) + secret("second", "other-wrap.key", digits(1)));
    assert.deepEqual(await ask(broker, digits(1)), Buffer.from(owner.wrapKey));
    assert.ok(notices(broker).some((message) => /^first and second have .* gets the secret of first/.test(message)));
  });

  it("come with a word to the owner when they are no key for encrypted files", async () => {
    const broker = await start(secret("word", "word.txt", digits(1)) + secret("key", "wrap.key", digits(2)));
    const told = notices(broker).filter((message) => /cannot use it as a key/.test(message));
    assert.deepEqual(told.length, 1);
    assert.match(told[0] ?? "", /^secret word has 12 bytes/);
  });

  it("are refused at the start when they are missing, empty or too large", async () => {
    await writeFile(owner.path("empty.bin"), "");
    await writeFile(owner.path("huge.bin"), Buffer.alloc((1 << 20) + 1));
    await assert.rejects(start(secret("x", "none.bin", digits(1))), { code: "file-unreadable" });
    await assert.rejects(start(secret("x", "empty.bin", digits(1))), { code: "secret-invalid" });
    await assert.rejects(start(secret("x", "huge.bin", digits(1))), { code: "file-unreadable" });
    await assert.rejects(start(secret("x", "word.txt", digits(1), "hex-nul")), { code: "secret-invalid" });
  });

  it("say at the start that the certificate is out of date, which clients only call a TLS failure", async () => {
    const key = await generateEcKey("P-256");
    const certificate = await issueCertificate({ name: "localhost", key, issuerKey: key });
    await writeFile(owner.path("own.key"), encodePem("PRIVATE KEY", await key.exportPkcs8()));
    await writeFile(owner.path("own.crt"), encodePem("CERTIFICATE", certificate));
    const config = secret("key", "wrap.key", MR_ENCLAVE);
    const tls = "  tls: { key: own.key, certificate: own.crt }\n";
    const outdated = /valid from .* enclaves refuse to talk to it/;
    assert.ok(!notices(await start(config, tls)).some((message) => outdated.test(message)));
    const source = { fetchCollateral: () => Promise.reject(new Error("none")) };
    const late = await startTestBroker(
      owner,
      {
        listen: "",
        models: "",
        collateral: `collateral: { pccs: "https://localhost:9" }`,
        secretProvisioning: `secretProvisioning:\n  listen: "127.0.0.1:0"\n${tls}  secrets:\n${config}`,
      },
      { now: () => new Date(Date.now() + 2 * 3_600_000), collateral: source },
    );
    assert.ok(notices(late).some((message) => outdated.test(message)));
  });
});
