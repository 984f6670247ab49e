import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseSgxQuote } from "@sealserve/attestation";
import { createVendor } from "@sealserve/simulator";
import { openGraminePlatform } from "../src/gramine-platform.ts";
import { gramineDirectory, plainDirectory } from "./gramine-directory.ts";

const reportData = (byte: number): Uint8Array => new Uint8Array(64).fill(byte);

async function quoteOver(data: Uint8Array): Promise<Uint8Array> {
  const vendor = await createVendor({ now: new Date() });
  return vendor.quote({ mrEnclave: "00".repeat(32), reportData: data });
}

describe("Gramine platform", () => {
  it("gets a quote over the report data it was given", async () => {
    const gramine = await gramineDirectory();
    const platform = await openGraminePlatform(gramine.directory);
    assert.equal(platform.simulated, false);
    assert.equal(platform.tee, "sgx");
    assert.deepEqual(parseSgxQuote(await platform.quote(reportData(1))).report.reportData, reportData(1));
    assert.deepEqual(parseSgxQuote(await platform.quote(reportData(2))).report.reportData, reportData(2));
    await gramine.stop();
  });

  it("makes one quote at a time, also for two users of the same directory", async () => {
    const gramine = await gramineDirectory();
    const first = await openGraminePlatform(gramine.directory);
    const second = await openGraminePlatform(`${gramine.directory}/.`);
    const quotes = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((byte) => (byte % 2 === 0 ? first : second).quote(reportData(byte))),
    );
    assert.deepEqual(
      quotes.map((quote) => parseSgxQuote(quote).report.reportData[0]),
      [1, 2, 3, 4, 5, 6],
    );
    await gramine.stop();
  });

  it("goes on after a failed quote", async () => {
    const directory = await plainDirectory({ quote: new Uint8Array(0) });
    const platform = await openGraminePlatform(directory);
    const failed = platform.quote(reportData(1));
    const next = platform.quote(reportData(2));
    await assert.rejects(failed, { code: "quote-empty" });
    await assert.rejects(next, { code: "quote-empty" });
    await rm(directory, { recursive: true });
  });

  it("does not wait for ever for a quoting service", async () => {
    const directory = await plainDirectory({});
    execFileSync("mkfifo", [join(directory, "quote")]);
    const platform = await openGraminePlatform(directory, { timeoutMs: 50 });
    await assert.rejects(platform.quote(reportData(1)), { code: "quote-timeout", expected: "within 50 ms" });
    await writeFile(join(directory, "quote"), ""); // lets the reader go
  });

  it("gathers no endless row of quotes behind one that hangs", async () => {
    const directory = await plainDirectory({});
    execFileSync("mkfifo", [join(directory, "quote")]);
    const platform = await openGraminePlatform(directory, { timeoutMs: 50 });
    const asked = Array.from({ length: 64 }, () =>
      assert.rejects(platform.quote(reportData(1)), { code: "quote-timeout" }),
    );
    await Promise.all(asked);
    await assert.rejects(platform.quote(reportData(1)), { code: "quotes-pending" });
    await writeFile(join(directory, "quote"), "");
    await rm(join(directory, "quote"));
    while (
      await platform.quote(reportData(1)).then(
        () => false,
        ({ code }) => code === "quotes-pending",
      )
    ) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });

  it("names a missing directory, also when a file stands there", async () => {
    await assert.rejects(openGraminePlatform("/nonexistent/attestation"), { code: "attestation-directory-missing" });
    const directory = await plainDirectory({});
    const file = join(directory, "attestation_type");
    await assert.rejects(openGraminePlatform(file), { code: "attestation-directory-missing" });
    await assert.rejects(openGraminePlatform(join(file, "below")), { code: "attestation-directory-missing" });
  });

  it("names a directory without attestation_type", async () => {
    const directory = await mkdtemp(join(tmpdir(), "attestation-"));
    await assert.rejects(openGraminePlatform(directory), { code: "attestation-type-missing" });
  });

  it("refuses an enclave without remote attestation", async () => {
    await assert.rejects(openGraminePlatform(await plainDirectory({ attestation_type: "none" })), {
      code: "attestation-disabled",
      remedy: 'set sgx.remote_attestation = "dcap" in the manifest',
    });
  });

  for (const type of ["epid", "", "dcap\n", "DCAP", "dcap".repeat(100)]) {
    it(`refuses attestation of type ${JSON.stringify(type.slice(0, 8))}`, async () => {
      await assert.rejects(openGraminePlatform(await plainDirectory({ attestation_type: type })), {
        code: "attestation-type-unsupported",
      });
    });
  }

  it("names a missing quote", async () => {
    const platform = await openGraminePlatform(await plainDirectory({}));
    await assert.rejects(platform.quote(reportData(1)), { code: "quote-missing" });
  });

  it("names a quote that cannot be made", async () => {
    const directory = await plainDirectory({});
    await mkdir(join(directory, "quote"));
    const platform = await openGraminePlatform(directory);
    await assert.rejects(platform.quote(reportData(1)), { code: "quote-not-made" });
  });

  it("refuses a quote that is too long, without reading all of it", async () => {
    const platform = await openGraminePlatform(await plainDirectory({ quote: new Uint8Array(8193) }));
    await assert.rejects(platform.quote(reportData(1)), { code: "quote-too-long" });
  });

  it("refuses bytes that are no quote", async () => {
    const platform = await openGraminePlatform(await plainDirectory({ quote: new Uint8Array(4600) }));
    await assert.rejects(platform.quote(reportData(1)), { code: "quote-malformed" });
  });

  it("refuses a quote over other report data, as when someone wrote in between", async () => {
    const platform = await openGraminePlatform(await plainDirectory({ quote: await quoteOver(reportData(9)) }));
    await assert.rejects(platform.quote(reportData(1)), { code: "quote-not-for-report-data" });
  });

  it("does not make user_report_data where Gramine has none", async () => {
    const directory = await plainDirectory({});
    await rm(join(directory, "user_report_data"));
    const platform = await openGraminePlatform(directory);
    await assert.rejects(platform.quote(reportData(1)), { code: "report-data-not-written" });
    assert.deepEqual(await readdir(directory), ["attestation_type"]);
  });

  for (const length of [0, 63, 65, 128]) {
    it(`refuses ${length} bytes of report data`, async () => {
      const platform = await openGraminePlatform(await plainDirectory({ quote: await quoteOver(reportData(0)) }));
      await assert.rejects(platform.quote(new Uint8Array(length)), { code: "bad-report-data" });
    });
  }

  it("refuses quotes after it was closed", async () => {
    const platform = await openGraminePlatform(await plainDirectory({ quote: await quoteOver(reportData(0)) }));
    await platform.quote(reportData(0));
    await platform.close();
    await assert.rejects(platform.quote(reportData(0)), { code: "platform-closed" });
  });
});
