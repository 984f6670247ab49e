import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseEvidence, SNP_EVIDENCE_MAX_LENGTH, SNP_REPORT_LENGTH } from "@sealserve/attestation";
import { concatBytes } from "@sealserve/core";
import { createVendor, sharedSnpVendor } from "@sealserve/simulator/vendor";
import type { Platform } from "../src/platform.ts";
import type { TsmTee } from "../src/tsm/make-report.ts";
import { openTsmPlatform, type TsmOptions } from "../src/tsm/tsm-platform.ts";
import {
  countGenerationUp,
  systemError,
  type TsmDirectory,
  type TsmDirectoryOptions,
  tsmDirectory,
} from "./tsm-directory.ts";

const vendor = await createVendor({ now: new Date() });
const snpVendor = await sharedSnpVendor("Milan", new Date());
const reportData = (byte: number): Uint8Array => new Uint8Array(64).fill(byte);
const tdQuote = (data: Uint8Array): Promise<Uint8Array> => vendor.tdxQuote({ mrTd: "7d".repeat(48), reportData: data });
const snpReport = (data: Uint8Array, vmpl: number): Promise<Uint8Array> =>
  snpVendor.report({ measurement: "5e".repeat(48), reportData: data, vmpl });
const certificateTable = snpVendor.certificateTable();
const snpOptions = { provider: "sev_guest", report: snpReport, auxiliary: certificateTable, floor: 0 } as const;

async function open(tee: TsmTee, tsm: TsmDirectory, options: TsmOptions = {}): Promise<Platform> {
  return await openTsmPlatform(tee, {
    directory: tsm.directory,
    files: tsm.files,
    retryDelaysMs: [0, 0],
    ...options,
  });
}

/** Interferes with each operation of a name, from the first after opening on, as often as stated. */
function interfering(operation: string, times: number, act: (entry: string) => Promise<void> | void) {
  let left = times;
  return async (current: string, entry: string): Promise<void> => {
    if (current === operation && left > 0) {
      left--;
      await act(entry);
    }
  };
}

const failing = (operation: string, code: string, times = Number.POSITIVE_INFINITY) =>
  interfering(operation, times, () => {
    throw systemError(code);
  });

async function refusedWith(
  options: Partial<TsmDirectoryOptions>,
  expected: object,
  tee: TsmTee = "tdx",
): Promise<void> {
  const usual = tee === "tdx" ? { report: tdQuote } : snpOptions;
  const tsm = await tsmDirectory({ ...usual, ...options });
  const platform = await open(tee, tsm);
  await assert.rejects(platform.quote(reportData(1)), { name: "PlatformError", ...expected });
  assert.deepEqual(await tsm.entries(), [], "no entry is left behind");
}

describe("TDX through Linux's report interface", () => {
  it("gets a quote over the report data it was given, each through an entry of its own", async () => {
    const tsm = await tsmDirectory({ report: tdQuote });
    const platform = await open("tdx", tsm);
    assert.deepEqual([platform.tee, platform.simulated], ["tdx", false]);
    const quotes = await Promise.all([1, 2, 3].map((byte) => platform.quote(reportData(byte))));
    assert.deepEqual(
      quotes.map((quote) => parseEvidence(quote).report.reportData[0]),
      [1, 2, 3],
    );
    assert.deepEqual(await tsm.entries(), []);
    assert.equal(tsm.operations.filter((operation) => operation === "make").length, 4);
  });

  it("asks in the order that the kernel's document wants, and for nothing of SEV-SNP", async () => {
    const tsm = await tsmDirectory({ report: tdQuote });
    const platform = await open("tdx", tsm);
    tsm.operations.length = 0;
    await platform.quote(reportData(1));
    assert.deepEqual(tsm.operations, [
      "make",
      "read provider",
      "read generation",
      "write inblob",
      "read generation",
      "read outblob",
      "read generation",
      "remove",
    ]);
  });

  it("takes names that nobody can guess", async () => {
    const names = new Set<string>();
    const tsm = await tsmDirectory({ report: tdQuote, intervene: (_operation, entry) => void names.add(entry) });
    const platform = await open("tdx", tsm);
    await platform.quote(reportData(1));
    assert.equal(names.size, 2);
    for (const name of names) {
      assert.match(name, /\/sealserve-[0-9a-f]{32}$/);
    }
  });

  for (const code of ["EBUSY", "EAGAIN", "EINTR"]) {
    it(`tries again when the kernel says ${code}, with a new entry`, async () => {
      const tsm = await tsmDirectory({ report: tdQuote, intervene: failing("read outblob", code, 2) });
      const platform = await open("tdx", tsm);
      await platform.quote(reportData(1));
      assert.equal(tsm.operations.filter((operation) => operation === "make").length, 4);
      assert.deepEqual(await tsm.entries(), []);
    });
    it(`gives up when the kernel goes on saying ${code}`, async () => {
      await refusedWith({ intervene: failing("read outblob", code) }, { code: "tsm-busy", actual: code });
    });
  }

  for (const operation of ["write inblob", "read outblob"]) {
    it(`tries again when another program writes before "${operation}"`, async () => {
      const tsm = await tsmDirectory({ report: tdQuote, intervene: interfering(operation, 1, countGenerationUp) });
      const platform = await open("tdx", tsm);
      assert.deepEqual(parseEvidence(await platform.quote(reportData(1))).report.reportData, reportData(1));
    });
    it(`refuses when another program always writes before "${operation}"`, async () => {
      const intervene = interfering(operation, Number.POSITIVE_INFINITY, countGenerationUp);
      await refusedWith({ intervene }, { code: "tsm-generation-changed" });
    });
  }

  it("notices report data that the kernel did not take, although writing reports no error", async () => {
    const countBack = async (entry: string): Promise<void> => writeFile(join(entry, "generation"), "0\n");
    const tsm = await tsmDirectory({ report: tdQuote });
    let generations = 0;
    const files = {
      ...tsm.files,
      read: async (path: string, limit: number) => {
        if (path.endsWith("/generation") && ++generations % 2 === 0) {
          await countBack(join(path, ".."));
        }
        return await tsm.files.read(path, limit);
      },
    };
    const platform = await open("tdx", tsm, { files });
    await assert.rejects(platform.quote(reportData(1)), { code: "tsm-generation-changed", expected: "1", actual: "0" });
    assert.equal(tsm.operations.includes("read outblob"), false, "no report is made over other report data");
  });

  it("tries again when its entry is removed, and gives up when that goes on", async () => {
    const remove = (entry: string): Promise<void> => rm(entry, { recursive: true });
    const tsm = await tsmDirectory({ report: tdQuote, intervene: interfering("write inblob", 1, remove) });
    await (await open("tdx", tsm)).quote(reportData(1));
    const always = interfering("write inblob", Number.POSITIVE_INFINITY, remove);
    await refusedWith({ intervene: always }, { code: "tsm-attribute-missing", actual: "ENOENT" });
  });

  it("takes another name when its entry's exists", async () => {
    let makes = 0;
    const exists = interfering("make", Number.POSITIVE_INFINITY, () => {
      if (++makes === 2) {
        throw systemError("EEXIST");
      }
    });
    const tsm = await tsmDirectory({ report: tdQuote, intervene: exists });
    await (await open("tdx", tsm)).quote(reportData(1));
  });

  it("does not try again when there is nothing to hope for", async () => {
    const tsm = await tsmDirectory({ report: tdQuote, intervene: failing("read outblob", "EIO") });
    const platform = await open("tdx", tsm);
    await assert.rejects(platform.quote(reportData(1)), { code: "quote-not-made", actual: "EIO" });
    assert.equal(tsm.operations.filter((operation) => operation === "read outblob").length, 1);
    assert.deepEqual(await tsm.entries(), []);
  });

  for (const [operation, error, code] of [
    ["read outblob", "EINVAL", "quote-not-made"],
    ["read outblob", "ENXIO", "quote-not-made"],
    ["read outblob", "ETIMEDOUT", "quote-not-made"],
    ["read outblob", "EFBIG", "quote-too-long"],
    ["read generation", "EIO", "tsm-attribute-missing"],
    ["write inblob", "EINVAL", "report-data-not-written"],
    ["write inblob", "EACCES", "tsm-not-permitted"],
  ] as const) {
    it(`says what ${error} means at "${operation}"`, async () => {
      await refusedWith({ intervene: failing(operation, error) }, { code, actual: error });
    });
  }

  it("refuses an empty, a short, an endless and another quote", async () => {
    await refusedWith({ report: () => new Uint8Array(0) }, { code: "quote-empty" });
    await refusedWith({ report: async (data) => (await tdQuote(data)).subarray(0, 700) }, { code: "quote-malformed" });
    await refusedWith({ report: () => new Uint8Array(16 * 1024 + 1) }, { code: "quote-too-long" });
    await refusedWith({ report: () => tdQuote(reportData(9)) }, { code: "quote-not-for-report-data" });
    const sgx = (data: Uint8Array): Promise<Uint8Array> =>
      vendor.quote({ mrEnclave: "00".repeat(32), reportData: data });
    await refusedWith({ report: sgx }, { code: "quote-malformed", expected: "tdx", actual: "sgx" });
  });

  for (const generation of ["", "x\n", "-1\n", "1 2\n", "1".repeat(21), "1".repeat(100)]) {
    it(`refuses the generation ${JSON.stringify(generation.slice(0, 24))}`, async () => {
      const write = (entry: string): Promise<void> => writeFile(join(entry, "generation"), generation);
      const intervene = interfering("read generation", Number.POSITIVE_INFINITY, write);
      await refusedWith({ intervene }, { code: "tsm-attribute-missing" });
    });
  }

  it("refuses a machine of another kind when opened, and when it changes later", async () => {
    const snp = await tsmDirectory(snpOptions);
    await assert.rejects(open("tdx", snp), {
      code: "tsm-provider-mismatch",
      expected: "tdx_guest",
      actual: "sev_guest",
    });
    assert.deepEqual(await snp.entries(), []);
    const other = (entry: string): Promise<void> => writeFile(join(entry, "provider"), "sev_guest\n");
    let opened = false;
    const tsm = await tsmDirectory({
      report: tdQuote,
      intervene: interfering("read provider", Number.POSITIVE_INFINITY, (entry) => (opened ? other(entry) : undefined)),
    });
    const platform = await open("tdx", tsm);
    opened = true;
    await assert.rejects(platform.quote(reportData(1)), { code: "tsm-provider-mismatch" });
  });

  it("says when there is no driver, no permission, or no report interface", async () => {
    for (const [error, code] of [
      ["ENXIO", "tsm-provider-missing"],
      ["EACCES", "tsm-not-permitted"],
      ["EPERM", "tsm-not-permitted"],
      ["ENOMEM", "tsm-provider-missing"],
    ] as const) {
      const tsm = await tsmDirectory({ report: tdQuote, intervene: failing("make", error) });
      await assert.rejects(open("tdx", tsm), { code, actual: error });
    }
    await assert.rejects(openTsmPlatform("tdx", { directory: "/nonexistent/tsm/report" }), {
      code: "tsm-directory-missing",
    });
  });

  it("refuses an ordinary folder and leaves it as it was", async () => {
    const directory = await mkdtemp(join(tmpdir(), "ordinary-"));
    await assert.rejects(openTsmPlatform("tdx", { directory }), { code: "tsm-attribute-missing" });
    assert.deepEqual(await readdir(directory), []);
    await rm(directory, { recursive: true });
  });

  it("does not wait for ever, and cleans up when the kernel answers at last", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const tsm = await tsmDirectory({ report: tdQuote, intervene: interfering("read outblob", 1, () => held) });
    const platform = await open("tdx", tsm, { timeoutMs: 100 });
    const patient = await open("tdx", tsm);
    const [first, second] = [platform.quote(reportData(1)), platform.quote(reportData(2))];
    await assert.rejects(first, { code: "quote-timeout" });
    await assert.rejects(second, { code: "quote-timeout" });
    assert.equal((await tsm.entries()).length, 1, "the kernel still works on it");
    release();
    await patient.quote(reportData(3));
    assert.deepEqual(await tsm.entries(), []);
    assert.equal(
      tsm.operations.filter((operation) => operation === "make").length,
      4,
      "nothing was begun for the second",
    );
  });

  it("does not try again once nobody waits any more", async () => {
    const tsm = await tsmDirectory({ report: tdQuote, intervene: failing("read outblob", "EBUSY") });
    const platform = await open("tdx", tsm, { timeoutMs: 50, retryDelaysMs: [200] });
    await assert.rejects(platform.quote(reportData(1)), { code: "quote-timeout" });
    await new Promise((resolve) => {
      setTimeout(resolve, 400);
    });
    assert.equal(tsm.operations.filter((operation) => operation === "make").length, 2);
  });

  it("gives the quote although the entry cannot be removed", async () => {
    const tsm = await tsmDirectory({ report: tdQuote, intervene: failing("remove", "EBUSY") });
    await (await open("tdx", tsm)).quote(reportData(1));
  });

  for (const length of [0, 63, 65]) {
    it(`refuses ${length} bytes of report data before asking`, async () => {
      const tsm = await tsmDirectory({ report: tdQuote });
      const platform = await open("tdx", tsm);
      tsm.operations.length = 0;
      await assert.rejects(platform.quote(new Uint8Array(length)), { code: "bad-report-data" });
      assert.deepEqual(tsm.operations, []);
    });
  }

  it("refuses quotes after it was closed", async () => {
    const platform = await open("tdx", await tsmDirectory({ report: tdQuote }));
    await platform.close();
    await assert.rejects(platform.quote(reportData(1)), { code: "platform-closed" });
  });
});

describe("SEV-SNP through Linux's report interface", () => {
  it("gives the report with the host's certificate table behind it", async () => {
    const tsm = await tsmDirectory(snpOptions);
    const platform = await open("snp", tsm);
    assert.equal(platform.tee, "snp");
    const evidence = await platform.quote(reportData(4));
    assert.equal(evidence.length, 1184 + certificateTable.length);
    const parsed = parseEvidence(evidence);
    assert.deepEqual([parsed.tee, parsed.report.reportData], ["snp", reportData(4)]);
    assert.deepEqual(evidence.subarray(1184), certificateTable);
  });

  it("gives the report alone when the host adds no certificates", async () => {
    const platform = await open("snp", await tsmDirectory({ ...snpOptions, auxiliary: new Uint8Array(0) }));
    assert.equal((await platform.quote(reportData(4))).length, 1184);
  });

  it("asks for the lowest level it may have, or for the one it was told", async () => {
    const vmplOf = async (floor: number, privilegeLevel?: number): Promise<number | undefined> => {
      const tsm = await tsmDirectory({ ...snpOptions, floor });
      const platform = await open("snp", tsm, { privilegeLevel });
      return (await platform.quote(reportData(1)))[0x30];
    };
    assert.deepEqual([await vmplOf(0), await vmplOf(2), await vmplOf(1, 3)], [0, 2, 3]);
  });

  it("refuses a level below the floor", async () => {
    const platform = await open("snp", await tsmDirectory({ ...snpOptions, floor: 2 }), { privilegeLevel: 1 });
    await assert.rejects(platform.quote(reportData(1)), { code: "tsm-privilege-level-refused", actual: "EINVAL" });
  });

  it("expects the generation to count the level too", async () => {
    const dropped = async (entry: string): Promise<void> => {
      await writeFile(join(entry, "generation"), String(Number(await readFile(join(entry, "generation"), "utf8")) - 1));
    };
    await refusedWith(
      { intervene: interfering("write inblob", Number.POSITIVE_INFINITY, dropped) },
      { code: "tsm-generation-changed", expected: "2", actual: "1" },
      "snp",
    );
  });

  it("refuses a report of another length, an endless table, and other report data", async () => {
    const shorter = async (data: Uint8Array): Promise<Uint8Array> => (await snpReport(data, 0)).subarray(0, 1183);
    const longer = async (data: Uint8Array): Promise<Uint8Array> =>
      concatBytes(await snpReport(data, 0), new Uint8Array(1));
    await refusedWith({ report: () => new Uint8Array(0) }, { code: "quote-empty" }, "snp");
    await refusedWith({ report: shorter }, { code: "quote-malformed", actual: "1183 bytes" }, "snp");
    await refusedWith({ report: longer }, { code: "quote-too-long" }, "snp");
    await refusedWith(
      { auxiliary: new Uint8Array(SNP_EVIDENCE_MAX_LENGTH - SNP_REPORT_LENGTH + 1) },
      { code: "quote-too-long" },
      "snp",
    );
    await refusedWith({ auxiliary: new Uint8Array(100).fill(7) }, { code: "quote-malformed" }, "snp");
    await refusedWith({ report: () => snpReport(reportData(9), 0) }, { code: "quote-not-for-report-data" }, "snp");
  });

  it("refuses a certificate table of another generation", async () => {
    const intervene = interfering("read auxblob", Number.POSITIVE_INFINITY, countGenerationUp);
    await refusedWith({ intervene }, { code: "tsm-generation-changed" }, "snp");
  });
});
