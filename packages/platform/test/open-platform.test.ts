import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { findPlatform, openPlatform } from "../src/open-platform.ts";
import { plainDirectory } from "./gramine-directory.ts";
import { tsmDirectory } from "./tsm-directory.ts";

const base = await mkdtemp(join(tmpdir(), "choose-"));
after(() => rm(base, { recursive: true }));
const missing = join(base, "missing");

describe("choice of a platform", () => {
  it("opens the one that is named", async () => {
    const directory = await plainDirectory({});
    assert.equal((await openPlatform({ kind: "gramine", directory })).tee, "sgx");
  });

  it("takes no other when the named one is not there", async () => {
    await assert.rejects(openPlatform({ kind: "gramine", directory: missing }), {
      code: "attestation-directory-missing",
    });
    await assert.rejects(openPlatform({ kind: "tdx", directory: missing }), { code: "tsm-directory-missing" });
    await assert.rejects(openPlatform({ kind: "snp", directory: missing }), { code: "tsm-directory-missing" });
    await assert.rejects(openPlatform({ kind: "simulated", socketPath: missing }), { code: "platform-unreachable" });
  });

  it("finds Gramine", async () => {
    const gramine = await plainDirectory({});
    assert.deepEqual(await findPlatform({ gramine, tsm: missing }), { kind: "gramine", directory: gramine });
  });

  for (const [provider, kind] of [
    ["tdx_guest", "tdx"],
    ["sev_guest", "snp"],
  ] as const) {
    it(`finds ${kind} by the driver's name`, async () => {
      const { directory: tsm, files } = await tsmDirectory({ provider, report: () => new Uint8Array(0) });
      assert.deepEqual(await findPlatform({ gramine: missing, tsm, files }), { kind, directory: tsm });
    });
  }

  it("refuses a driver that it does not know", async () => {
    const { directory: tsm, files } = await tsmDirectory({
      provider: "arm_cca_guest",
      report: () => new Uint8Array(0),
    });
    await assert.rejects(findPlatform({ gramine: missing, tsm, files }), {
      code: "tsm-provider-mismatch",
      actual: "arm_cca_guest",
    });
  });

  it("decides nothing when there is neither or both, and never finds a simulated platform", async () => {
    const gramine = await plainDirectory({});
    const tsm = join(base, "tsm");
    await mkdir(tsm);
    await assert.rejects(findPlatform({ gramine: missing, tsm: missing }), {
      code: "platform-undecided",
      actual: "neither",
    });
    await assert.rejects(findPlatform({ gramine, tsm }), { code: "platform-undecided", actual: "both" });
  });
});
