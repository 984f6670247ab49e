// TensorFlow Serving's public cases about the command line, by real processes.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { type Flag, flagGroups } from "@sealserve/serving";
import { makeServerFolder, predictGrpc, type ServerFolder } from "../e2e/model-server.ts";
import { servingCases, skipWithoutCases } from "../support/serving-cases.ts";

const SPECIFICATION = new URL("../../../shared/spec/tf-serving.md", import.meta.url);

test("every flag of the specification is known, with its default", {
  skip: existsSync(SPECIFICATION) ? false : `${SPECIFICATION.pathname} is absent`,
}, () => {
  const section = /^## 3\. Command line$(.*?)^## 4\./ms.exec(readFileSync(SPECIFICATION, "utf8"))?.[1] ?? "";
  const rows = [...section.matchAll(/^\| (--[^|]*) \| ([^|]*) \|/gm)];
  const flags = rows.flatMap(([, names = "", fallback = ""]) =>
    names.split(", ").map((name) => [name.slice(2).trim(), fallback.trim()] as const),
  );
  assert.ok(flags.length > 40, `${flags.length} flags`);
  const table = Object.assign({}, ...flagGroups.map((group) => group.flags)) as Readonly<Record<string, Flag>>;
  for (const [name, fallback] of flags) {
    const flag = table[name];
    assert.ok(flag !== undefined, name);
    const stated = /^(?:\d+|true|false|`\w+`|"")/.exec(fallback)?.[0].replaceAll(/[`"]/g, "");
    if (stated !== undefined && !/^\d+ x /.test(fallback)) {
      assert.equal(String(flag.fallback), stated, name);
    }
  }
});

describe("TensorFlow Serving's command line", { skip: skipWithoutCases }, () => {
  let folder: ServerFolder;

  before(async () => {
    folder = await makeServerFolder();
  });

  after(async () => await folder.remove());

  /** Starts with flags that must be refused as the case says. */
  async function refused(id: string, ...flags: readonly string[]): Promise<void> {
    const expected = servingCases.find((known) => known.id === id)?.expect as Record<string, string>;
    const message = expected["error_contains"] ?? expected["stderr_contains"];
    assert.ok(message !== undefined);
    const { code, stderr } = await folder.start("--allow-insecure-plaintext", ...flags).finished;
    assert.notEqual(code, 0);
    assert.match(stderr, /Failed to start server\. Error: INVALID_ARGUMENT: /);
    assert.ok(stderr.includes(message), stderr);
  }

  test("no port", async () => await refused("srv-no-port", "--port=0"));

  test("batching parameters without batching", async () => {
    await refused("srv-batching-file-without-flag", `--batching_parameters_file=${folder.at("batching.txt")}`);
  });

  test("a model config file that cannot be parsed", async () => {
    await writeFile(folder.at("bad.txt"), "improperly formatted file");
    await refused("srv-bad-config", `--model_config_file=${folder.at("bad.txt")}`);
  });

  test("a Unix socket", async () => {
    const expected = servingCases.find(({ id }) => id === "srv-uds")?.expect as { readonly values: readonly number[] };
    const server = folder.start("--port=0", `--grpc_socket_path=${folder.at("s.sock")}`);
    await server.says("serving half");
    const [, half] = await predictGrpc(`unix:${folder.at("s.sock")}`, grpc.credentials.createInsecure());
    assert.deepEqual([half], expected.values);
  });
});
