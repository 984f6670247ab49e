import type { Collateral, IntelTeeKind } from "@sealserve/attestation";
import { CollateralError } from "./errors.ts";
import { issuerChainIn, revocationListIn, signedTextIn } from "./pccs-answer.ts";
import { type Fetch, type PccsAnswer, type PccsTransport, request } from "./pccs-request.ts";
import { type PlatformIdentity, platformOf } from "./platform-identity.ts";
import type { CollateralSource } from "./source.ts";

/** How to reach a PCCS. */
export interface PccsOptions {
  /** `https://host:port`, with or without `/sgx/certification/v4`. */
  readonly url: string;
  /** Takes the place of the global `fetch`. */
  readonly fetch?: Fetch;
  /** For each request with its answer. Default 10 s. */
  readonly timeoutMs?: number;
  /** Which of the two data sets that Intel keeps valid to ask for; the service's default is `standard`. */
  readonly update?: "early" | "standard";
}

/** Certificates, revocation lists and SGX; documents for TDX stand below a path of their own. */
const API_PATH = "/sgx/certification/v4";
const DOCUMENT_PATHS: Readonly<Record<IntelTeeKind, string>> = { sgx: API_PATH, tdx: "/tdx/certification/v4" };
const DEFAULT_TIMEOUT_MS = 10_000;

const TCB_INFO_CHAIN = ["TCB-Info-Issuer-Chain", "SGX-TCB-Info-Issuer-Chain"];
const QE_IDENTITY_CHAIN = ["SGX-Enclave-Identity-Issuer-Chain"];
const PCK_CRL_CHAIN = ["SGX-PCK-CRL-Issuer-Chain"];

/**
 * Fetches collateral from a Provisioning Certificate Caching Service (Intel PCCS, API version 4). TLS is not required for
 * the documents to be genuine, since every one is signed. But whoever can answer in the service's place can hold newer
 * ones back and send others that are still in their window: `cachedSource` refuses to go back to documents older
 * than it has seen, and only TLS to a service that is trusted to be current helps before it has seen any.
 * @throws CollateralError `pccs-url-invalid`
 */
export function pccsSource(options: PccsOptions): CollateralSource {
  const transport = {
    base: serviceOrigin(options.url),
    fetch: options.fetch ?? globalThis.fetch.bind(globalThis),
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  };
  const update = options.update === undefined ? [] : [`update=${options.update}`];
  return {
    fetchCollateral: async (quote) => {
      const abandon = new AbortController();
      try {
        return await fetchDocuments({ ...transport, abandoned: abandon.signal }, platformOf(quote), update);
      } finally {
        abandon.abort(); // one refusal decides: the other answers are of no use then
      }
    },
  };
}

async function fetchDocuments(
  transport: PccsTransport,
  { tee, fmspc, ca }: PlatformIdentity,
  update: readonly string[],
): Promise<Collateral> {
  const ask = (path: string, parameters: readonly string[]): Promise<PccsAnswer> =>
    request(transport, parameters.length === 0 ? path : `${path}?${parameters.join("&")}`);
  const [tcb, identity, pckCrl, rootCaCrl] = await Promise.all([
    ask(`${DOCUMENT_PATHS[tee]}/tcb`, [`fmspc=${fmspc.toUpperCase()}`, ...update]),
    ask(`${DOCUMENT_PATHS[tee]}/qe/identity`, update),
    ask(`${API_PATH}/pckcrl`, [`ca=${ca}`, "encoding=der"]),
    ask(`${API_PATH}/rootcacrl`, []),
  ]);
  const tcbInfo = signedTextIn(tcb, "tcbInfo");
  const qeIdentity = signedTextIn(identity, "enclaveIdentity");
  return {
    tcbInfo: tcbInfo.text,
    tcbInfoSignature: tcbInfo.signature,
    tcbInfoIssuerChain: issuerChainIn(tcb, TCB_INFO_CHAIN),
    qeIdentity: qeIdentity.text,
    qeIdentitySignature: qeIdentity.signature,
    qeIdentityIssuerChain: issuerChainIn(identity, QE_IDENTITY_CHAIN),
    rootCaCrl: revocationListIn(rootCaCrl),
    pckCrl: revocationListIn(pckCrl),
    pckCrlIssuerChain: issuerChainIn(pckCrl, PCK_CRL_CHAIN),
  };
}

function serviceOrigin(text: string): string {
  const url = URL.parse(text);
  const path = url?.pathname.replace(/\/+$/, "");
  if (
    url === null ||
    !["http:", "https:"].includes(url.protocol) ||
    !["", API_PATH].includes(path ?? "") ||
    `${url.username}${url.password}${url.search}${url.hash}` !== ""
  ) {
    throw new CollateralError("pccs-url-invalid", "the URL of the PCCS cannot be used", {
      expected: `https://host:port or https://host:port${API_PATH}`,
      remedy: "give scheme, host and port, and nothing secret",
    });
  }
  return url.origin;
}
