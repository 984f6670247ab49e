import {
  type CollateralProvider,
  type FetchedDocument,
  type FetchedPckCertificates,
  type FmspcGroup,
  type ListedFmspc,
  type PlatformRequest,
  ProviderError,
} from "../provider.ts";
import type { DocumentId, EvaluatedId, IdentityKind } from "../store/document-key.ts";
import type { Attempts } from "./attempts.ts";
import { placeOf, type UpstreamAnswer, type UpstreamRequest } from "./exchange.ts";
import type { PcsAddress } from "./pcs-address.ts";
import { certificatesIn, chainIn, expectType, fmspcsIn, revocationListIn } from "./pcs-answer.ts";
import { crlDistributionPoint, rootOf } from "./root-crl.ts";

const JSON_TYPE = ["application/json"];
const CRL_TYPES = ["application/pkix-crl", "application/x-pem-file"];
/** Distribution points are plain files on a web server. */
const FILE_TYPES = [...CRL_TYPES, "application/x-pkcs7-crl", "application/octet-stream", "application/x-x509-crl"];
const TCB_INFO_CHAIN = ["TCB-Info-Issuer-Chain", "SGX-TCB-Info-Issuer-Chain"];
const IDENTITY_CHAIN = ["SGX-Enclave-Identity-Issuer-Chain"];
const EVALUATION_NUMBERS_CHAIN = ["TCB-Evaluation-Data-Numbers-Issuer-Chain"];
const PCK_CRL_CHAIN = ["SGX-PCK-CRL-Issuer-Chain"];
const IDENTITY_PATHS: Readonly<Record<IdentityKind, readonly [tee: "sgx" | "tdx", path: string]>> = {
  QE: ["sgx", "qe/identity"],
  QVE: ["sgx", "qve/identity"],
  QAE: ["sgx", "qae/identity"],
  TDQE: ["tdx", "qe/identity"],
};
const QE_IDENTITY: DocumentId = { kind: "identity", identity: "QE", version: 4, update: "standard" };
const PCK_CRL_URI = /\/pckcrl\?/;
const KEY_HEADER = "Ocp-Apim-Subscription-Key";
const OK = 200;
const UNAUTHORIZED = 401;

/** What a provider works with. */
export interface PcsSettings {
  readonly attempts: Attempts;
  readonly address: PcsAddress;
  /** Subscription keys, primary first; the next is used where one is refused. */
  readonly apiKeys?: readonly string[];
  /** PEM chain that ends in the root, where one is stored; its distribution point is then known without asking. */
  readonly knownRoot?: () => Promise<string | undefined>;
}

/** Asks Intel's Provisioning Certification Service, or one that speaks like it. Nothing is verified here. */
export class PcsProvider implements CollateralProvider {
  readonly #attempts: Attempts;
  readonly #address: PcsAddress;
  readonly #apiKeys: readonly string[];
  readonly #knownRoot: () => Promise<string | undefined>;

  constructor({ attempts, address, apiKeys = [], knownRoot = async () => undefined }: PcsSettings) {
    this.#attempts = attempts;
    this.#address = address;
    this.#apiKeys = apiKeys;
    this.#knownRoot = knownRoot;
  }

  /** @throws ProviderError */
  async fetchDocument(id: DocumentId, chain?: string): Promise<FetchedDocument> {
    switch (id.kind) {
      case "tcb-info":
      case "identity":
        return this.#getEvaluated(id, `update=${id.update}`);
      case "evaluation-numbers":
        return this.#get(`${this.#address[id.tee]}tcbevaluationdatanumbers`, JSON_TYPE, EVALUATION_NUMBERS_CHAIN);
      case "pck-crl":
        return this.#getPckCrl(`${this.#address.sgx}pckcrl?ca=${id.ca}&encoding=der`);
      case "root-ca-crl": {
        const root = chain === undefined ? await this.#root() : rootOf(chain);
        return this.#getFile(crlDistributionPoint(root), root);
      }
      case "crl":
      default:
        return PCK_CRL_URI.test(id.uri) ? this.#getPckCrl(id.uri) : this.#getFile(id.uri, await this.#root());
    }
  }

  /** @throws ProviderError */
  async fetchEvaluation(id: EvaluatedId, number: number): Promise<FetchedDocument> {
    return this.#getEvaluated(id, `tcbEvaluationDataNumber=${number}`);
  }

  /** @throws ProviderError `not-found` too for a platform that Intel does not know */
  async fetchPckCertificates(platform: PlatformRequest): Promise<FetchedPckCertificates> {
    const url = `${this.#address.sgx}pckcerts`;
    const answer = await this.#sendWithKey(questionAt(url, platform));
    expectType(answer, JSON_TYPE, url);
    const listed = certificatesIn(answer, url);
    const certificates = listed.map(({ pem }) => pem).filter((pem) => pem !== undefined);
    return {
      certificates,
      notAvailable: listed.length - certificates.length,
      issuerChain: chainIn(answer, ["SGX-PCK-Certificate-Issuer-Chain"], url),
    };
  }

  /** @throws ProviderError */
  async fetchFmspcs(group: FmspcGroup): Promise<readonly ListedFmspc[]> {
    const url = `${this.#address.sgx}fmspcs`;
    const answer = await this.#attempts.send({ method: "GET", url: `${url}?platform=${group}` });
    expectType(answer, JSON_TYPE, url);
    return fmspcsIn(answer, url);
  }

  /** The root certificate, which says where its list is: the stored one, or else that of the identity which is asked for most. */
  async #root(): Promise<string> {
    const known = await this.#knownRoot();
    return rootOf(known ?? (await this.fetchDocument(QE_IDENTITY)).issuerChain);
  }

  #getEvaluated(id: EvaluatedId, which: string): Promise<FetchedDocument> {
    if (id.version !== 4) {
      throw new ProviderError("not-found", `the upstream has no documents of API version ${id.version}`);
    }
    if (id.kind === "tcb-info") {
      return this.#get(`${this.#address[id.tee]}tcb?fmspc=${id.fmspc}&${which}`, JSON_TYPE, TCB_INFO_CHAIN);
    }
    const [tee, path] = IDENTITY_PATHS[id.identity];
    return this.#get(`${this.#address[tee]}${path}?${which}`, JSON_TYPE, IDENTITY_CHAIN);
  }

  async #get(url: string, types: readonly string[], chain: readonly string[]): Promise<FetchedDocument> {
    const answer = await this.#attempts.send({ method: "GET", url });
    const place = placeOf(url);
    expectType(answer, types, place);
    return { body: answer.body, issuerChain: chainIn(answer, chain, place) };
  }

  /** In DER, however it was asked for: the URI that clients give may ask for PEM. */
  async #getPckCrl(url: string): Promise<FetchedDocument> {
    const { body, issuerChain } = await this.#get(url, CRL_TYPES, PCK_CRL_CHAIN);
    return { body: revocationListIn(body, placeOf(url)), issuerChain };
  }

  /** A list from its distribution point, where nothing but the list is. */
  async #getFile(url: string, root: string): Promise<FetchedDocument> {
    const answer = await this.#attempts.send({ method: "GET", url });
    expectType(answer, FILE_TYPES, placeOf(url));
    return { body: revocationListIn(answer.body, placeOf(url)), issuerChain: root };
  }

  /** With each key until one is accepted; without any where there is none. */
  async #sendWithKey(request: UpstreamRequest): Promise<UpstreamAnswer> {
    for (const key of this.#apiKeys.slice(0, -1)) {
      const answer = await this.#attempts.send(withKey(request, key), [OK, UNAUTHORIZED]);
      if (answer.status === OK) {
        return answer;
      }
    }
    const last = this.#apiKeys.at(-1);
    return this.#attempts.send(last === undefined ? request : withKey(request, last));
  }
}

function withKey(request: UpstreamRequest, key: string): UpstreamRequest {
  return { ...request, headers: { ...request.headers, [KEY_HEADER]: key } };
}

function questionAt(url: string, platform: PlatformRequest): UpstreamRequest {
  return "manifest" in platform
    ? {
        method: "POST",
        url,
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ platformManifest: platform.manifest, pceid: platform.pceId }),
      }
    : { method: "GET", url: `${url}?encrypted_ppid=${platform.encryptedPpid}&pceid=${platform.pceId}` };
}
