import assert from "node:assert/strict";
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { trustedRootFromPem, verifyEvidence } from "@sealserve/attestation";
import { loadOrCreateVendor, vendorRootFile } from "../src/state/vendor-state.ts";

const base = await mkdtemp(join(tmpdir(), "vendor-"));
after(() => rm(base, { recursive: true, force: true }));

let directories = 0;
const newDirectory = (): string => join(base, `${directories++}`, "state");

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

async function damaged(change: (folder: string) => Promise<unknown>, code = "state-damaged"): Promise<void> {
  const state = newDirectory();
  await loadOrCreateVendor(state);
  await change(join(state, "vendor"));
  await assert.rejects(loadOrCreateVendor(state), { name: "SimulatorError", code });
}

describe("state of the simulated vendor", () => {
  it("is made at first use, with keys for the owner only", async () => {
    const state = newDirectory();
    await loadOrCreateVendor(state);
    const folder = join(state, "vendor");
    const names = (await readdir(folder)).sort();
    assert.deepEqual(
      names,
      ["pck", "platform-ca", "root", "tcb-signing"].flatMap((name) => [`${name}.key`, `${name}.pem`]),
    );
    for (const name of names) {
      assert.equal(await modeOf(join(folder, name)), name.endsWith(".key") ? 0o600 : 0o644, name);
    }
    assert.deepEqual(await readdir(state), ["vendor"]);
  });

  it("keeps private keys out of the public files", async () => {
    const state = newDirectory();
    await loadOrCreateVendor(state);
    assert.match(await readFile(vendorRootFile(state), "utf8"), /^-----BEGIN CERTIFICATE-----\n[^-]+-----END CERT/);
    assert.match(await readFile(join(state, "vendor/root.key"), "utf8"), /^-----BEGIN PRIVATE KEY-----/);
  });

  it("gives the same vendor the next time: old quotes hold under its root with new collateral", async () => {
    const state = newDirectory();
    const first = await loadOrCreateVendor(state);
    const second = await loadOrCreateVendor(state);
    assert.equal(second.rootPem, first.rootPem);
    assert.equal(await readFile(vendorRootFile(state), "utf8"), first.rootPem);
    assert.deepEqual(second.machine, first.machine);
    const now = new Date();
    const quote = await first.quote({ mrEnclave: "00".repeat(32), reportData: new Uint8Array(64) });
    const root = await trustedRootFromPem(second.rootPem);
    assert.equal((await verifyEvidence(quote, await second.collateral({ now }), { now, root })).tcbStatus, "UpToDate");
  });

  it("is the same vendor for all who come first at once", async () => {
    const state = newDirectory();
    const vendors = await Promise.all(Array.from({ length: 5 }, () => loadOrCreateVendor(state)));
    assert.equal(new Set(vendors.map(({ rootPem }) => rootPem)).size, 1);
    assert.deepEqual(await readdir(state), ["vendor"]);
  });

  it("uses an existing directory, whatever else is in it", async () => {
    const state = newDirectory();
    await mkdir(state, { recursive: true });
    await writeFile(join(state, "platform.log"), "");
    await loadOrCreateVendor(state);
    assert.deepEqual((await readdir(state)).sort(), ["platform.log", "vendor"]);
  });

  it("is refused where others may read a key", async () => {
    for (const mode of [0o640, 0o604, 0o644, 0o660]) {
      await damaged((folder) => chmod(join(folder, "pck.key"), mode), "state-exposed");
    }
  });

  it("is refused when a file is missing, empty or damaged", async () => {
    await damaged((folder) => rm(join(folder, "pck.key")));
    await damaged((folder) => rm(join(folder, "root.pem")));
    await damaged((folder) => writeFile(join(folder, "tcb-signing.pem"), ""));
    await damaged((folder) => writeFile(join(folder, "platform-ca.key"), "not a key"));
    await damaged(async (folder) => {
      const pem = await readFile(join(folder, "root.pem"), "utf8");
      await writeFile(join(folder, "root.pem"), pem + pem);
    });
  });

  it("is refused when key and certificate do not belong together", async () => {
    await damaged((folder) => copyFile(join(folder, "root.key"), join(folder, "pck.key")));
    await damaged((folder) => copyFile(join(folder, "tcb-signing.pem"), join(folder, "platform-ca.pem")));
  });

  it("is refused when the PCK certificate is none", async () => {
    await damaged(async (folder) => {
      await copyFile(join(folder, "root.key"), join(folder, "pck.key"));
      await copyFile(join(folder, "root.pem"), join(folder, "pck.pem"));
    });
  });

  it("says so where it cannot be kept", async () => {
    const file = join(base, "file");
    await writeFile(file, "");
    await assert.rejects(loadOrCreateVendor(join(file, "state")), { code: "state-unwritable" });
  });

  it("leaves nothing behind when it cannot be completed", async () => {
    const state = newDirectory();
    await mkdir(state, { recursive: true });
    await writeFile(join(state, "vendor"), "in the way");
    await assert.rejects(loadOrCreateVendor(state), { name: "SimulatorError" });
    assert.deepEqual(await readdir(state), ["vendor"]);
  });
});
