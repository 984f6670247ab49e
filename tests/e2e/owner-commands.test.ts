/** `sealserve certs`, `sealserve policy lint` and `sealserve sigstruct` as an owner types them. */
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Finished, sealserve } from "./command.ts";

let folder: string;
const at = (...parts: readonly string[]): string => join(folder, ...parts);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealserve-owner-"));
});
after(() => rm(folder, { recursive: true, force: true }));

describe("certs", () => {
  test("names every file that it made, as JSON and for people", async () => {
    const names = ["--name", "a.example", "--name", "10.0.0.1", "b.example"];
    const args = ["certs", "--out", at("tls"), ...names, "--two-way", "--ssl-cfg", at("ssl.cfg")];
    const { code, stdout, stderr } = await sealserve([...args, "--json"]);
    assert.equal(code, 0, stderr);
    const made = JSON.parse(stdout) as Record<string, string>;
    const { notAfter, caNotAfter, ...files } = made;
    assert.ok(Date.parse(notAfter ?? "") < Date.parse(caNotAfter ?? ""));
    assert.equal(Object.keys(files).length, 7);
    assert.ok(Object.values(files).every((file) => existsSync(file)));
    const people = await sealserve(["certs", "--out", at("ip"), "--name", "10.0.0.1"]);
    assert.match(people.stderr, /before 1\.8 know no IP addresses/);
  });

  const mistakes: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["a name of a client without two-way TLS", ["--client-name", "c"], /--client-name goes with --two-way/],
    [
      "a key type that old clients do not know",
      ["--key-type", "ed25519"],
      /Allowed choices are p256, rsa2048, rsa3072/,
    ],
    ["a certificate for ever", ["--days", "826"], /from 1 to 825/],
    ["a certificate for a moment", ["--days", "0"], /from 1 to 825/],
    ["days that are no number", ["--days", "1e2"], /from 1 to 825/],
    ["a CA that ends before what it signs", ["--ca-days", "10"], /at least as long/],
    ["a life for a CA that is there already", ["--ca", "tls", "--ca-days", "100"], /--ca-days does not go with --ca/],
    ["a name that is none", ["--name", "not a name"], /a DNS name or an IP address/],
  ];
  for (const [what, extra, message] of mistakes) {
    test(`refuses ${what} and makes nothing`, async () => {
      const { code, stderr } = await sealserve(["certs", "--out", at("none"), "--name", "a.example", ...extra]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
      assert.equal(existsSync(at("none")), false);
    });
  }
});

describe("policy lint", () => {
  const guest = `snp: { images: [{ measurement: "${"a1".repeat(48)}", hostData: "${"b2".repeat(32)}" }] }`;
  const enclave = `sgx: { mrEnclave: ["${"ab".repeat(32)}"] }`;

  async function lint(policy: string, ...extra: readonly string[]): Promise<Finished> {
    return await lintModel(`lease: 1h, policy: { ${policy} }`, ...extra);
  }

  async function lintModel(members: string, ...extra: readonly string[]): Promise<Finished> {
    const model = `{ name: m, package: p, wrapKey: w, ownerKey: o, minimumVersion: 1, ${members} }`;
    const lines = ["listen: 127.0.0.1:0", "tls: { key: k, certificate: c }", "collateral: { file: f }"];
    await writeFile(at("broker.yaml"), [...lines, "models:", `  - ${model}`].join("\n"));
    return await sealserve(["policy", "lint", at("broker.yaml"), ...extra]);
  }

  test("refuses a broker's policy for SEV-SNP guests alone, with the line, and says where they stand beside others", async () => {
    const { code, stderr } = await lint(guest);
    assert.equal(code, 2, stderr);
    assert.match(
      stderr,
      /broker\.yaml:5: models\[0\]\.policy\.snp: accepts SEV-SNP guests alone, which get no key yet/,
    );
    const both = await lint(`${guest}, ${enclave}`);
    assert.equal(both.code, 0, both.stderr);
    assert.match(both.stderr, /accepts SEV-SNP guests, which get no key yet/);
    const { models } = JSON.parse((await lint(`${guest}, ${enclave}`, "--json")).stdout);
    assert.equal(models[0].notices.length, 1);
    assert.deepEqual(JSON.parse((await lint(enclave, "--json")).stdout).models[0].notices, []);
  });

  test("names a model whose key has no lease, and refuses a lease that is none", async () => {
    const endless = await lintModel(`policy: { ${enclave} }`);
    assert.equal(endless.code, 0, endless.stderr);
    assert.match(endless.stderr, /states no lease: .* serves for as long as it runs/);
    const wrong = await lintModel(`lease: 60, policy: { ${enclave} }`);
    assert.equal(wrong.code, 2, wrong.stderr);
    assert.match(wrong.stderr, /broker\.yaml:5: models\[0\]\.lease: expected a time, found 60/);
  });

  test("says what stands beside the rules of a ra_config.json", async () => {
    const rules = `raConfig: { file: r.json, wrapKey: w, insecureAcceptAnyEnclave: true, policy: { debug: allow-insecure } }`;
    const port = `secretProvisioning: { listen: "127.0.0.1:0", tls: { key: k, certificate: c }, ${rules} }`;
    await writeFile(at("rules.yaml"), `${port}\ncollateral: { file: f }\n`);
    const { code, stderr } = await sealserve(["policy", "lint", at("rules.yaml")]);
    assert.equal(code, 0, stderr);
    for (const said of [
      /r\.json: guarded by rules of its own/,
      /any enclave, NOT SECURE/,
      /debug enclaves, NOT SECURE/,
    ]) {
      assert.match(stderr, said);
    }
  });

  test("looks at the secrets of a broker that serves nothing but Gramine's protocol", async () => {
    const secret = (policy: string): string => `secrets: [{ name: s, file: w, policy: { ${policy} } }]`;
    const port = (policy: string): string =>
      `secretProvisioning: { listen: "127.0.0.1:0", tls: { key: k, certificate: c }, ${secret(policy)} }`;
    await writeFile(at("secrets.yaml"), `${port(enclave)}\ncollateral: { file: f }\n`);
    const { code, stderr } = await sealserve(["policy", "lint", at("secrets.yaml")]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^s: pins its software$/m);
    await writeFile(at("secrets.yaml"), `${port("")}\ncollateral: { file: f }\n`);
    const unpinned = await sealserve(["policy", "lint", at("secrets.yaml")]);
    assert.equal(unpinned.code, 2, unpinned.stderr);
    assert.match(unpinned.stderr, /secrets\[0\]\.policy/);
  });

  test("takes a policy for SEV-SNP guests alone where no broker is to go by it", async () => {
    await writeFile(at("guests.yaml"), guest);
    const { code, stdout, stderr } = await sealserve(["policy", "lint", at("guests.yaml"), "--json"]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout).models[0].notices, []);
  });
});

describe("sigstruct", () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 3072, publicExponent: 3 });
  const modulus = Buffer.from(publicKey.export({ format: "jwk" })["n"] ?? "", "base64url").toReversed();

  /** As gramine-sgx-sign writes it. */
  function sigstruct(attributes: number): Buffer {
    const bytes = Buffer.alloc(1808);
    bytes.write("06000000e10000000000010000000000", "hex");
    bytes.write("01010000600000006000000001000000", 24, "hex");
    bytes.set(modulus, 128);
    bytes.writeUInt32LE(3, 512);
    bytes.writeUInt8(attributes, 928);
    bytes.fill(0xab, 960, 992);
    bytes.writeUInt16LE(7, 1024);
    bytes.writeUInt16LE(9, 1026);
    const signed = Buffer.concat([bytes.subarray(0, 128), bytes.subarray(900, 1028)]);
    bytes.set(sign("sha256", signed, privateKey).toReversed(), 516);
    return bytes;
  }

  async function run(content: Buffer, ...extra: readonly string[]): Promise<Finished> {
    await writeFile(at("enclave.sig"), content);
    return await sealserve(["sigstruct", at("enclave.sig"), ...extra]);
  }

  test("prints a policy that pins the enclave", async () => {
    const { code, stdout, stderr } = await run(sigstruct(5));
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `sgx:\n  mrEnclave: ["${"ab".repeat(32)}"]\n`);
    assert.match(stderr, /isvProdId: 7\n {2}minimumIsvSvn: 9/);
    assert.doesNotMatch(stderr, /debug/);
    await writeFile(at("policy.yaml"), stdout);
    const lint = await sealserve(["policy", "lint", at("policy.yaml")]);
    assert.equal(lint.code, 0, lint.stderr);
  });

  test("prints JSON, and says that an enclave is for debugging", async () => {
    const { stdout } = await run(sigstruct(7), "--json");
    assert.deepEqual(JSON.parse(stdout), {
      mrEnclave: "ab".repeat(32),
      mrSigner: createHash("sha256").update(modulus).digest("hex"),
      isvProdId: 7,
      isvSvn: 9,
      debug: true,
    });
    assert.match((await run(sigstruct(7))).stderr, /debug enclave/);
  });

  test("gives no measurement of a damaged file, of another file or of none", async () => {
    const damaged = sigstruct(5);
    damaged.writeUInt8(0, 970);
    for (const [content, message] of [
      [damaged, /signature of the enclave's signer does not fit/],
      [await readFile(process.execPath).then((bytes) => bytes.subarray(0, 1808)), /no enclave's signature structure/],
      [Buffer.alloc(0), /another length/],
    ] as const) {
      const { code, stdout, stderr } = await run(content);
      assert.deepEqual([code, stdout], [20, ""], stderr);
      assert.match(stderr, message);
    }
    assert.equal((await sealserve(["sigstruct", at("nothing.sig")])).code, 2);
  });
});
