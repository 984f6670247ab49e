import { globSync } from "node:fs";
import { relative, resolve } from "node:path";
import { build, type Plugin } from "esbuild";
import { TEST_GLOBS } from "./selection.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const here = (file: string): string => resolve(import.meta.dirname, file);

/** What takes the place of a module of Node in a browser. Any other is absent there. */
const NODE_STAND_INS: Readonly<Record<string, string>> = {
  "node:test": here("test-shim.ts"),
  "node:assert/strict": here("assert-shim.ts"),
};
const VECTOR_FILES = /\/vector-files\.ts$/;

export interface TestBundle {
  /** Path below the root of the project of each test file, with the path of its script below the server's root. */
  readonly tests: ReadonlyMap<string, string>;
  /** The path of the script that runs tests. */
  readonly runner: string;
  /** All scripts by their path. */
  readonly scripts: ReadonlyMap<string, Uint8Array>;
}

/** Bundles the selected test files for a browser: the `browser` conditions of packages, no module of Node. */
export async function bundleTests(isWanted: (file: string) => boolean): Promise<TestBundle> {
  const files = globSync([...TEST_GLOBS], { cwd: ROOT })
    .filter(isWanted)
    .sort();
  const runner = relative(ROOT, here("run-tests.ts"));
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [runner, ...files],
    outbase: ROOT,
    outdir: ROOT,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    write: false,
    logLevel: "silent",
    // Without the servers beside the simulated vendor.
    alias: { "@sealserve/simulator": "@sealserve/simulator/vendor" },
    plugins: [standIns],
  });
  const scripts = outputFiles.map(({ path, contents }) => [`/${relative(ROOT, path)}`, contents] as const);
  const scriptOf = (file: string): string => `/${file.replace(/\.ts$/, ".js")}`;
  return {
    tests: new Map(files.map((file) => [file, scriptOf(file)])),
    runner: scriptOf(runner),
    scripts: new Map(scripts),
  };
}

const standIns: Plugin = {
  name: "stand-ins",
  setup(bundler) {
    bundler.onResolve({ filter: /^node:/ }, ({ path }) => {
      const standIn = NODE_STAND_INS[path];
      return standIn === undefined ? { path, namespace: "absent" } : { path: standIn };
    });
    bundler.onResolve({ filter: VECTOR_FILES }, () => ({ path: here("vector-files.ts") }));
    bundler.onLoad({ filter: /^node:/, namespace: "absent" }, async ({ path }) => ({
      contents: await absentModule(path),
      resolveDir: import.meta.dirname,
    }));
  },
};

/** A module with the exports of a module of Node, each of which throws when it is used. */
async function absentModule(name: string): Promise<string> {
  const exported = Object.keys(await import(name));
  const lines = exported.map((key) => {
    const value = `absent(${JSON.stringify(name)})`;
    return key === "default" ? `export default ${value};` : `const $${key} = ${value}; export { $${key} as ${key} };`;
  });
  return ['import { absent } from "./absent.ts";', ...lines].join("\n");
}
