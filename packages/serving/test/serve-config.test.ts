import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "@sealserve/config";
import { parseServeConfig } from "../src/config/serve-config.ts";
import { defaultLimits } from "../src/transport/limits.ts";

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
  const { listen, models, engine } = parseServeConfig(COMPLETE, FILE);
  assert.deepEqual(listen, {
    grpc: { host: "0.0.0.0", port: 8500 },
    grpcSocket: undefined,
    rest: { host: "127.0.0.1", port: 8501 },
    admin: undefined,
  });
  assert.deepEqual(models, {
    kind: "sealed",
    broker: { url: "https://broker.example:8443", caFile: "/etc/sealserve/broker-ca.pem" },
    packageDirectory: "/models/half_plus_two",
    model: "half_plus_two",
    platform: { kind: "simulated", socketPath: "/etc/sealserve/run/platform.sock" },
    versionPolicy: { kind: "latest", count: 2 },
    versionLabels: new Map(),
    tls: { from: "package" },
  });
  assert.equal(engine.threads, 4);
});

const LEAST = COMPLETE.replace("host: 0.0.0.0, ", "")
  .replace(/^platform.*\n/m, "")
  .replace(/^latest.*\n/m, "")
  .replace(/^threads.*\n/m, "");

test("what is left out is the safe choice: loopback, real hardware, one version, nothing that opens more", () => {
  const { listen, models, engine, tls, loading, polling, ...others } = parseServeConfig(LEAST, FILE);
  assert.equal(listen.grpc?.host, "127.0.0.1");
  assert.deepEqual(models.platform, { kind: "gramine" });
  assert.deepEqual([models.versionPolicy, engine.threads], [{ kind: "latest", count: 1 }, undefined]);
  assert.deepEqual(tls, { sslConfigFile: undefined, minimumVersion: "TLSv1.3", allowInsecurePlaintext: false });
  assert.deepEqual([loading.allowReload, loading.warmUpIterations, polling.fileSystemSeconds], [false, 1, -1]);
  assert.deepEqual(others, {
    batching: { kind: "off" },
    monitoring: { prometheusPath: undefined, traceEndpoint: undefined, traceCaFile: undefined },
    api: { checkSignatureMethodName: false, outputsAsTensorContent: false },
    rest: { cors: false },
    grpc: { healthService: false, reflection: false, maxConnectionAgeMs: undefined },
    limits: defaultLimits,
  });
});

test("the options that flags give to others are members here", () => {
  const options = parseServeConfig(
    `${LEAST}
versionPolicy: { specific: [1, 3] }
versionLabels: { stable: 1, canary: 3 }
warmUp: 0
batching: { parametersFile: b.txt, perModel: true }
monitoring: { metrics: true, traces: "https://collector:4318/v1/traces" }
api: { checkSignatureMethodName: true, outputsAsTensorContent: true }
rest: { cors: true }
grpc: { health: true, reflection: true, maxConnectionAgeMs: 5000 }
limits: { maxMessageBytes: 4096, drainTimeoutMs: 1 }
`.replace(/^listen.*/m, "listen: { grpc: 8500, socket: g.sock, admin: 9000 }"),
    FILE,
  );
  assert.deepEqual(options.models.versionPolicy, { kind: "specific", versions: [1n, 3n] });
  assert.deepEqual(
    [...options.models.versionLabels],
    [
      ["stable", 1n],
      ["canary", 3n],
    ],
  );
  assert.deepEqual(options.batching, { kind: "parameters", file: "/etc/sealserve/b.txt", perModel: true });
  assert.equal(options.monitoring.prometheusPath, "/monitoring/prometheus/metrics");
  assert.equal(options.monitoring.traceEndpoint, "https://collector:4318/v1/traces");
  assert.deepEqual(options.api, { checkSignatureMethodName: true, outputsAsTensorContent: true });
  assert.deepEqual(options.grpc, { healthService: true, reflection: true, maxConnectionAgeMs: 5000 });
  assert.deepEqual([options.rest.cors, options.loading.warmUpIterations], [true, 0]);
  assert.deepEqual([options.limits.maxMessageBytes, options.limits.drainTimeoutMs], [4096, 1]);
});

test("traces are a URL, or a URL with the authorities of its certificate", () => {
  const monitoring = (traces: string): unknown =>
    parseServeConfig(`${LEAST}monitoring: { traces: ${traces} }\n`, FILE).monitoring;
  const traceEndpoint = "https://collector:4318/v1/traces";
  assert.deepEqual(monitoring(`{ url: "${traceEndpoint}", ca: ca.pem }`), {
    prometheusPath: undefined,
    traceEndpoint,
    traceCaFile: "/etc/sealserve/ca.pem",
  });
  assert.deepEqual(monitoring(`{ url: "${traceEndpoint}" }`), {
    prometheusPath: undefined,
    traceEndpoint,
    traceCaFile: undefined,
  });
  for (const bad of [
    "{ ca: ca.pem }",
    '{ url: "http://collector/v1/traces" }',
    "[]",
    '{ url: "https://c", key: k }',
    "5",
  ]) {
    assert.throws(() => monitoring(bad), /monitoring\.traces|traces/, bad);
  }
});

test("a policy is a word or one member; all is not the default", () => {
  const policy = (text: string): unknown =>
    parseServeConfig(`${LEAST}versionPolicy: ${text}\n`, FILE).models.versionPolicy;
  assert.deepEqual(policy("all"), { kind: "all" });
  assert.deepEqual(policy("{ latest: 3 }"), { kind: "latest", count: 3 });
  refused(`${LEAST}versionPolicy: newest\n`, /versionPolicy: expected a mapping/);
  refused(`${LEAST}versionPolicy: { latest: 1, specific: [1] }\n`, /versionPolicy: needs exactly one of/);
  refused(`${LEAST}versionPolicy: {}\n`, /versionPolicy: needs exactly one of/);
  refused(`${LEAST}versionPolicy: { specific: [] }\n`, /specific: expected a list/);
  refused(`${LEAST}versionPolicy: { specific: [-1] }\n`, /specific\[0\]: expected a whole number/);
  refused(`${COMPLETE}versionPolicy: all\n`, /latestVersions: does not go with versionPolicy/);
});

test("what would take a sealed node's protection away is not known here", () => {
  for (const member of ["allowInsecurePlaintext: true", "allowModelReload: true"]) {
    refused(`${LEAST}${member}\n`, /is not a known member/);
  }
});

test("the TLS pair comes from the package unless another place is named, whole", () => {
  const source = (tls: string): unknown => parseServeConfig(`${LEAST}tls: ${tls}\n`, FILE).models.tls;
  assert.deepEqual(parseServeConfig(LEAST, FILE).models.tls, { from: "package" });
  assert.deepEqual(source("{ from: package }"), { from: "package" });
  const made = { from: "ra-tls", lifetimeMs: 3_600_000, minimumVersion: "TLSv1.3" };
  assert.deepEqual(source("{ from: ra-tls }"), made);
  assert.deepEqual(source("{ from: ra-tls, lifetime: 10m, minimumVersion: TLSv1.2 }"), {
    ...made,
    lifetimeMs: 600_000,
    minimumVersion: "TLSv1.2",
  });
  assert.deepEqual(source("{ from: file, key: node.key, certificate: /etc/node.crt }"), {
    from: "file",
    keyFile: "/etc/sealserve/node.key",
    certificateFile: "/etc/node.crt",
  });
  for (const [tls, problem] of [
    ["ra-tls", /:7: tls: expected a mapping/],
    ["{}", /tls.from: is missing/],
    ["{ from: nowhere }", /tls.from: expected one of package, ra-tls, file/],
    ["{ from: package, minimumVersion: TLSv1.2 }", /tls.minimumVersion: is not a known member/],
    ["{ from: file, key: node.key }", /tls.certificate: is missing/],
    ["{ from: file, key: k, certificate: c, minimumVersion: TLSv1.2 }", /tls.minimumVersion: is not a known member/],
    ["{ from: ra-tls, key: node.key }", /tls.key: is not a known member/],
    ["{ from: ra-tls, minimumVersion: TLSv1.1 }", /tls.minimumVersion: expected one of TLSv1.2, TLSv1.3/],
    ["{ from: ra-tls, lifetime: 1s }", /tls.lifetime: expected a time/],
    ["{ from: ra-tls, lifetime: 2d }", /tls.lifetime: expected a time/],
    ["{ from: ra-tls, lifetime: 60 }", /tls.lifetime: expected a time, found 60/],
  ] as const) {
    refused(`${LEAST}tls: ${tls}\n`, problem);
  }
});

test("options out of their bounds are refused with their line", () => {
  refused(`${LEAST}limits: { maxConnections: 0 }\n`, /:7: limits.maxConnections: expected a whole number, found 0/);
  refused(`${LEAST}limits: { maxJsonDepth: 1 }\n`, /limits.maxJsonDepth: is not a known member/);
  refused(`${LEAST}monitoring: { metrics: /v1/models }\n`, /monitoring.metrics: is no path for metrics/);
  refused(`${LEAST}monitoring: { metrics: 1 }\n`, /monitoring.metrics: expected a text/);
  refused(`${LEAST}monitoring: { traces: "http://c" }\n`, /monitoring.traces: is no endpoint for traces/);
  refused(`${LEAST}versionLabels: { "a/b": 1 }\n`, /is no label/);
  refused(`${LEAST}batching: on\n`, /batching: expected a mapping/);
  refused(`${LEAST}batching: { latencyBudgetMs: 5, perModel: true }\n`, /batching.perModel: is not a known member/);
});

test("a platform is a word, or a member with its place", () => {
  const read = (platform: string): unknown =>
    parseServeConfig(COMPLETE.replace("{ simulated: run/platform.sock }", platform), FILE).models.platform;
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

test("a model server beside the node is pinned by its digest, which stands in the measured file (threat A11)", () => {
  const sha256 = "ab".repeat(32);
  const { engine } = parseServeConfig(`${LEAST}engine: { upstream: bin/server, sha256: ${sha256} }\n`, FILE);
  assert.deepEqual(engine.runner, {
    kind: "upstream",
    program: { path: "/etc/sealserve/bin/server", sha256, namedBy: "engine.upstream" },
    place: undefined,
  });
  const library = parseServeConfig(
    `${LEAST}engine: { tensorflow: /lib/tf.so, sha256: ${sha256}, privateDirectory: /p }`,
    FILE,
  );
  assert.deepEqual(library.engine.runner, {
    kind: "tensorflow",
    library: { path: "/lib/tf.so", sha256, namedBy: "engine.tensorflow" },
    place: "/p",
  });
  refused(`${LEAST}engine: { tensorflow: /lib/tf.so }\n`, /sha256/);
  assert.deepEqual(parseServeConfig(`${LEAST}engine: onnxruntime\n`, FILE).engine.runner, { kind: "onnxruntime" });
  refused(`${LEAST}engine: upstream\n`, /engine/);
  refused(`${LEAST}engine: { upstream: bin/server }\n`, /sha256/);
  refused(`${LEAST}engine: { sha256: ${sha256} }\n`, /needs exactly one of upstream, tensorflow/);
  refused(`${LEAST}engine: { upstream: a, tensorflow: b, sha256: ${sha256} }\n`, /needs exactly one of upstream/);
  refused(`${LEAST}engine: { upstream: bin/server, sha256: "${sha256.slice(1)}" }\n`, /sha256sum/);
  refused(`${LEAST}engine: { upstream: bin/server, sha256: ${sha256}, insecure: true }\n`, /insecure/);
});
