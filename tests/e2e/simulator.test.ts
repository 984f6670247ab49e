/** What the simulator's commands write, for each kind of TEE, and what they refuse. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { parseCollateralFile } from "@sealserve/attestation";
import {
  ByteReader,
  decodePem,
  encodeHex,
  parseCertificate,
  parseCertificateRevocationList,
  verifySignedBy,
} from "@sealserve/core";
import { type Finished, sealserve } from "./command.ts";

let folder: string;
const at = (...parts: readonly string[]): string => join(folder, ...parts);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealserve-simulator-"));
});
after(async () => {
  await rm(folder, { recursive: true, force: true });
});

const REPORT_DATA = "0d".repeat(64);
const MEASUREMENT = "5e".repeat(48);

const quote = (out: string, ...args: readonly string[]): Promise<Finished> =>
  sealserve(["simulator", "quote", "--state", at("state"), "--report-data", REPORT_DATA, "--out", at(out), ...args]);

async function written(out: string, ...args: readonly string[]): Promise<Uint8Array> {
  const { code, stderr } = await quote(out, ...args);
  assert.equal(code, 0, stderr);
  return readFile(at(out));
}

async function refused(names: RegExp, ...args: readonly string[]): Promise<void> {
  const { code, stderr } = await quote("refused.bin", ...args);
  assert.equal(code, 2, stderr);
  assert.match(stderr, names);
  assert.ok(!(await readdir(folder)).includes("refused.bin"));
}

const certificate = async (path: string) => {
  const bytes = await readFile(path);
  return parseCertificate(
    path.endsWith(".pem") ? (decodePem(bytes.toString(), "CERTIFICATE")[0]?.bytes ?? new Uint8Array(0)) : bytes,
  );
};

describe("simulator quote", () => {
  test("writes SGX quotes of each version", async () => {
    for (const version of [3, 4, 5]) {
      const bytes = await written(`sgx${version}`, "--mr-enclave", "ab".repeat(32), "--quote-version", `${version}`);
      const start = version === 5 ? 54 : 48;
      assert.equal(new ByteReader(bytes).u16(), version);
      assert.equal(encodeHex(bytes.subarray(start + 64, start + 96)), "ab".repeat(32));
    }
  });

  test("writes TDX quotes of versions 4 and 5", async () => {
    for (const [args, version, mrTdAt] of [
      [[], 4, 48 + 136],
      [["--quote-version", "5"], 5, 54 + 136],
    ] as const) {
      const bytes = await written(`tdx${version}`, "--tee", "tdx", "--mr-td", MEASUREMENT, ...args);
      const reader = new ByteReader(bytes);
      assert.deepEqual([reader.u16(), reader.u16(), reader.u32()], [version, 2, 0x81]);
      assert.equal(encodeHex(bytes.subarray(mrTdAt, mrTdAt + 48)), MEASUREMENT);
    }
  });

  test("writes a SEV-SNP report with its certificates beside it", async () => {
    const report = await written("report.bin", "--tee", "snp", "--measurement", MEASUREMENT);
    assert.equal(report.length, 1184);
    assert.equal(encodeHex(report.subarray(0x90, 0x90 + 48)), MEASUREMENT);
    const [vek, ask, ark] = await Promise.all(["vek.der", "ask.pem", "ark.pem"].map((name) => certificate(at(name))));
    assert.ok(vek !== undefined && ask !== undefined && ark !== undefined);
    assert.ok(await verifySignedBy(vek, ask.publicKeyInfo));
    assert.ok(await verifySignedBy(ask, ark.publicKeyInfo));
    const list = parseCertificateRevocationList(await readFile(at("ark.crl")));
    assert.ok(await verifySignedBy(list, ark.publicKeyInfo));
    assert.equal(ark.subject.commonName, "ARK-Milan");
    assert.deepEqual(await readFile(at("ark.pem")), await readFile(at("state", "snp-milan", "ark.pem")));
  });

  test("writes a report signed by a VLEK, with certificates in a folder of their own", async () => {
    const args = ["--tee", "snp", "--measurement", MEASUREMENT, "--signed-by", "vlek", "--certs", at("new", "certs")];
    const report = await written("vlek.bin", ...args);
    assert.equal(new ByteReader(report.subarray(0x48)).u32(), 4);
    assert.equal((await certificate(at("new", "certs", "vek.der"))).subject.commonName, "SEV-VLEK");
    assert.equal((await certificate(at("new", "certs", "ask.pem"))).subject.commonName, "SEV-VLEK-Milan");
  });

  test("overwrites neither evidence nor certificates", async () => {
    const snp = ["--tee", "snp", "--measurement", MEASUREMENT];
    await refused(/vek\.der exists already/, ...snp);
    const again = await quote("report.bin", ...snp, "--certs", at("other"));
    assert.equal(again.code, 2);
    assert.match(again.stderr, /report\.bin exists already/);
    assert.ok(!(await readdir(folder)).includes("other"));
  });

  test("names the measurement that is missing, and the flag that does not fit", async () => {
    await refused(/--tee sgx needs --mr-enclave/);
    await refused(/--tee tdx needs --mr-td/, "--tee", "tdx");
    await refused(/--tee snp needs --measurement/, "--tee", "snp");
    await refused(/--mr-enclave does not go with --tee tdx/, "--tee", "tdx", "--mr-enclave", "ab".repeat(32));
    await refused(/--product does not go with --tee sgx/, "--product", "Genoa", "--mr-enclave", "ab".repeat(32));
    await refused(/--quote-version does not go with --tee snp/, "--tee", "snp", "--quote-version", "4");
    await refused(/TDX quotes are version 4 or 5/, "--tee", "tdx", "--mr-td", MEASUREMENT, "--quote-version", "3");
    await refused(/96 hex digits/, "--tee", "tdx", "--mr-td", "5e");
    await refused(/sgx, tdx, snp/, "--tee", "sev");
    await refused(/Milan, Genoa, Turin/, "--tee", "snp", "--product", "Rome");
  });
});

describe("simulator collateral", () => {
  test("is for the kind of TEE that was asked for", async () => {
    for (const [tee, args] of [
      ["SGX", []],
      ["TDX", ["--tee", "tdx"]],
    ] as const) {
      const out = at(`${tee}.json`);
      const { code, stderr } = await sealserve([
        "simulator",
        "collateral",
        "--state",
        at("state"),
        "--out",
        out,
        ...args,
      ]);
      assert.equal(code, 0, stderr);
      const { tcbInfo } = parseCollateralFile(await readFile(out, "utf8"));
      assert.equal((JSON.parse(tcbInfo) as { id: unknown }).id, tee);
    }
  });
});
