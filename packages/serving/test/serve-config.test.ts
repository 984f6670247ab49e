import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "@sealserve/config";
import { parseServeConfig } from "../src/config/serve-config.ts";

const FILE = "/etc/sealserve/serve.yaml";
const COMPLETE = `listen: { host: 0.0.0.0, grpc: 8500, rest: "127.0.0.1:8501" }
broker:
  url: https://broker.example:8443
  ca: broker-ca.pem
package: /models/half_plus_two
model: half_plus_two
platform: { simulated: run/platform.sock }
latestVersions: 2
threads: 4
`;

function refused(yaml: string, message: string | RegExp): void {
  assert.throws(
    () => parseServeConfig(yaml, FILE),
    (error) => {
      assert.ok(error instanceof ConfigError, String(error));
      assert.match(error.message, message instanceof RegExp ? message : /./);
      assert.ok(message instanceof RegExp || error.message === `${FILE}:${message}`, error.message);
      return true;
    },
  );
}

test("a complete file is read; relative file names start at its folder", () => {
  assert.deepEqual(parseServeConfig(COMPLETE, FILE), {
    listen: { grpc: { host: "0.0.0.0", port: 8500 }, rest: { host: "127.0.0.1", port: 8501 } },
    broker: { url: "https://broker.example:8443", caFile: "/etc/sealserve/broker-ca.pem" },
    packageDirectory: "/models/half_plus_two",
    model: "half_plus_two",
    platform: { kind: "simulated", socketPath: "/etc/sealserve/run/platform.sock" },
    latestVersions: 2,
    threads: 4,
  });
});

test("what is left out is the safe choice: loopback, real hardware, one version", () => {
  const least = COMPLETE.replace("host: 0.0.0.0, ", "")
    .replace(/^platform.*\n/m, "")
    .replace(/^latest.*\n/m, "")
    .replace(/^threads.*\n/m, "");
  const config = parseServeConfig(least, FILE);
  assert.equal(config.listen.grpc.host, "127.0.0.1");
  assert.deepEqual(config.platform, { kind: "gramine" });
  assert.deepEqual([config.latestVersions, config.threads], [1, undefined]);
});

test("a platform is a word, or a member with its place", () => {
  const read = (platform: string): unknown =>
    parseServeConfig(COMPLETE.replace("{ simulated: run/platform.sock }", platform), FILE).platform;
  for (const kind of ["auto", "gramine", "tdx", "snp"]) {
    assert.deepEqual(read(kind), { kind });
  }
  assert.deepEqual(read("{ gramine: /dev/attestation }"), { kind: "gramine", directory: "/dev/attestation" });
  assert.deepEqual(read("{ tdx: tsm }"), { kind: "tdx", directory: "/etc/sealserve/tsm" });
  assert.deepEqual(read("{ snp: /tsm }"), { kind: "snp", directory: "/tsm", privilegeLevel: undefined });
  assert.deepEqual(read("{ snp: /tsm, vmpl: 1 }"), { kind: "snp", directory: "/tsm", privilegeLevel: 1 });
});

test("a platform that is unclear or not known is refused; none is taken in its place", () => {
  const refusedPlatform = (platform: string, message: RegExp): void =>
    refused(COMPLETE.replace("{ simulated: run/platform.sock }", platform), message);
  refusedPlatform("simulated", /:7: platform: expected one of auto, gramine, tdx, snp, found "simulated"/);
  refusedPlatform("sev", /:7: platform: expected one of/);
  refusedPlatform('""', /:7: platform: expected one of/);
  refusedPlatform("[tdx]", /:7: platform: expected a mapping/);
  refusedPlatform("{ auto: true }", /:7: platform: needs exactly one of/);
  refusedPlatform("{ tdx: a, snp: b }", /:7: platform: needs exactly one of/);
  refusedPlatform("{ vmpl: 1 }", /:7: platform: needs exactly one of/);
  refusedPlatform("{ tdx: a, vmpl: 0 }", /:7: platform.vmpl: is for SEV-SNP only/);
  refusedPlatform("{ simulated: a, vmpl: 0 }", /:7: platform.vmpl: is for SEV-SNP only/);
  refusedPlatform("{ snp: a, vmpl: 4 }", /:7: platform.vmpl: expected a whole number/);
});

test("every mistake is refused with its line and what to write", () => {
  refused(
    COMPLETE.replace("url: https", "url: http"),
    "3: broker.url: is not an https URL; write for example https://broker.example:8443",
  );
  refused(COMPLETE.replace(/^model: .*\n/m, ""), /:1: model: is missing; add it/);
  refused(COMPLETE.replace("threads: 4", "threads: 0"), /:9: threads: expected a whole number, found 0/);
  refused(COMPLETE.replace("latestVersions: 2", "latestVersions: all"), /:8: latestVersions: /);
  refused(COMPLETE.replace("grpc: 8500", "grpc: 85000"), /:1: listen.grpc: expected HOST:PORT, found 85000/);
  refused(`${COMPLETE}insecure: true\n`, /:10: insecure: is not a known member/);
  refused(COMPLETE.replace("{ simulated: run/platform.sock }", "{}"), /:7: platform: needs exactly one of/);
  refused(
    COMPLETE.replace("{ simulated: run/platform.sock }", "{ simulated: a, gramine: b }"),
    "7: platform: needs exactly one of gramine, tdx, snp, simulated; keep the one this node runs on",
  );
  refused("", /:1: expected a mapping, found nothing/);
});
