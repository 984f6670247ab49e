/**
 * Checks the walls of the house: imports between packages go downwards only and are declared, no package imports the
 * simulator but the command line, browser-safe packages use nothing of Node, and no files import each other in a circle.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

/** What each package may import. The order is the direction: a package stands below everything that names it. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  core: [],
  config: ["core"],
  attestation: ["core"],
  protocol: ["core"],
  "encrypted-files": ["core"],
  collateral: ["attestation", "core"],
  "ra-tls": ["core"],
  "collateral-service": ["attestation", "collateral", "config", "core", "ra-tls"],
  platform: ["attestation", "core"],
  broker: ["attestation", "collateral", "config", "core", "encrypted-files", "platform", "ra-tls"],
  models: ["core", "protocol"],
  serving: [
    "attestation",
    "broker/client",
    "config",
    "core",
    "encrypted-files",
    "models",
    "platform",
    "protocol",
    "ra-tls",
  ],
  client: ["attestation", "collateral", "core", "protocol", "ra-tls"],
  simulator: ["attestation", "core", "platform"],
};
const TOP = "cli";
const BROWSER_SAFE = ["core", "attestation", "protocol", "collateral"];
/** What a browser-safe package has for Node alone: its `imports` choose it by condition. */
const NODE_ONLY = ["packages/core/src/crypto/node-primitives.ts"];
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s(?:[^;'"]*?\sfrom\s)?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/g;

const root = resolve(import.meta.dirname, "..");
const problems: string[] = [];

function importsOf(file: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(IMPORT)].map((match) => (match[1] ?? match[2]) as string);
}

function declaredDependencies(packageName: string): Set<string> {
  const manifest = JSON.parse(readFileSync(join(root, "packages", packageName, "package.json"), "utf8")) as {
    dependencies?: Record<string, string>;
    optionalDependencies?: Record<string, string>;
  };
  return new Set(Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }));
}

function checkImport(packageName: string, file: string, specifier: string, declared: Set<string>): void {
  const where = relative(root, file);
  if (specifier.startsWith("node:")) {
    if (BROWSER_SAFE.includes(packageName) && !NODE_ONLY.includes(where)) {
      problems.push(`${where}: ${packageName} runs in browsers and must not import ${specifier}`);
    }
    return;
  }
  if (specifier.startsWith("#")) {
    return; // resolved by the package itself
  }
  if (specifier.startsWith(".")) {
    const target = relative(join(root, "packages", packageName), resolve(dirname(file), specifier));
    if (!target.startsWith("src")) {
      problems.push(`${where}: reaches out of its package: ${specifier}`);
    }
    return;
  }
  const parts = specifier.split("/");
  const dependency = specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] as string);
  if (!declared.has(dependency)) {
    problems.push(`${where}: imports ${dependency}, which its package.json does not declare`);
  }
  if (packageName !== TOP && specifier.startsWith("@sealserve/")) {
    const target = specifier.slice("@sealserve/".length);
    if (!(ALLOWED[packageName] ?? []).includes(target)) {
      problems.push(`${where}: ${packageName} may not import ${specifier}`);
    }
  }
}

/** Depth-first search over the relative imports of one package; reports each circle once. */
function checkCircles(files: readonly string[]): void {
  const state = new Map<string, "open" | "done">();
  const visit = (file: string, trail: readonly string[]): void => {
    if (state.get(file) === "done") {
      return;
    }
    if (state.get(file) === "open") {
      const circle = [...trail.slice(trail.indexOf(file)), file].map((part) => relative(root, part));
      problems.push(`import circle: ${circle.join(" -> ")}`);
      return;
    }
    state.set(file, "open");
    for (const specifier of importsOf(file).filter((name) => name.startsWith("."))) {
      const target = resolve(dirname(file), specifier);
      if (existsSync(target)) {
        visit(target, [...trail, file]);
      }
    }
    state.set(file, "done");
  };
  for (const file of files) {
    visit(file, []);
  }
}

const packageNames = globSync("packages/*", { cwd: root }).map((path) => path.slice("packages/".length));
let fileCount = 0;
for (const packageName of packageNames) {
  if (packageName !== TOP && ALLOWED[packageName] === undefined) {
    problems.push(`packages/${packageName}: not in the table of scripts/check-layers.ts`);
    continue;
  }
  const declared = declaredDependencies(packageName);
  const files = globSync(`packages/${packageName}/src/**/*.ts`, { cwd: root }).map((path) => join(root, path));
  for (const file of files) {
    fileCount++;
    for (const specifier of importsOf(file)) {
      checkImport(packageName, file, specifier, declared);
    }
  }
  checkCircles(files);
}

for (const problem of problems) {
  process.stderr.write(`${problem}\n`);
}
process.stdout.write(
  `import directions: ${fileCount} files in ${packageNames.length} packages, ${problems.length} problems\n`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
