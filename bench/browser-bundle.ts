/**
 * Size of what a page loads to check evidence, beside a published verifier of SGX and TDX quotes that is bundled in the
 * same way. The peer bundles without shims of ours: it brings `buffer`, and its own manifest leaves out `crypto` and
 * `node-fetch` for browsers. `npm run bench:bundle`
 */
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { printFigure } from "./harness.ts";

const TARGET_BYTES = 40_000;

interface BundleSize {
  readonly bytes: number;
  readonly gzipBytes: number;
}

const ours = await bundleSize("browser-entry.ts");
const peer = await bundleSize("browser-entry-peer.ts");
printFigure({
  name: "browser bundle of evidence verification",
  ratio: Number((ours.gzipBytes / peer.gzipBytes).toPrecision(3)),
  ratioOf: "gzip -9 of ours to @phala/dcap-qvl 0.3.9",
  ours,
  peer,
  targetGzipBytes: TARGET_BYTES,
});

async function bundleSize(entry: string): Promise<BundleSize> {
  const { outputFiles } = await build({
    entryPoints: [resolve(import.meta.dirname, entry)],
    bundle: true,
    minify: true,
    platform: "browser",
    format: "esm",
    write: false,
    logLevel: "silent",
  });
  const bytes = outputFiles.reduce((sum, { contents }) => sum + contents.length, 0);
  const gzipBytes = outputFiles.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0);
  return { bytes, gzipBytes };
}
