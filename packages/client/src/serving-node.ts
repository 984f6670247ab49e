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
import { type AnswerSeal, readAnswerSeal } from "./evidence/answer-seal.ts";
import type { Prove } from "./evidence/exchange.ts";
import type { ProvenNode } from "./evidence/judge.ts";
import { GrpcConnection } from "./grpc/connection.ts";
import type { CallOptions, ConnectionOptions } from "./options.ts";
import { type RestAnswer, RestConnection, type RestRequest } from "./rest/connection.ts";
import { predictOverRest, type RestPredictOptions } from "./rest/predict.ts";

const DEFAULT_CONNECT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_ANSWER_BYTES = 2 ** 30;

/** An answer, and what the node had proved on the connection it came over. */
export interface NodePrediction<Proof> extends PredictResponse {
  readonly node: Proof;
  /** What the answer says of its package: the one that was proved, where the node had to prove itself. */
  readonly seal: AnswerSeal | undefined;
}

/** An answer of a node that has proved itself by evidence. */
export type AttestedPrediction = NodePrediction<ProvenNode>;

/** A node that has to prove itself by evidence on every connection before it gets any data. Made by `connectNode`. */
export type AttestedNode = ServingNode<ProvenNode>;

/** A node without evidence: only its certificate tells who it is. Made by `connectWithoutEvidence`. */
export type UnattestedNode = ServingNode<undefined>;

/**
 * A serving node. A connection that has ended is replaced by a new one, on which the node proves itself again, if it has to
 * at all.
 */
export class ServingNode<Proof extends ProvenNode | undefined> {
  readonly #grpc: Renewable<GrpcConnection<Proof>>;
  readonly #rest: Renewable<RestConnection<Proof>>;

  /** Use `connectNode` or `connectWithoutEvidence`. */
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
    const path = "/tensorflow.serving.PredictionService/Predict";
    const answer = await connection.call(path, message, options);
    const seal = readAnswerSeal(answer.headers, "", connection.proven);
    return { ...decodePredictResponse(answer.message), node: connection.proven, seal };
  }

  /** Predicts by REST; otherwise as {@link predictGrpc}. The output filter must be empty. */
  async predictRest(request: PredictRequest, options: RestPredictOptions = {}): Promise<NodePrediction<Proof>> {
    const connection = await this.#rest.use();
    const modelSpec = request.modelSpec ?? provenModel(connection.proven);
    let seal: AnswerSeal | undefined;
    const send = async (rest: RestRequest): Promise<RestAnswer> => {
      const answer = await connection.send(rest);
      seal = readAnswerSeal(answer.headers, "x-", connection.proven);
      return answer;
    };
    const response = await predictOverRest({ send }, { ...request, modelSpec }, options);
    return { ...response, node: connection.proven, seal };
  }

  /** The model's signatures, by gRPC. @throws as {@link predictGrpc} */
  async metadata(modelSpec?: ModelSpec, options: CallOptions = {}): Promise<GetModelMetadataResponse> {
    const connection = await this.#grpc.use();
    const spec = modelSpec ?? provenModel(connection.proven);
    const message = GetModelMetadataRequest.encode({ modelSpec: spec, metadataField: [SIGNATURE_DEF_FIELD] });
    const path = "/tensorflow.serving.PredictionService/GetModelMetadata";
    return GetModelMetadataResponse.decode(await sealedCall(connection, path, message, options));
  }

  /** The state of the model's versions, by gRPC. @throws as {@link predictGrpc} */
  async status(modelSpec?: ModelSpec, options: CallOptions = {}): Promise<GetModelStatusResponse> {
    const connection = await this.#grpc.use();
    const spec = modelSpec ?? provenModel(connection.proven);
    const message = GetModelStatusRequest.encode({ modelSpec: spec });
    const path = "/tensorflow.serving.ModelService/GetModelStatus";
    return GetModelStatusResponse.decode(await sealedCall(connection, path, message, options));
  }

  /** Closes both connections; running gRPC calls end first. */
  async close(): Promise<void> {
    const [grpc, rest] = await Promise.all([this.#grpc.existing(), this.#rest.existing()]);
    rest?.close();
    await grpc?.close();
  }
}

/** The message of an answer that comes from the package that was proved. */
async function sealedCall(
  connection: GrpcConnection<ProvenNode | undefined>,
  path: string,
  request: Uint8Array,
  options: CallOptions,
): Promise<Uint8Array> {
  const { message, headers } = await connection.call(path, request, options);
  readAnswerSeal(headers, "", connection.proven);
  return message;
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
