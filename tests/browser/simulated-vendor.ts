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
const QUOTING_ENCLAVE = /\/vendor\/quoting-enclave\.ts$/;

export const vendorOnly: Plugin = {
  name: "vendor-only",
  setup(bundler) {
    bundler.onResolve({ filter: /^@sealserve\/simulator$/ }, () => ({ path: INDEX, namespace: "vendor" }));
    bundler.onLoad({ filter: /./, namespace: "vendor" }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).match(EXPORT_OF_VENDOR)?.join("\n") ?? "",
      loader: "ts",
      resolveDir: dirname(path),
    }));
    // Its digests by `node:crypto` are constants: they are computed here, before the bundle is made.
    bundler.onLoad({ filter: QUOTING_ENCLAVE }, async ({ path }) => ({ contents: constantsOf(await import(path)) }));
  },
};

function constantsOf(exported: Readonly<Record<string, Readonly<Record<string, unknown>>>>): string {
  return Object.entries(exported)
    .map(([name, members]) => `export const ${name} = { ${Object.entries(members).map(literal).join(", ")} };`)
    .join("\n");
}

function literal([name, value]: [string, unknown]): string {
  return `${name}: ${typeof value === "bigint" ? `${value}n` : JSON.stringify(value)}`;
}
