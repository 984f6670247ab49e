/**
 * Puts the program of the engine's thread, which is compiled by then, into one file beside it. Node takes some four times as long to
 * find and load its hundreds of modules one by one, and each load of a model waits for that. `npm run build` runs it.
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { build } from "esbuild";

const engine = resolve(import.meta.dirname, "../packages/models/dist/engine");
const target = resolve(engine, "worker.bundle.js");

const { outputFiles } = await build({
  entryPoints: [resolve(engine, "worker.js")],
  outfile: target,
  bundle: true,
  platform: "node",
  format: "esm",
  // What is native, or comes in when it is asked for.
  external: ["onnxruntime-node", "koffi"],
  // Errors are known by the names of their classes.
  keepNames: true,
  write: false,
  logLevel: "warning",
});
const [bundle] = outputFiles;
if (bundle === undefined) {
  throw new Error("the engine's thread was not bundled");
}
const before = await readFile(target).catch(() => new Uint8Array());
if (Buffer.compare(before, bundle.contents) !== 0) {
  // Whoever starts a thread meanwhile gets the file before or the one behind.
  const unfinished = `${target}.${process.pid}`;
  await writeFile(unfinished, bundle.contents);
  await rename(unfinished, target);
}
