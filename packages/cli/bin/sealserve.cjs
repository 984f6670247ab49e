#!/usr/bin/env node
// Starter: Sealserve needs a recent Node 24. Started by an older Node, it re-executes itself with the Node 24 binary
// that the workspace installs. CommonJS and old syntax on purpose, so that any Node can read it.
"use strict";

const { spawn } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

// Called through a link of this name, the starter is that tool: its modes, of which only the first letter counts, and its
// exit codes.
const GRAMINE_TOOL = "gramine-sgx-pf-crypt";
const GRAMINE_MODES = { g: "gen-key", e: "encrypt", d: "decrypt" };
const GRAMINE_FAILURE = 255;

// From 24.7 on, Http2Stream.respond() takes a list of headers.
const REQUIRED = [24, 7];
const PARENT_CHECK_MS = 250;
const entry = path.join(__dirname, "..", "dist", "main.js");

function bundledNode() {
  const name = `node-${process.platform}-${process.arch}`;
  try {
    return path.join(path.dirname(require.resolve(`${name}/package.json`)), "bin", "node");
  } catch {
    return undefined;
  }
}

function isRecent() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  return major > REQUIRED[0] || (major === REQUIRED[0] && minor >= REQUIRED[1]);
}

function fail(message) {
  process.stderr.write(`sealserve: ${message}\n`);
  process.exit(1);
}

function reexecute(node) {
  const child = spawn(node, [entry].concat(process.argv.slice(2)), { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => child.kill(signal));
  }
  child.on("error", (error) => fail(`cannot start ${node}: ${error.message}`));
  child.on("exit", (code, signal) => process.exit(signal ? 1 : code));
}

function becomeGramineTool() {
  const modes = process.argv.splice(2, 1).map((mode) => GRAMINE_MODES[mode[0]] || mode);
  process.argv.splice(2, 0, "files", ...modes);
  process.on("exit", (code) => {
    process.exitCode = code === 0 ? 0 : GRAMINE_FAILURE;
  });
}

// npx runs a command by a shell of its own. At a signal it ends, and that shell, but the command hears nothing of it.
function endWithNpx() {
  const shell = process.ppid;
  if (process.env.npm_command !== "exec" || !runsThisAlone(shell)) {
    return;
  }
  const watch = setInterval(() => {
    if (process.ppid !== shell) {
      clearInterval(watch);
      process.kill(process.pid, "SIGTERM");
    }
  }, PARENT_CHECK_MS);
  watch.unref();
}

// A script in which the command is one of many may well end before it.
function runsThisAlone(shell) {
  try {
    return /^\S*sh\0-c\0['"]?sealserve\b/.test(fs.readFileSync(`/proc/${shell}/cmdline`, "utf8"));
  } catch {
    return false;
  }
}

if (path.basename(process.argv[1]) === GRAMINE_TOOL) {
  becomeGramineTool();
}
endWithNpx();
if (!fs.existsSync(entry)) {
  fail("not built yet: run 'npm ci' (or 'npm run build') in the checkout first");
} else if (isRecent()) {
  import(require("node:url").pathToFileURL(entry).href).catch((error) => fail(error.message));
} else {
  const node = bundledNode();
  if (node === undefined) {
    fail(`needs Node ${REQUIRED.join(".")} or newer, this is ${process.version}; install it from https://nodejs.org`);
  } else {
    reexecute(node);
  }
}
