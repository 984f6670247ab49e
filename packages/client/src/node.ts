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
import { type Prove, proveByEvidence } from "./evidence/exchange.ts";
import { EvidenceJudge, type ProvenNode } from "./evidence/judge.ts";
import { GrpcConnection } from "./grpc/connection.ts";
import type { CallOptions, ConnectionOptions, NodeOptions, UnattestedOptions } from "./options.ts";
import { RestConnection } from "./rest/connection.ts";
import { predictOverRest, type RestPredictOptions } from "./rest/predict.ts";

const DEFAULT_CONNECT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_ANSWER_BYTES = 2 ** 30;

/** An answer, and what the node had proved on the connection it came over. */
export interface NodePrediction<Proof> extends PredictResponse {
  readonly node: Proof;
}

/** An answer of a node that has proved itself by evidence. */
export type AttestedPrediction = NodePrediction<ProvenNode>;

/** A node that has to prove itself by evidence on every connection before it gets any data. Made by {@link connectNode}. */
export type AttestedNode = ServingNode<ProvenNode>;

/** A node without evidence: only its certificate tells who it is. Made by {@link connectWithoutEvidence}. */
export type UnattestedNode = ServingNode<undefined>;

/**
 * A serving node. A connection that has ended is replaced by a new one, on which the node proves itself again, if it has to
 * at all.
 */
export class ServingNode<Proof extends ProvenNode | undefined> {
  readonly #grpc: Renewable<GrpcConnection<Proof>>;
  readonly #rest: Renewable<RestConnection<Proof>>;

  /** Use {@link connectNode} or {@link connectWithoutEvidence}. */
  constructor(options: ConnectionOptions, authority: TlsTarget["authority"], prove: Prove<Proof>) {
    const maxAnswerBytes = options.maxAnswerBytes ?? DEFAULT_MAX_ANSWER_BYTES;
    const target = (port: number | undefined, protocol: TlsTarget["protocol"]): TlsTarget =>
      targetOf(options, port, { authority, protocol });
    const { grpcPort, restPort } = options;
    this.#grpc = new Renewable(() => GrpcConnection.open(target(grpcPort, "h2"), prove, maxAnswerBytes));
    this.#rest = new Renewable(() => RestConnection.open(target(restPort, "http/1.1"), prove, maxAnswerBytes));
  }

  /** Connects by gRPC now instead of at the first call. @throws ClientError */
  async proveGrpc(): Promise<Proof> {
    return (await this.#grpc.use()).proven;
  }

  /** Connects by REST now instead of at the first call. @throws ClientError */
  async proveRest(): Promise<Proof> {
    return (await this.#rest.use()).proven;
  }

  /**
   * Predicts by gRPC. A request without a model means the one that the node has proved to serve.
   *
   * @throws ServingError with the status of the call
   * @throws ClientError when the node cannot be reached or trusted; no data was sent to it then
   */
  async predictGrpc(request: PredictRequest, options: CallOptions = {}): Promise<NodePrediction<Proof>> {
    const connection = await this.#grpc.use();
    const modelSpec = request.modelSpec ?? provenModel(connection.proven);
    const message = encodePredictRequest({ ...request, modelSpec }, { asContent: true });
    const answer = await connection.call("/tensorflow.serving.PredictionService/Predict", message, options);
    return { ...decodePredictResponse(answer), node: connection.proven };
  }

  /** Predicts by REST; otherwise as {@link predictGrpc}. The output filter must be empty. */
  async predictRest(request: PredictRequest, options: RestPredictOptions = {}): Promise<NodePrediction<Proof>> {
    const connection = await this.#rest.use();
    const modelSpec = request.modelSpec ?? provenModel(connection.proven);
    return { ...(await predictOverRest(connection, { ...request, modelSpec }, options)), node: connection.proven };
  }

  /** The model's signatures, by gRPC. @throws as {@link predictGrpc} */
  async metadata(modelSpec?: ModelSpec, options: CallOptions = {}): Promise<GetModelMetadataResponse> {
    const connection = await this.#grpc.use();
    const spec = modelSpec ?? provenModel(connection.proven);
    const message = GetModelMetadataRequest.encode({ modelSpec: spec, metadataField: [SIGNATURE_DEF_FIELD] });
    const path = "/tensorflow.serving.PredictionService/GetModelMetadata";
    return GetModelMetadataResponse.decode(await connection.call(path, message, options));
  }

  /** The state of the model's versions, by gRPC. @throws as {@link predictGrpc} */
  async status(modelSpec?: ModelSpec, options: CallOptions = {}): Promise<GetModelStatusResponse> {
    const connection = await this.#grpc.use();
    const spec = modelSpec ?? provenModel(connection.proven);
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
  const node = new ServingNode(options, authorityOf(options), proveByEvidence(new EvidenceJudge(options.evidence)));
  await (options.grpcPort === undefined ? node.proveRest() : node.proveGrpc());
  return node;
}

/**
 * Connects to a server that gives no evidence, such as one with models in plain folders. Its certificate is checked, but
 * whoever runs the machine can read all data.
 *
 * @throws ClientError `unreachable`, `chain-not-trusted`, `tls-refused`
 */
export async function connectWithoutEvidence(options: UnattestedOptions): Promise<UnattestedNode> {
  const node = new ServingNode(options, { caPem: options.caPem }, async () => undefined);
  await (options.grpcPort === undefined ? node.proveRest() : node.proveGrpc());
  return node;
}

/** The model that is meant when a request names none. */
function provenModel(proof: ProvenNode | undefined): ModelSpec {
  return ModelSpec.create({ name: proof?.model ?? "" });
}

function targetOf(
  options: ConnectionOptions,
  port: number | undefined,
  { authority, protocol }: Pick<TlsTarget, "authority" | "protocol">,
): TlsTarget {
  const { host, serverName = host, signal } = options;
  const timeoutMs = options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS;
  if (port === undefined) {
    const member = protocol === "h2" ? "grpcPort" : "restPort";
    throw new ClientError("bad-target", `no port was given for this call`, { remedy: `give ${member}` });
  }
  return { host, port, authority, serverName, protocol, timeoutMs, signal };
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
