/** `sealserve verify` for SEV-SNP reports: verdicts, exit codes and where the certificates may come from. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { encodePem } from "@sealserve/core";
import { CERTIFICATE_GUIDS, encodeCertificateTable } from "@sealserve/simulator";
import { type Finished, sealserve } from "./command.ts";

let folder: string;
const at = (...parts: readonly string[]): string => join(folder, ...parts);

const REPORT_DATA = "0d".repeat(64);
const MEASUREMENT = "5e".repeat(48);

interface Verdict {
  readonly genuine: boolean | null;
  readonly signatureValid: boolean;
  readonly simulated: boolean;
  readonly tcbStatus: string | null;
  readonly advisoryIds: readonly string[];
  readonly platform: Readonly<Record<string, string>> | null;
  readonly software: Readonly<Record<string, string>> | null;
  readonly accepted: boolean;
  readonly reasons: readonly { readonly code: string }[];
  readonly claims: readonly { readonly claim: string; readonly pass: boolean }[];
  readonly collateral: {
    readonly earliestExpiry: string;
    readonly tcbEvaluationDataNumber: null;
    readonly revocation: string;
  } | null;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealserve-verify-snp-"));
  for (const [product, signedBy] of [
    ["Milan", "vcek"],
    ["Turin", "vlek"],
  ] as const) {
    const args = ["--tee", "snp", "--product", product, "--signed-by", signedBy, "--measurement", MEASUREMENT];
    const files = ["--state", at("state"), "--out", at(`${product}.bin`), "--certs", at(product)];
    const { code, stderr } = await sealserve(["simulator", "quote", "--report-data", REPORT_DATA, ...args, ...files]);
    assert.equal(code, 0, stderr);
  }
  await writeFile(at("extended.bin"), await extended("Milan"));
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A report with its certificates behind it, and the padding of a page. */
async function extended(product: string): Promise<Uint8Array> {
  const entries = [
    { guid: CERTIFICATE_GUIDS.vcek, data: await readFile(at(product, "vek.der")) },
    { guid: CERTIFICATE_GUIDS.ask, data: await readFile(at(product, "ask.pem")) },
    { guid: CERTIFICATE_GUIDS.ark, data: await readFile(at(product, "ark.pem")) },
  ];
  return Buffer.concat([await readFile(at(`${product}.bin`)), encodeCertificateTable(entries, {}), Buffer.alloc(999)]);
}

function certificates(product = "Milan"): string[] {
  const file = (name: string): string => at(product, name);
  return ["--vek", file("vek.der"), "--ask", file("ask.pem"), "--ark", file("ark.pem"), "--root", file("ark.pem")];
}

function verify(evidence: string, ...args: readonly string[]): Promise<Finished> {
  return sealserve(["verify", at(evidence), "--json", ...args]);
}

async function verdictOf(exitCode: number, evidence: string, ...args: readonly string[]): Promise<Verdict> {
  const { code, stdout, stderr } = await verify(evidence, ...args);
  assert.equal(code, exitCode, `${stdout}${stderr}`);
  return JSON.parse(stdout) as Verdict;
}

function codesOf({ reasons }: Verdict): string[] {
  return reasons.map(({ code }) => code);
}

describe("verify of a SEV-SNP report", () => {
  test("accepts with certificates and list", async () => {
    for (const product of ["Milan", "Turin"]) {
      const args = [...certificates(product), "--crl", at(product, "ark.crl"), "--expect-report-data", REPORT_DATA];
      const { claims, collateral, platform, software, ...verdict } = await verdictOf(0, `${product}.bin`, ...args);
      assert.deepEqual(verdict, {
        genuine: true,
        signatureValid: true,
        simulated: true,
        tee: "snp",
        tcbStatus: null,
        tcb: null,
        advisoryIds: [],
        accepted: true,
        reasons: [],
      });
      assert.ok(claims.every(({ pass }) => pass));
      assert.equal(platform?.["product"], product);
      assert.equal(software?.["measurement"], MEASUREMENT);
      assert.equal(collateral?.revocation, "checked");
      assert.equal(collateral?.tcbEvaluationDataNumber, null);
      assert.ok(Date.parse(collateral?.earliestExpiry ?? "") > Date.now());
    }
  });

  test("takes certificates and list in either form, and those beside the report", async () => {
    await writeFile(at("vek.pem"), encodePem("CERTIFICATE", await readFile(at("Milan", "vek.der"))));
    await writeFile(at("crl.pem"), encodePem("X509 CRL", await readFile(at("Milan", "ark.crl"))));
    const pem = await verdictOf(0, "Milan.bin", ...certificates(), "--vek", at("vek.pem"), "--crl", at("crl.pem"));
    assert.equal(pem.collateral?.revocation, "checked");
    const beside = await verdictOf(0, "extended.bin", "--root", at("Milan", "ark.pem"));
    assert.equal(beside.genuine, true);
    assert.equal(beside.collateral?.revocation, "unchecked");
  });

  test("without certificates says nothing of the evidence", async () => {
    const [, vek = "", , ask = "", , ark = ""] = certificates();
    for (const args of [[], ["--vek", vek], ["--ask", ask, "--ark", ark], ["--vek", vek, "--ark", ark]]) {
      const verdict = await verdictOf(30, "Milan.bin", ...args, "--root", ark);
      assert.equal(verdict.genuine, null);
      assert.equal(verdict.accepted, false);
      assert.equal(verdict.collateral, null);
      assert.match(codesOf(verdict).join(), /^snp-(vek|chain)-missing$/);
    }
  });

  test("refuses by policy what is genuine", async () => {
    // The simulated platform runs newer microcode than it has committed to.
    const images = [{ measurement: MEASUREMENT, hostData: "00".repeat(32) }];
    const snp = { images, provisionalFirmware: "allow" };
    await writeFile(at("policy.json"), JSON.stringify({ snp }));
    const policy = ["--policy", at("policy.json")];
    const unchecked = await verdictOf(10, "Milan.bin", ...certificates(), ...policy);
    assert.deepEqual([unchecked.genuine, codesOf(unchecked)], [true, ["revocation-unchecked"]]);
    await verdictOf(0, "Milan.bin", ...certificates(), "--crl", at("Milan", "ark.crl"), ...policy);
    const other = await verdictOf(10, "Milan.bin", ...certificates(), "--expect-report-data", "00".repeat(64));
    assert.deepEqual(codesOf(other), ["report-data-mismatch"]);
  });

  test("refuses what is not genuine", async () => {
    const bytes = await readFile(at("Milan.bin"));
    bytes[0x90] = (bytes[0x90] ?? 0) ^ 1;
    await writeFile(at("changed.bin"), bytes);
    const changed = await verdictOf(20, "changed.bin", ...certificates());
    assert.deepEqual([changed.genuine, changed.signatureValid], [false, false]);
    assert.deepEqual(codesOf(changed), ["snp-report-signature-invalid"]);
    const foreign = await verdictOf(20, "Milan.bin", ...certificates("Turin"));
    assert.deepEqual(codesOf(foreign), ["snp-signing-key-mismatch"]);
    const untrusted = await verdictOf(20, "Milan.bin", ...certificates().slice(0, 6));
    assert.deepEqual(codesOf(untrusted), ["root-untrusted"]);
    await writeFile(at("short.bin"), bytes.subarray(0, 1000));
    assert.deepEqual(codesOf(await verdictOf(20, "short.bin", ...certificates())), ["snp-report-malformed"]);
    await writeFile(at("no.crl"), "no list");
    const list = await verdictOf(20, "Milan.bin", ...certificates(), "--crl", at("no.crl"));
    assert.deepEqual(codesOf(list), ["snp-crl-malformed"]);
  });

  test("tells certificates and lists that are out of date from evidence that is not genuine", async () => {
    const later = new Date(Date.now() + 400 * 24 * 3600 * 1000).toISOString();
    const expired = await verdictOf(30, "Milan.bin", ...certificates(), "--crl", at("Milan", "ark.crl"), "--at", later);
    assert.deepEqual([expired.genuine, expired.signatureValid], [false, true]);
    assert.deepEqual(codesOf(expired), ["crl-expired"]);
    const ended = new Date(Date.now() + 8 * 366 * 24 * 3600 * 1000).toISOString();
    const chain = await verdictOf(30, "Milan.bin", ...certificates(), "--at", ended);
    assert.deepEqual([codesOf(chain), chain.signatureValid], [["snp-chain-expired"], false]);
  });

  test("names a file that is not there", async () => {
    const { code, stderr } = await verify("Milan.bin", "--vek", at("nowhere.der"));
    assert.equal(code, 2, stderr);
    assert.match(stderr, /nowhere\.der/);
  });

  test("tells people what it found", async () => {
    const { code, stderr } = await sealserve(["verify", at("Milan.bin"), ...certificates()]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /accepted/);
    assert.match(stderr, /✗ revocation +not checked/);
  });
});
