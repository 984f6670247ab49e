import { parsePolicy, trustedRootFromPem } from "@sealserve/attestation";
import { fileSource } from "@sealserve/collateral";
import { encodePredictResponse, ModelSpec, type PredictRequest, type Tensor } from "@sealserve/protocol";
import { createVendor, type Vendor } from "@sealserve/simulator";
import { createAuthority, type TestAuthority } from "../../../../tests/support/tls-authority.ts";
import type { EvidenceExpectations, NodeOptions } from "../../src/options.ts";
import { type FakeAnswer, type FakeBehaviour, type FakeNode, MODEL, startFakeNode } from "./fake-node.ts";

export const MR_ENCLAVE = "ab".repeat(32);

/** A vendor, an authority, and a requester's expectations that an honest fake node meets. */
export interface Scene {
  readonly vendor: Vendor;
  readonly authority: TestAuthority;
  readonly evidence: EvidenceExpectations;
  /** An honest node; its behaviour can be changed. */
  startNode(changes?: Partial<FakeBehaviour>): Promise<FakeNode>;
  /** Options that reach a node with the scene's expectations. */
  optionsFor(node: Pick<FakeNode, "grpcPort" | "restPort">, evidence?: Partial<EvidenceExpectations>): NodeOptions;
}

export async function createScene(): Promise<Scene> {
  const vendor = await createVendor({ now: new Date() });
  const authority = await createAuthority();
  const evidence: EvidenceExpectations = {
    root: await trustedRootFromPem(vendor.rootPem),
    collateral: fileSource(await vendor.collateral()),
    policy: parsePolicy({ sgx: { mrEnclave: [MR_ENCLAVE] } }),
  };
  return {
    vendor,
    authority,
    evidence,
    startNode: async (changes = {}) =>
      await startFakeNode({
        identity: await authority.issue(),
        quote: (reportData) => vendor.quote({ mrEnclave: MR_ENCLAVE, reportData }),
        statement: (statement) => statement,
        evidence: undefined,
        answer: honestAnswer,
        ...changes,
      }),
    optionsFor: ({ grpcPort, restPort }, changes = {}) => ({
      host: "127.0.0.1",
      serverName: "localhost",
      grpcPort,
      restPort,
      caPem: authority.caPem,
      evidence: { ...evidence, ...changes },
      connectTimeoutMs: 2000,
    }),
  };
}

const x: Tensor = { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) };
export const y: Tensor = { dtype: "float32", shape: [2], data: Float32Array.of(2.5, 3) };

/** A request with a marker that a test can look for on the server's side. */
export const predictRequest: PredictRequest = { modelSpec: undefined, inputs: new Map([["x", x]]), outputFilter: [] };

const metadata = {
  model_spec: { name: MODEL, signature_name: "", version: "7" },
  metadata: { signature_def: { signature_def: { serving_default: { outputs: { y: { dtype: "DT_FLOAT" } } } } } },
};

/** Answers predictions of one model whose output is always `y`. */
export async function honestAnswer(path: string): Promise<FakeAnswer | undefined> {
  switch (path) {
    case "/tensorflow.serving.PredictionService/Predict": {
      const modelSpec = ModelSpec.create({ name: MODEL, version: 7n, signatureName: "serving_default" });
      return grpcAnswer(encodePredictResponse({ modelSpec, outputs: new Map([["y", y]]) }));
    }
    case `/v1/models/${MODEL}/metadata`:
      return { body: JSON.stringify(metadata) };
    case `/v1/models/${MODEL}:predict`:
      return { body: '{"outputs": [2.5, 3.0]}' };
    default:
      return { status: 404, body: '{"error": "Not found"}' };
  }
}

/** A gRPC answer with one message. */
export function grpcAnswer(message: Uint8Array, trailers: Record<string, string> = { "grpc-status": "0" }): FakeAnswer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return { headers: { "content-type": "application/grpc" }, body: Buffer.concat([prefix, message]), trailers };
}
