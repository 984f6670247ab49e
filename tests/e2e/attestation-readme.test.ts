// The examples of packages/attestation/README.md, run as they stand there; only the vendor's root is the simulator's.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { encodeCollateralFile } from "@sealserve/attestation";
import { createVendor, type Vendor } from "@sealserve/simulator";
import { CHECKOUT, Running } from "./command.ts";

const REPORT_DATA = new Uint8Array(64).fill(7);
const MR_ENCLAVE = "5e".repeat(32);

/** The TypeScript blocks of the page, in order, made to trust the root in `root.pem`. */
async function examples(): Promise<string[]> {
  const page = await readFile(join(CHECKOUT, "packages/attestation/README.md"), "utf8");
  const prelude = `import { readFileSync } from "node:fs";
import { trustedRootFromPem } from "@sealserve/attestation";
const vendorRoot = await trustedRootFromPem(readFileSync(new URL("root.pem", import.meta.url), "utf8"));
`;
  return [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
    ([, code = ""]) => prelude + code.replace(/ vendorRoot,/, ""),
  );
}

describe("the README of the attestation package", () => {
  let folder: string;
  let vendor: Vendor;

  before(async () => {
    // Inside the checkout, where the packages are found by their names.
    await mkdir(join(CHECKOUT, "build"), { recursive: true });
    folder = await mkdtemp(join(CHECKOUT, "build", "readme-"));
    vendor = await createVendor({ now: new Date(Date.now() - 60_000) });
    await writeFile(join(folder, "root.pem"), vendor.rootPem);
    await writeFile(join(folder, "collateral.json"), encodeCollateralFile(await vendor.collateral()));
    await writeFile(join(folder, "expected-report-data.bin"), REPORT_DATA);
    for (const [index, code] of (await examples()).entries()) {
      await writeFile(join(folder, `example-${index}.ts`), code);
    }
  });

  after(() => rm(folder, { recursive: true, force: true }));

  async function writeQuote(reportData: Uint8Array): Promise<Uint8Array> {
    const quote = await vendor.quote({ mrEnclave: MR_ENCLAVE, reportData });
    await writeFile(join(folder, "quote.bin"), quote);
    return quote;
  }

  async function runFirst(): Promise<string> {
    const { stdout, stderr, code } = await new Running(process.execPath, ["example-0.ts"], { cwd: folder }).finished;
    assert.equal(code, 0, stderr);
    return stdout.trim();
  }

  it("accepts on Node what it should, and says why it does not accept the rest", async () => {
    const quote = await writeQuote(REPORT_DATA);
    assert.equal(await runFirst(), "accepted");
    await writeQuote(new Uint8Array(64));
    assert.match(await runFirst(), /report-data-mismatch/);
    await writeFile(join(folder, "quote.bin"), quote.with(200, (quote[200] ?? 0) ^ 1));
    assert.match(await runFirst(), /not genuine.*quote-signature-invalid/);
  });

  it("checks a node as a page would", async () => {
    const quote = await writeQuote(REPORT_DATA);
    const server = createServer((request, response) => {
      response.end(request.url === "/quote" ? quote : undefined);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const collateral = await readFile(join(folder, "collateral.json"), "utf8");
    const originalFetch = globalThis.fetch;
    // A page's own files come from its own origin.
    globalThis.fetch = async (url, init) =>
      url === "/collateral.json" ? new Response(collateral) : originalFetch(url, init);
    try {
      const { isTrusted } = (await import(join(folder, "example-1.ts"))) as {
        isTrusted: (origin: string, reportData: Uint8Array, policy: unknown) => Promise<boolean>;
      };
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      assert.equal(await isTrusted(origin, REPORT_DATA, { sgx: { mrEnclave: [MR_ENCLAVE] } }), true);
      assert.equal(await isTrusted(origin, REPORT_DATA, { sgx: { mrEnclave: [`${"00".repeat(31)}01`] } }), false);
      await assert.rejects(isTrusted(origin, REPORT_DATA, {}), { code: "policy-unpinned" });
    } finally {
      globalThis.fetch = originalFetch;
      server.close();
    }
  });
});
