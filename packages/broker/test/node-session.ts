import { createHash } from "node:crypto";
import { concatBytes, encodeUtf8 } from "@sealserve/core";
import { channelOf, type EvidenceStatement, lengthPrefixed, reportDataFor } from "@sealserve/ra-tls";
import type { Vendor } from "@sealserve/simulator";
import { type BrokerAnswer, type BrokerConnection, connectBroker } from "../src/client/broker-connection.ts";
import {
  CHALLENGE_PATH,
  decodeChallengeAnswer,
  decodeReleaseAnswer,
  encodeReleaseRequest,
  RELEASE_PATH,
} from "../src/protocol/messages.ts";
import type { ReleasedKey } from "../src/release/released-key.ts";
import { generateRecipientKey, openReleasedKey } from "../src/release/sealed-key.ts";
import { MR_ENCLAVE, type Owner, type TestBroker } from "./setup.ts";

export interface EvidencePlan {
  readonly model?: string;
  /** Fields of the statement in place of the right ones. */
  readonly statement?: Partial<EvidenceStatement>;
  /** In place of the statement's report data. */
  readonly reportData?: Uint8Array;
  /** Fields of the enclave's report in place of the right ones. */
  readonly report?: Partial<Parameters<Vendor["quote"]>[0]>;
  /** In place of new evidence. */
  readonly evidence?: Uint8Array;
  /** What is sent in place of those in the statement. */
  readonly sent?: { readonly model?: string; readonly publicKey?: Uint8Array; readonly manifestDigest?: Uint8Array };
}

/** A serving node's side of the protocol, step by step, so that a test can make any of them wrong. */
export class NodeSession {
  readonly connection: BrokerConnection;
  readonly #vendor: Vendor;
  readonly #recipient = generateRecipientKey();
  nonce: Uint8Array = new Uint8Array(32);
  evidence: Uint8Array = new Uint8Array(0);

  constructor(connection: BrokerConnection, vendor: Vendor) {
    this.connection = connection;
    this.#vendor = vendor;
  }

  static async open(owner: Owner, broker: TestBroker, vendor = owner.vendor): Promise<NodeSession> {
    const { hostname, port } = new URL(broker.url);
    const signal = AbortSignal.timeout(10_000);
    const connection = await connectBroker({ host: hostname, port: Number(port), caPem: owner.caPem, signal });
    owner.running.push(async () => connection.close());
    return new NodeSession(connection, vendor);
  }

  async challenge(): Promise<Uint8Array> {
    const { text } = await this.connection.post(CHALLENGE_PATH, "{}");
    this.nonce = decodeChallengeAnswer(text);
    return this.nonce;
  }

  /** The statement that the broker expects. */
  async statement(model = "alpha"): Promise<EvidenceStatement> {
    const channel = await channelOf(this.connection.socket, "client", "key-release");
    const { publicKey } = await this.#recipient;
    const manifestDigest = new Uint8Array(0);
    return { purpose: "key-release", nonce: this.nonce, ...channel, publicKey, manifestDigest, model };
  }

  async release(plan: EvidencePlan = {}): Promise<BrokerAnswer> {
    const statement = { ...(await this.statement(plan.model)), ...plan.statement };
    const reportData = plan.reportData ?? (await reportDataFor(statement));
    this.evidence = plan.evidence ?? (await this.#vendor.quote({ mrEnclave: MR_ENCLAVE, ...plan.report, reportData }));
    const { publicKey } = await this.#recipient;
    const { manifestDigest } = statement;
    const request = { model: plan.model ?? "alpha", publicKey, evidence: this.evidence, manifestDigest, ...plan.sent };
    return this.connection.post(RELEASE_PATH, encodeReleaseRequest(request));
  }

  /** Opens an answer of the broker. */
  async open(answer: BrokerAnswer, model = "alpha"): Promise<ReleasedKey | undefined> {
    const { keyPair } = await this.#recipient;
    return openReleasedKey(decodeReleaseAnswer(answer.text), keyPair, { nonce: this.nonce, model });
  }
}

/** Report data of a statement with any purpose and any domain label; the real encoder refuses wrong combinations. */
export function reportDataWith(label: string, purpose: string, statement: EvidenceStatement): Uint8Array {
  const { nonce, exporter, serverCertificateSha256, publicKey, manifestDigest, model } = statement;
  const fields = [nonce, exporter, serverCertificateSha256, publicKey, manifestDigest, encodeUtf8(model)];
  const bytes = concatBytes(lengthPrefixed(encodeUtf8(label), encodeUtf8(purpose), ...fields));
  return createHash("sha512").update(bytes).digest();
}
