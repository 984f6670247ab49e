import {
  decodePredictResponse,
  encodePredictRequest,
  GetModelMetadataRequest,
  GetModelMetadataResponse,
  GetModelStatusRequest,
  GetModelStatusResponse,
  ModelSpec,
  type PredictRequest,
  type PredictResponse,
  SIGNATURE_DEF_FIELD,
} from "@sealserve/protocol";
import { Renewable } from "./connection/renewable.ts";
import type { TlsTarget } from "./connection/tls.ts";
import { ClientError } from "./errors.ts";
import { EvidenceJudge, type ProvenNode } from "./evidence/judge.ts";
import { GrpcConnection } from "./grpc/connection.ts";
import type { CallOptions, NodeOptions } from "./options.ts";
import { RestConnection } from "./rest/connection.ts";
import { predictOverRest, type RestPredictOptions } from "./rest/predict.ts";

const DEFAULT_CONNECT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_ANSWER_BYTES = 2 ** 30;

/** An answer, and what the node had proved on the connection it came over. */
export interface AttestedPrediction extends PredictResponse {
  readonly node: ProvenNode;
}

/**
 * A serving node that has to prove itself on every connection before it gets any data. A connection that has ended is
 * replaced by a new one, on which the node proves itself again. Made by {@link connectNode}.
 */
export class AttestedNode {
  readonly #grpc: Renewable<GrpcConnection>;
  readonly #rest: Renewable<RestConnection>;

  constructor(options: NodeOptions) {
    const judge = new EvidenceJudge(options.evidence);
    const maxAnswerBytes = options.maxAnswerBytes ?? DEFAULT_MAX_ANSWER_BYTES;
    const { grpcPort, restPort } = options;
    this.#grpc = new Renewable(() => GrpcConnection.open(targetOf(options, grpcPort, "h2"), judge, maxAnswerBytes));
    this.#rest = new Renewable(() =>
      RestConnection.open(targetOf(options, restPort, "http/1.1"), judge, maxAnswerBytes),
    );
  }

  /** Connects by gRPC now instead of at the first call. @throws ClientError */
  async proveGrpc(): Promise<ProvenNode> {
    return (await this.#grpc.use()).proven;
  }

  /** Connects by REST now instead of at the first call. @throws ClientError */
  async proveRest(): Promise<ProvenNode> {
    return (await this.#rest.use()).proven;
  }

  /**
   * Predicts by gRPC. A request without a model means the one that the node has proved to serve.
   *
   * @throws ServingError with the status of the call
   * @throws ClientError when the node cannot be reached or trusted; no data was sent to it then
   */
  async predictGrpc(request: PredictRequest, options: CallOptions = {}): Promise<AttestedPrediction> {
    const connection = await this.#grpc.use();
    const modelSpec = request.modelSpec ?? ModelSpec.create({ name: connection.proven.model });
    const message = encodePredictRequest({ ...request, modelSpec }, { asContent: true });
    const answer = await connection.call("/tensorflow.serving.PredictionService/Predict", message, options);
    return { ...decodePredictResponse(answer), node: connection.proven };
  }

  /** Predicts by REST; otherwise as {@link predictGrpc}. The output filter must be empty. */
  async predictRest(request: PredictRequest, options: RestPredictOptions = {}): Promise<AttestedPrediction> {
    const connection = await this.#rest.use();
    return { ...(await predictOverRest(connection, request, options)), node: connection.proven };
  }

  /** The model's signatures, by gRPC. @throws as {@link predictGrpc} */
  async metadata(modelSpec?: ModelSpec, options: CallOptions = {}): Promise<GetModelMetadataResponse> {
    const connection = await this.#grpc.use();
    const spec = modelSpec ?? ModelSpec.create({ name: connection.proven.model });
    const message = GetModelMetadataRequest.encode({ modelSpec: spec, metadataField: [SIGNATURE_DEF_FIELD] });
    const path = "/tensorflow.serving.PredictionService/GetModelMetadata";
    return GetModelMetadataResponse.decode(await connection.call(path, message, options));
  }

  /** The state of the model's versions, by gRPC. @throws as {@link predictGrpc} */
  async status(modelSpec?: ModelSpec, options: CallOptions = {}): Promise<GetModelStatusResponse> {
    const connection = await this.#grpc.use();
    const spec = modelSpec ?? ModelSpec.create({ name: connection.proven.model });
    const message = GetModelStatusRequest.encode({ modelSpec: spec });
    const path = "/tensorflow.serving.ModelService/GetModelStatus";
    return GetModelStatusResponse.decode(await connection.call(path, message, options));
  }

  /** Closes both connections; running gRPC calls end first. */
  async close(): Promise<void> {
    const [grpc, rest] = await Promise.all([this.#grpc.existing(), this.#rest.existing()]);
    rest?.close();
    await grpc?.close();
  }
}

/**
 * Connects to a serving node: its TLS chain is checked, then it is asked for evidence on that very connection, and only
 * when the policy accepts that does anything else go out. The gRPC port is connected at once, or the REST port where it is
 * the only one.
 *
 * @throws ClientError, with what failed: `unreachable`, `chain-not-trusted`, `tls-refused`, `evidence-missing`,
 * `collateral-unavailable`, `evidence-not-genuine`, `evidence-refused` (as EvidenceRefusedError), `package-not-accepted`
 * @throws AttestationError `policy-unpinned` for a policy that pins no software
 * @throws the reason of `options.signal` when it fires first
 */
export async function connectNode(options: NodeOptions): Promise<AttestedNode> {
  const node = new AttestedNode(options);
  await (options.grpcPort === undefined ? node.proveRest() : node.proveGrpc());
  return node;
}

function targetOf(options: NodeOptions, port: number | undefined, protocol: TlsTarget["protocol"]): TlsTarget {
  const { host, serverName = host, signal } = options;
  const timeoutMs = options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS;
  if (port === undefined) {
    const member = protocol === "h2" ? "grpcPort" : "restPort";
    throw new ClientError("bad-target", `no port was given for this call`, { remedy: `give ${member}` });
  }
  return { host, port, authority: authorityOf(options), serverName, protocol, timeoutMs, signal };
}

/** @throws ClientError `bad-target` unless it is clear what a server's certificate is held to */
function authorityOf({ caPem, raTls = false, evidence }: NodeOptions): TlsTarget["authority"] {
  if (raTls === (caPem !== undefined)) {
    throw new ClientError("bad-target", "it is not clear what the node's certificate is held to", {
      expected: "either caPem or raTls",
      actual: raTls ? "both" : "neither",
    });
  }
  if (caPem !== undefined) {
    return { caPem };
  }
  if (evidence.manifestDigest === undefined) {
    throw new ClientError("bad-target", "no authority vouches for the node, and no package is pinned", {
      remedy: "give evidence.manifestDigest, which the model's owner has from sealing",
    });
  }
  return "ra-tls";
}
