import assert from "node:assert/strict";
import net from "node:net";
import { before, test } from "node:test";
import tls from "node:tls";
import { type AppraisalPolicy, AttestationError, trustedRootFromPem } from "@sealserve/attestation";
import { CollateralError, fileSource } from "@sealserve/collateral";
import {
  channelOf,
  decodeEvidenceRequest,
  EVIDENCE_PATH,
  encodeEvidenceAnswer,
  reportDataFor,
} from "@sealserve/ra-tls";
import { createSnpVendor, createVendor } from "@sealserve/simulator";
import { createAuthority } from "../../../tests/support/tls-authority.ts";
import { ClientError, type ClientErrorCode, EvidenceRefusedError } from "../src/errors.ts";
import { connectNode } from "../src/node.ts";
import type { EvidenceExpectations, NodeOptions } from "../src/options.ts";
import { type FakeBehaviour, type FakeNode, MANIFEST_DIGEST, startFakeNode } from "./support/fake-node.ts";
import { createScene, MR_ENCLAVE, predictRequest, type Scene, y } from "./support/scene.ts";

let scene: Scene;

before(async () => {
  scene = await createScene();
});

/** The two ways to a node, each on its own, so that both transports meet every attack. */
function waysTo(options: NodeOptions): NodeOptions[] {
  const { grpcPort, restPort, ...rest } = options;
  return [
    { ...rest, grpcPort },
    { ...rest, restPort },
  ];
}

function withCode(code: ClientErrorCode) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof ClientError, String(error));
    assert.equal(error.code, code, `${error.message} (${error.actual})`);
    return true;
  };
}

/** Both transports refuse the node with the code, and it got no request but the one for evidence. */
async function refusedEverywhere(node: FakeNode, code: ClientErrorCode, options: NodeOptions): Promise<void> {
  for (const way of waysTo(options)) {
    await assert.rejects(connectNode(way), withCode(code));
  }
  assert.ok(node.paths.every((path) => path === EVIDENCE_PATH));
}

async function refusedNode(
  code: ClientErrorCode,
  changes: Partial<FakeBehaviour>,
  evidence: Partial<EvidenceExpectations> = {},
): Promise<void> {
  const node = await scene.startNode(changes);
  await refusedEverywhere(node, code, scene.optionsFor(node, evidence));
  await node.close();
}

test("an honest node proves itself once on each connection and then gets the data", async () => {
  const node = await scene.startNode();
  const client = await connectNode(scene.optionsFor(node));
  for (const predict of ["predictGrpc", "predictRest", "predictGrpc", "predictRest"] as const) {
    const { outputs, modelSpec, node: proven } = await client[predict](predictRequest);
    assert.deepEqual(outputs.get("y"), y);
    assert.deepEqual([modelSpec.name, modelSpec.version], ["half", 7n]);
    assert.deepEqual([proven.appraisal.accepted, proven.appraisal.simulated], [true, true]);
    assert.deepEqual([proven.model, proven.manifestDigest], ["half", MANIFEST_DIGEST]);
  }
  assert.equal(node.paths.filter((path) => path === EVIDENCE_PATH).length, 2);
  assert.equal(node.paths[0], EVIDENCE_PATH);
  assert.equal(node.connections, 2);
  await client.close();
  await node.close();
});

test("without any authority no connection is made: the public ones are not meant", async () => {
  const node = await scene.startNode();
  for (const caPem of ["", "\n", "no PEM", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"]) {
    await refusedEverywhere(node, "bad-target", { ...scene.optionsFor(node), caPem });
  }
  assert.equal(node.connections, 0);
  await node.close();
});

test("a certificate of another authority, or for another name, is not trusted; not even evidence is asked for", async () => {
  const node = await scene.startNode();
  const stranger = await createAuthority();
  const options = scene.optionsFor(node);
  await refusedEverywhere(node, "chain-not-trusted", { ...options, caPem: stranger.caPem });
  await refusedEverywhere(node, "chain-not-trusted", { ...options, serverName: "other.example" });
  await node.close();
  const impostor = await scene.startNode({ identity: await stranger.issue() });
  await refusedEverywhere(impostor, "chain-not-trusted", scene.optionsFor(impostor));
  assert.deepEqual([...node.paths, ...impostor.paths], []);
  await impostor.close();
});

test("no authority at all never means the public ones", async () => {
  const node = await scene.startNode();
  for (const caPem of ["", "no certificate", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"]) {
    for (const way of waysTo({ ...scene.optionsFor(node), caPem })) {
      await assert.rejects(connectNode(way), (error) => error instanceof ClientError);
    }
  }
  assert.equal(node.connections, 0);
  await node.close();
});

test("a node that is not there is unreachable", async () => {
  const node = await scene.startNode();
  await node.close();
  await refusedEverywhere(node, "unreachable", scene.optionsFor(node));
  const silent = net.createServer(() => undefined).listen(0, "127.0.0.1");
  await new Promise((resolve) => silent.once("listening", resolve));
  const address = silent.address();
  assert.ok(typeof address === "object" && address !== null);
  const options = { ...scene.optionsFor({ grpcPort: address.port, restPort: address.port }), connectTimeoutMs: 100 };
  await refusedEverywhere(node, "unreachable", options);
  silent.close();
});

test("a call without its port is refused", async () => {
  const node = await scene.startNode();
  const { restPort: _, ...grpcOnly } = scene.optionsFor(node);
  const client = await connectNode(grpcOnly);
  await assert.rejects(client.predictRest(predictRequest), withCode("bad-target"));
  await client.close();
  await node.close();
});

test("TLS 1.2 and other protocols are refused", async () => {
  const node = await scene.startNode();
  const old = await startFakeNode(node.behaviour, { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" });
  await refusedEverywhere(old, "tls-refused", scene.optionsFor(old));
  const swapped = { grpcPort: node.restPort, restPort: node.grpcPort };
  await refusedEverywhere(node, "tls-refused", scene.optionsFor(swapped));
  await old.close();
  await node.close();
});

test("SEV-SNP evidence is refused as such: there is no collateral here to judge it by", async () => {
  const snp = await createSnpVendor({ now: new Date(), product: "Milan" });
  const quote = (reportData: Uint8Array) => snp.report({ measurement: "aa".repeat(48), reportData });
  await refusedNode("evidence-unsupported", { quote });
});

test("a server without evidence gets no data, however good its certificate", async () => {
  const answers: FakeBehaviour["evidence"][] = [
    async () => ({ status: 404, body: "Not found" }),
    async () => ({ status: 200, body: "" }),
    async () => ({ status: 200, body: "{}" }),
    async () => ({ status: 200, body: '{"tee":"sgx","evidence":"","model":"half","manifestDigest":""}' }),
    async () => ({ status: 200, body: Uint8Array.of(0xff, 0xfe) }),
    async () => ({ status: 302, headers: { location: "/elsewhere" } }),
  ];
  for (const evidence of answers) {
    await refusedNode("evidence-missing", { evidence });
  }
});

test("a server that never answers the request for evidence is given up", async () => {
  const node = await scene.startNode({ evidence: async () => undefined });
  const options = { ...scene.optionsFor(node), connectTimeoutMs: 300 };
  await refusedEverywhere(node, "evidence-missing", options);
  await node.close();
});

test("an endless answer to the request for evidence is cut off", async () => {
  await refusedNode("bad-answer", { evidence: async () => ({ body: Buffer.alloc(1 << 20, " ") }) });
});

test("evidence that is not genuine is refused", async () => {
  const { vendor } = scene;
  const other = await createVendor({ now: new Date() });
  const quotes: FakeBehaviour["quote"][] = [
    (reportData) => other.quote({ mrEnclave: MR_ENCLAVE, reportData }),
    async (reportData) => {
      const quote = await vendor.quote({ mrEnclave: MR_ENCLAVE, reportData });
      quote[100] = (quote[100] ?? 0) ^ 1;
      return quote;
    },
    async (reportData) => reportData,
    async () => crypto.getRandomValues(new Uint8Array(5000)),
  ];
  for (const quote of quotes) {
    await refusedNode("evidence-not-genuine", { quote });
  }
  await refusedNode("evidence-not-genuine", {}, { root: await trustedRootFromPem(other.rootPem) });
});

test("without collateral, or with stale collateral, nothing is accepted", async () => {
  const unavailable = {
    fetchCollateral: async () => {
      throw new CollateralError("pccs-unreachable", "no PCCS");
    },
  };
  await refusedNode("collateral-unavailable", {}, { collateral: unavailable });
  const later = new Date(Date.now() + 400 * 86_400_000);
  await refusedNode("collateral-unavailable", {}, { now: () => later });
});

test("genuine evidence of other software is refused, claim by claim", async () => {
  const { vendor } = scene;
  const quote: FakeBehaviour["quote"] = (reportData) =>
    vendor.quote({ mrEnclave: "cd".repeat(32), attributes: { flags: 0x07n }, reportData });
  const node = await scene.startNode({ quote });
  for (const way of waysTo(scene.optionsFor(node))) {
    await assert.rejects(connectNode(way), (error) => {
      assert.ok(error instanceof EvidenceRefusedError);
      const codes = error.appraisal.reasons.map(({ code }) => code);
      assert.deepEqual(codes.toSorted(), ["debug-enclave", "mrenclave-not-accepted"]);
      return withCode("evidence-refused")(error);
    });
  }
  assert.ok(node.paths.every((path) => path === EVIDENCE_PATH));
  await node.close();
});

test("a TCB that the policy does not accept is refused", async () => {
  const collateral = fileSource(await scene.vendor.collateral({ tcbStatus: "OutOfDate" }));
  await refusedNode("evidence-refused", {}, { collateral });
});

test("a policy that pins no software is refused before anything is sent", async () => {
  const node = await scene.startNode();
  for (const policy of [{}, { sgx: {} }, { sgx: { mrEnclave: [] } }, { sgx: { mrSigner: ["ab".repeat(32)] } }]) {
    await assert.rejects(
      connectNode(scene.optionsFor(node, { policy: policy as unknown as AppraisalPolicy })),
      AttestationError,
    );
  }
  assert.equal(node.connections, 0);
  await node.close();
});

test("evidence for anything but this very exchange is refused", async () => {
  const wrong: FakeBehaviour["statement"][] = [
    (statement) => ({ ...statement, nonce: new Uint8Array(32) }),
    (statement) => ({ ...statement, exporter: new Uint8Array(32) }),
    (statement) => ({ ...statement, serverCertificateSha256: new Uint8Array(32) }),
    (statement) => ({ ...statement, purpose: "key-release", publicKey: new Uint8Array(32) }),
  ];
  for (const statement of wrong) {
    await refusedNode("evidence-refused", { statement });
  }
});

test("model and manifest digest of an answer count only as they were quoted", async () => {
  const lie =
    (member: "model" | "manifestDigest", value: string): FakeBehaviour["evidence"] =>
    async (socket, request) => {
      const { nonce } = decodeEvidenceRequest(request);
      const served = { model: "half", manifestDigest: new Uint8Array(32).fill(1) };
      const channel = await channelOf(socket, "server", "serving");
      const publicKey = new Uint8Array();
      const reportData = await reportDataFor({ purpose: "serving", nonce, ...channel, publicKey, ...served });
      const evidence = await scene.vendor.quote({ mrEnclave: MR_ENCLAVE, reportData });
      const answer = encodeEvidenceAnswer({ tee: "sgx", evidence, ...served });
      return { body: JSON.stringify({ ...JSON.parse(answer), [member]: value }) };
    };
  await refusedNode("evidence-refused", { evidence: lie("model", "other") });
  await refusedNode("evidence-refused", { evidence: lie("manifestDigest", MANIFEST_DIGEST) });
});

test("the package can be pinned", async () => {
  const node = await scene.startNode();
  await refusedEverywhere(node, "package-not-accepted", scene.optionsFor(node, { manifestDigest: "00".repeat(32) }));
  const client = await connectNode(scene.optionsFor(node, { manifestDigest: MANIFEST_DIGEST.toUpperCase() }));
  await client.close();
  await node.close();
});

test("the model can be pinned", async () => {
  const node = await scene.startNode();
  const options = scene.optionsFor(node, { model: "other" });
  await refusedEverywhere(node, "package-not-accepted", options);
  await assert.rejects(connectNode(options), { expected: "other", actual: "half" });
  const client = await connectNode(scene.optionsFor(node, { model: "half" }));
  await client.close();
  await node.close();
});

test("evidence replayed from an earlier exchange is refused", async () => {
  const node = await scene.startNode();
  const client = await connectNode(scene.optionsFor(node));
  await client.close();
  const first = await recordedQuote(node);
  node.behaviour.quote = async () => first;
  await refusedEverywhere(node, "evidence-refused", scene.optionsFor(node));
  await node.close();
});

test("a relay with the node's own TLS key cannot pass on the node's evidence", async () => {
  const node = await scene.startNode();
  const ports = await Promise.all(
    (
      [
        ["h2", node.grpcPort],
        ["http/1.1", node.restPort],
      ] as const
    ).map(async ([protocol, port]) => await startRelay(node, protocol, port)),
  );
  const [grpc, rest] = ports;
  assert.ok(grpc !== undefined && rest !== undefined);
  const options = scene.optionsFor({ grpcPort: grpc.port, restPort: rest.port });
  await refusedEverywhere(node, "evidence-refused", options);
  assert.equal(node.paths.length, 2, "the relay did pass the requests for evidence on");
  grpc.server.close();
  rest.server.close();
  await node.close();
});

test("a connection that ended is replaced, and the node has to prove itself again", async () => {
  const node = await scene.startNode();
  const client = await connectNode(scene.optionsFor(node));
  await client.predictGrpc(predictRequest);
  await client.predictRest(predictRequest);
  node.cut();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual((await client.predictGrpc(predictRequest)).outputs.get("y"), y);
  assert.deepEqual((await client.predictRest(predictRequest)).outputs.get("y"), y);
  assert.equal(node.paths.filter((path) => path === EVIDENCE_PATH).length, 4);

  node.cut();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const { length } = node.paths;
  node.behaviour.quote = (reportData) => scene.vendor.quote({ mrEnclave: "cd".repeat(32), reportData });
  await assert.rejects(client.predictGrpc(predictRequest), withCode("evidence-refused"));
  await assert.rejects(client.predictRest(predictRequest), withCode("evidence-refused"));
  assert.ok(node.paths.slice(length).every((path) => path === EVIDENCE_PATH));
  await client.close();
  await node.close();
});

test("callers at the same time share one proof", async () => {
  const node = await scene.startNode();
  const client = await connectNode(scene.optionsFor(node));
  const calls = Array.from({ length: 8 }, async (_, index) =>
    index % 2 === 0 ? await client.predictGrpc(predictRequest) : await client.predictRest(predictRequest),
  );
  assert.ok((await Promise.all(calls)).every(({ outputs }) => outputs.has("y")));
  assert.equal(node.connections, 2);
  await client.close();
  await node.close();
});

/** A quote that the node made for an exchange that is over. */
async function recordedQuote(node: FakeNode): Promise<Uint8Array> {
  const honest = node.behaviour.quote;
  let recorded = new Uint8Array();
  node.behaviour.quote = async (reportData) => {
    recorded = Uint8Array.from(await honest(reportData));
    return recorded;
  };
  const client = await connectNode(scene.optionsFor(node));
  await client.close();
  return recorded;
}

/** A man in the middle who holds the node's certificate and key, and passes the plaintext on to the node. */
async function startRelay(
  node: FakeNode,
  protocol: string,
  port: number,
): Promise<{ port: number; server: tls.Server }> {
  const { key, certificate: cert } = node.behaviour.identity;
  const server = tls.createServer({ key, cert, ALPNProtocols: [protocol] }, (socket) => {
    const onward = tls.connect({ port, host: "localhost", ca: scene.authority.caPem, ALPNProtocols: [protocol] });
    socket.on("error", () => onward.destroy()).on("close", () => onward.destroy());
    onward.on("error", () => socket.destroy()).on("close", () => socket.destroy());
    socket.pipe(onward).pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return { port: address.port, server };
}
