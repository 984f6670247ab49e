/**
 * TEMPORARY: bundles of `@sealserve/simulator` the simulated vendor alone, without the servers beside it. Once the package
 * has the subpath `@sealserve/simulator/vendor`, `alias: { "@sealserve/simulator": "@sealserve/simulator/vendor" }` in
 * `bundle.ts` does the same in place of this plugin, and this file goes.
 */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Plugin } from "esbuild";

const INDEX = resolve(import.meta.dirname, "../../packages/simulator/src/index.ts");
const EXPORT_OF_VENDOR = /^export [^;]*? from "\.\/vendor\/(?!vendor-state)[^"]+";$/gm;

export const vendorOnly: Plugin = {
  name: "vendor-only",
  setup(bundler) {
    bundler.onResolve({ filter: /^@sealserve\/simulator$/ }, () => ({ path: INDEX, namespace: "vendor" }));
    bundler.onLoad({ filter: /./, namespace: "vendor" }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).match(EXPORT_OF_VENDOR)?.join("\n") ?? "",
      loader: "ts",
      resolveDir: dirname(path),
    }));
  },
};
