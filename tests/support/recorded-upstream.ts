/** Intel's service as it answered when dialogues with an upstream were recorded, put together from what clients got. */
import type { Replier, UpstreamReply } from "../../packages/collateral-service/test/support/upstream-server.ts";
import type { RecordedCase } from "./pccs-transcripts.ts";
import { readVectorText } from "./vectors.ts";

/** A recorded case with the requests that Intel's PCCS made upstream for it. */
export interface RecordedFill extends RecordedCase {
  readonly upstream: readonly { readonly method: string; readonly host: string; readonly path: string }[];
}

interface Dataset {
  readonly platforms: readonly { readonly qe_id: string; readonly enc_ppid: string }[];
  readonly collaterals: {
    readonly pck_certs: readonly { readonly qe_id: string; readonly certs: readonly object[] }[];
    readonly pckcacrl: { readonly processorCrl: string; readonly platformCrl: string };
    readonly qeidentity: string;
    readonly tdqeidentity: string;
    readonly qveidentity: string;
    readonly certificates: {
      readonly "SGX-PCK-Certificate-Issuer-Chain": { readonly PROCESSOR: string; readonly PLATFORM: string };
      readonly "SGX-Enclave-Identity-Issuer-Chain": string;
    };
    readonly rootcacrl: string;
  };
}

const MISSING: UpstreamReply = { status: 404, headers: {}, body: "" };
const JSON_TYPE = { "Content-Type": "application/json" };
const CRL_TYPE = { "Content-Type": "application/pkix-crl" };
const SGX = "/sgx/certification/v4";
const TDX = "/tdx/certification/v4";
const PROCESSOR_QE_ID = "16A5B41EBB076D263A1E39E64E7175E7";
/** Registered by a manifest; it has the certificates of this platform. */
const PLATFORM_QE_ID = "908DA94D8F8A3C31DB56855DEC5892AA";

/** Answers what the recordings show; what they do not show is not there. */
export async function recordedUpstream(cases: readonly RecordedFill[]): Promise<Replier> {
  const dataset = JSON.parse(await readVectorText("pccs/fixtures/dataset-A.json")) as Dataset;
  const documents = documentsOf(dataset, cases);
  const certificates = certificatesOf(dataset);
  await addPartlyAvailable(documents, certificates);
  return ({ method, path }) => {
    if (path.startsWith(`${SGX}/pckcerts`)) {
      const ppid = new URLSearchParams(path.split("?")[1]).get("encrypted_ppid") ?? "";
      return certificates.get(method === "POST" ? PLATFORM_QE_ID : ppid.toUpperCase()) ?? MISSING;
    }
    return documents.get(path) ?? MISSING;
  };
}

/** Genuine documents of the FMSPC 00606A000000, of which the recordings show one certificate alone. */
interface ForeignCollateral {
  readonly tcb_info: string;
  readonly tcb_info_signature: string;
  readonly tcb_info_issuer_chain: string;
}

/**
 * The platform of which Intel does not have all certificates. The recordings show the certificate that clients got, its TCB
 * info is among the vectors of quotes.
 */
async function addPartlyAvailable(
  documents: Map<string, UpstreamReply>,
  certificates: Map<string, UpstreamReply>,
): Promise<void> {
  const vector = await readVectorText("sgx-quote-v3/sgx-automata-mock/collateral-1.json");
  const { tcb_info, tcb_info_signature, tcb_info_issuer_chain } = JSON.parse(vector) as ForeignCollateral;
  const reply: UpstreamReply = {
    status: 200,
    headers: { ...JSON_TYPE, "TCB-Info-Issuer-Chain": encodeURIComponent(tcb_info_issuer_chain) },
    body: `{"tcbInfo":${tcb_info},"signature":"${tcb_info_signature}"}`,
  };
  for (const update of ["standard", "early"]) {
    documents.set(`${SGX}/tcb?fmspc=00606A000000&update=${update}`, reply);
  }
  const cases = JSON.parse(await readVectorText("pccs/08-lazy-upstream-A.json")).cases as readonly RecordedFill[];
  const recorded = cases.find(({ id }) => id === "pckcert-partly-not-available");
  const answered = new Map(recorded?.response.headers);
  const ppid = new URLSearchParams(recorded?.request.path.split("?")[1]).get("encrypted_ppid") ?? "";
  const absent = { tcb: {}, tcbm: "FF".repeat(18), cert: "Not available" };
  const listed = {
    tcb: {},
    tcbm: answered.get("SGX-TCBm"),
    cert: encodeURIComponent(recorded?.response.body ?? ""),
  };
  const chain = answered.get("SGX-PCK-Certificate-Issuer-Chain") ?? "";
  certificates.set(ppid.toUpperCase(), {
    status: 200,
    headers: { ...JSON_TYPE, "SGX-PCK-Certificate-Issuer-Chain": chain },
    body: JSON.stringify([absent, listed, absent]),
  });
}

/** By path. The early documents were the standard ones where a recording does not show others. */
function documentsOf({ collaterals }: Dataset, cases: readonly RecordedFill[]): Map<string, UpstreamReply> {
  const { certificates, pckcacrl, qeidentity, qveidentity, tdqeidentity, rootcacrl } = collaterals;
  const identityChain = { "SGX-Enclave-Identity-Issuer-Chain": certificates["SGX-Enclave-Identity-Issuer-Chain"] };
  const crl = (hex: string, chain: string): UpstreamReply => ({
    status: 200,
    headers: { ...CRL_TYPE, "SGX-PCK-CRL-Issuer-Chain": chain },
    body: Buffer.from(hex, "hex"),
  });
  const { PROCESSOR, PLATFORM } = certificates["SGX-PCK-Certificate-Issuer-Chain"];
  const made = new Map<string, UpstreamReply>([
    ["/IntelSGXRootCA.der", { status: 200, headers: CRL_TYPE, body: Buffer.from(rootcacrl, "hex") }],
    [`${SGX}/pckcrl?ca=processor&encoding=der`, crl(pckcacrl.processorCrl, PROCESSOR)],
    [`${SGX}/pckcrl?ca=platform&encoding=der`, crl(pckcacrl.platformCrl, PLATFORM)],
  ]);
  for (const update of ["standard", "early"]) {
    const identity = (body: string): UpstreamReply => ({
      status: 200,
      headers: { ...JSON_TYPE, ...identityChain },
      body,
    });
    made.set(`${SGX}/qe/identity?update=${update}`, identity(qeidentity));
    made.set(`${SGX}/qve/identity?update=${update}`, identity(qveidentity));
    made.set(`${TDX}/qe/identity?update=${update}`, identity(tdqeidentity));
  }
  for (const { request, response } of cases) {
    const [, tee, fmspc] = /^\/(sgx|tdx)\/certification\/v4\/tcb\?fmspc=([0-9A-Fa-f]{12})/.exec(request.path) ?? [];
    const chain = response.headers.find(([name]) => name.endsWith("Issuer-Chain"));
    if (chain !== undefined && fmspc !== undefined) {
      const reply = { status: 200, headers: { ...JSON_TYPE, [chain[0]]: chain[1] }, body: response.body ?? "" };
      made.set(`/${tee}/certification/v4/tcb?fmspc=${fmspc.toUpperCase()}&update=standard`, reply);
      made.set(`/${tee}/certification/v4/tcb?fmspc=${fmspc.toUpperCase()}&update=early`, reply);
    }
    const [, of, update] = /^\/(.*\/(?:qe|qve)\/identity)(?:\?update=(early|standard))?$/.exec(request.path) ?? [];
    if (chain !== undefined && of !== undefined) {
      const headers = { ...JSON_TYPE, [chain[0]]: chain[1] };
      made.set(`/${of}?update=${update ?? "standard"}`, { status: 200, headers, body: response.body ?? "" });
    }
  }
  return made;
}

/** By encrypted PPID, and by the QE id of the platform that registers by its manifest. */
function certificatesOf({ platforms, collaterals }: Dataset): Map<string, UpstreamReply> {
  const { PROCESSOR, PLATFORM } = collaterals.certificates["SGX-PCK-Certificate-Issuer-Chain"];
  const made = new Map<string, UpstreamReply>();
  for (const { qe_id, certs } of collaterals.pck_certs) {
    const chain = qe_id === PROCESSOR_QE_ID ? PROCESSOR : PLATFORM;
    const headers = { ...JSON_TYPE, "SGX-PCK-Certificate-Issuer-Chain": chain };
    const reply: UpstreamReply = { status: 200, headers, body: JSON.stringify(certs) };
    made.set(qe_id, reply);
    made.set(platforms.find((platform) => platform.qe_id === qe_id)?.enc_ppid.toUpperCase() ?? "", reply);
  }
  return made;
}
