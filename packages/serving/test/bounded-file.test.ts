import assert from "node:assert/strict";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileRoles, readBoundedFile, readBoundedText } from "../src/config/bounded-file.ts";
import { NodeError } from "../src/errors.ts";
import { ModelConfigFile } from "../src/life/config-file.ts";
import { readBatchingSettings } from "../src/node/batching-files.ts";
import { readChannelSecurity } from "../src/node/tls-files.ts";
import { readMetricsPath } from "../src/options/monitoring.ts";
import { parseFlags } from "../src/options/parse-flags.ts";
import { readOptions } from "../src/options/read-options.ts";
import { refusal } from "./support/refusal.ts";

let directory = "";
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "sealserve-bounded-"));
});
after(async () => await rm(directory, { recursive: true }));

const role = { what: "the test file", maxBytes: 5 };

/** A file without content of that size. */
async function hole(name: string, size: number): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, "");
  await truncate(path, size);
  return path;
}

function tooLarge(path: string, maxBytes: number, actual: string) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof NodeError, String(error));
    assert.equal(error.code, "file-too-large");
    assert.ok(error.message.startsWith(`${path}: `), error.message);
    assert.deepEqual([error.expected, error.actual], [`at most ${maxBytes} bytes`, actual]);
    assert.match(error.remedy ?? "", /path/);
    return true;
  };
}

test("a file is read up to its bound, and one byte more is refused", async () => {
  const path = join(directory, "text");
  await writeFile(path, "");
  assert.equal(await readBoundedText(path, role), "");
  await writeFile(path, "12345");
  assert.equal(await readBoundedText(path, role), "12345");
  assert.deepEqual([...(await readBoundedFile(path, role))], [...Buffer.from("12345")]);
  await writeFile(path, "1234567");
  await assert.rejects(readBoundedFile(path, role), tooLarge(path, 5, "7 bytes"));
});

test("of a device, which has no size and no end, no more is read than the bound", async () => {
  await assert.rejects(readBoundedFile("/dev/zero", role), tooLarge("/dev/zero", 5, "more"));
  assert.equal(await readBoundedText("/dev/null", role), "");
});

test("what is missing, or is a folder, fails as the file system says", async () => {
  await assert.rejects(readBoundedFile(join(directory, "none"), role), { code: "ENOENT" });
  await assert.rejects(readBoundedFile(directory, role), { code: "EISDIR" });
});

test("every file that an operator names has a bound", async () => {
  const large = await hole("large", 2 ** 40);
  const refused = (name: keyof typeof fileRoles) => tooLarge(large, fileRoles[name].maxBytes, `${2 ** 40} bytes`);
  await assert.rejects(readMetricsPath(large), refused("monitoringConfig"));
  await assert.rejects(readOptions(parseFlags([`--config=${large}`])), refused("serveConfig"));
  await assert.rejects(
    readBatchingSettings({ kind: "parameters", file: large, perModel: false }),
    refused("batchingParameters"),
  );
  const listen = { grpc: undefined, grpcSocket: undefined, rest: undefined, admin: undefined };
  await assert.rejects(
    readChannelSecurity({ sslConfigFile: large, minimumVersion: "TLSv1.3", allowInsecurePlaintext: false }, listen),
    refused("sslConfig"),
  );
  const log = (): void => undefined;
  const models = { start: async () => undefined, reload: async () => undefined };
  await assert.rejects(
    new ModelConfigFile({ file: large, models, pollMs: 0, log }).start(),
    refusal(
      "RESOURCE_EXHAUSTED",
      /^Failed to read ModelServerConfig file: .*large: .*at most 4194304 bytes; found 1099511627776/,
    ),
  );
});
