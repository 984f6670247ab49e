import assert from "node:assert/strict";
import { chmod, copyFile, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { verifySignedBy } from "@sealserve/core";
import { loadOrCreateSnpVendor, snpRootFile } from "../src/state/snp-vendor-state.ts";
import { loadOrCreateVendor } from "../src/state/vendor-state.ts";
import { isSignedBy, readSnpReport } from "./read-snp-report.ts";

const state = await mkdtemp(join(tmpdir(), "snp-vendor-"));
after(() => rm(state, { recursive: true, force: true }));

await loadOrCreateVendor(state);
const before = await readdir(state);
const turin = await loadOrCreateSnpVendor(state, "Turin");
const folder = join(state, "snp-turin");

/** Changes the folder, expects it to be refused, and puts everything back. */
async function damaged(change: () => Promise<unknown>, code = "state-damaged"): Promise<void> {
  const names = await readdir(folder);
  const kept = await Promise.all(names.map((name) => readFile(join(folder, name))));
  await change();
  await assert.rejects(loadOrCreateSnpVendor(state, "Turin"), { name: "SimulatorError", code });
  await Promise.all(
    names.map(async (name, index) => {
      await writeFile(join(folder, name), kept[index] ?? "");
      await chmod(join(folder, name), name.endsWith(".key") ? 0o600 : 0o644);
    }),
  );
}

describe("state of the simulated SEV-SNP vendor", () => {
  it("is made when it is asked for, and not before", async () => {
    assert.deepEqual(before, ["vendor"]);
    assert.deepEqual((await readdir(state)).sort(), ["snp-turin", "vendor"]);
    const names = (await readdir(folder)).sort();
    assert.deepEqual(
      names,
      ["ark", "ask", "asvk", "vcek", "vlek"].flatMap((name) => [`${name}.key`, `${name}.pem`]),
    );
    for (const name of names) {
      const { mode } = await stat(join(folder, name));
      assert.equal(mode & 0o777, name.endsWith(".key") ? 0o600 : 0o644, name);
    }
  });

  it("gives the same vendor and processor the next time", async () => {
    const again = await loadOrCreateSnpVendor(state, "Turin");
    assert.equal(again.arkPem, turin.arkPem);
    assert.equal(await readFile(snpRootFile(state, "Turin"), "utf8"), turin.arkPem);
    assert.deepEqual([again.tcb, again.hardwareId], [turin.tcb, turin.hardwareId]);
    const report = await again.report({ measurement: "5e".repeat(48), reportData: new Uint8Array(64) });
    assert.ok(await isSignedBy(report, turin.vcek.key.publicKeyInfo));
    assert.equal(readSnpReport(report).reportedTcb, "010201040000004f");
    assert.ok(await verifySignedBy(again.vlek.certificate, turin.asvk.key.publicKeyInfo));
  });

  it("is refused where others may read a key", async () => {
    await damaged(() => chmod(join(folder, "ark.key"), 0o644), "state-exposed");
  });

  it("is refused when a file is missing or damaged, or a key is of another certificate", async () => {
    await damaged(() => rm(join(folder, "vlek.pem")));
    await damaged(() => writeFile(join(folder, "ask.key"), "not a key"));
    await damaged(() => copyFile(join(folder, "ask.key"), join(folder, "ark.key")));
    await damaged(() => copyFile(join(folder, "ark.key"), join(folder, "vcek.key")));
  });

  it("is refused when the VCEK describes no processor", async () => {
    await damaged(async () => {
      await copyFile(join(folder, "vlek.key"), join(folder, "vcek.key"));
      await copyFile(join(folder, "vlek.pem"), join(folder, "vcek.pem"));
    });
  });

  it("is refused when it is that of another product", async () => {
    for (const product of ["Milan", "Genoa"] as const) {
      const other = join(state, `snp-${product.toLowerCase()}`);
      await rename(folder, other);
      await assert.rejects(loadOrCreateSnpVendor(state, product), { code: "state-damaged" });
      await rename(other, folder);
    }
  });
});
