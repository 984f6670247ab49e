import type { Collateral } from "@sealserve/attestation";
import { createCertificateRevocationList, encodeHex, encodeUtf8, parseCertificateChainPem } from "@sealserve/core";
import {
  type CollateralOptions,
  chainPem,
  createPckCertificate,
  createProcessorCa,
  createVendor,
  type SimulatedMachine,
  type Vendor,
} from "@sealserve/simulator";
import { tcbmOf } from "../../src/verify-pck-certificates.ts";
import type { Replier, SeenRequest, UpstreamReply } from "./upstream-server.ts";

/** Intel's service in software, with documents of a simulated vendor. */
export interface SimulatedPcs {
  readonly vendor: Vendor;
  readonly reply: Replier;
  /** Issues all documents anew, as of `now`. */
  issue(now: Date, options?: CollateralOptions): Promise<void>;
  /** Answers as if other documents were issued, for the same platforms. */
  variant(now: Date, options: CollateralOptions): Promise<{ readonly reply: Replier }>;
  /** Serial number of a certificate in PEM. */
  serialOf(pem: string): string;
  /** Makes a platform known, by its encrypted PPID or its manifest. Certificates exist for these TCBs; absent ones are "Not available". */
  addPlatform(platform: {
    readonly ppid: string;
    readonly machines?: readonly SimulatedMachine[];
    readonly notAvailable?: number;
  }): Promise<void>;
}

interface Documents {
  readonly sgx: Collateral;
  readonly tdx: Collateral;
  readonly qve: Collateral;
  readonly qae: Collateral;
  readonly evaluationNumbers: Readonly<Record<"sgx" | "tdx", UpstreamReply>>;
  readonly processorCrl: Uint8Array;
  readonly processorChain: string;
}

/** 768 hex digits that begin as given. */
export function encryptedPpid(beginning: string): string {
  return beginning.padEnd(768, "A");
}

export async function simulatedPcs(now: Date): Promise<SimulatedPcs> {
  const vendor = await createVendor({ now });
  const processorCa = await createProcessorCa(vendor, now);
  const platforms = new Map<string, UpstreamReply>();
  const issue = async (at: Date, options: CollateralOptions = {}): Promise<Documents> => ({
    sgx: await vendor.collateral({ now: at, ...options }),
    tdx: await vendor.collateral({ now: at, ...options, tee: "tdx" }),
    qve: await vendor.collateral({ now: at, ...options, qeIdentity: { members: { id: "QVE" } } }),
    qae: await vendor.collateral({ now: at, ...options, qeIdentity: { members: { id: "QAE" } } }),
    evaluationNumbers: {
      sgx: await evaluationNumbers(vendor, "SGX", at),
      tdx: await evaluationNumbers(vendor, "TDX", at),
    },
    processorCrl: await createCertificateRevocationList({
      issuer: processorCa.certificate.subject,
      thisUpdate: secondOf(at),
      nextUpdate: new Date(secondOf(at).getTime() + 30 * 86_400_000),
      number: 1,
      revoked: [],
      signer: processorCa.key,
    }),
    processorChain: chainPem(processorCa, vendor.root),
  });
  let documents = await issue(now);
  return {
    vendor,
    reply: (request) => replyTo(request, vendor, documents, platforms),
    variant: async (at, options) => {
      const other = await issue(at, options);
      return { reply: (request) => replyTo(request, vendor, other, platforms) };
    },
    serialOf: (pem) => parseCertificateChainPem(pem)[0]?.serialNumber ?? "",
    issue: async (at, options) => {
      documents = await issue(at, options);
    },
    addPlatform: async ({ ppid, machines = [vendor.machine], notAvailable = 0 }) => {
      const certificates = await Promise.all(
        machines.map((machine) => createPckCertificate(vendor.platformCa, machine, now)),
      );
      const listed = certificates.map((certificate, index) => ({
        tcb: {},
        tcbm: tcbmOf({ cpuSvn: cpuSvnOf(machines[index] as SimulatedMachine), pceSvn: machines[index]?.pceSvn ?? 0 }),
        cert: encodeURIComponent(chainPem(certificate)),
      }));
      const absent = Array.from({ length: notAvailable }, () => ({
        tcb: {},
        tcbm: "FF".repeat(18),
        cert: "Not available",
      }));
      platforms.set(ppid, {
        status: 200,
        headers: {
          "Content-Type": "application/json",
          "SGX-PCK-Certificate-Issuer-Chain": encodeURIComponent(chainPem(vendor.platformCa, vendor.root)),
          "SGX-FMSPC": vendor.machine.fmspc,
          "SGX-PCK-Certificate-CA-Type": "platform",
        },
        body: JSON.stringify([...listed, ...absent]),
      });
    },
  };
}

const JSON_TYPE = { "Content-Type": "application/json" };
const MISSING: UpstreamReply = { status: 404, headers: {}, body: "" };

function replyTo(
  { method, host, path, body }: SeenRequest,
  vendor: Vendor,
  documents: Documents,
  platforms: ReadonlyMap<string, UpstreamReply>,
): UpstreamReply {
  const url = new URL(path, `https://${host}`);
  if (host === "certificates.trustedservices.intel.com") {
    return { status: 200, headers: { "Content-Type": "application/pkix-crl" }, body: documents.sgx.rootCaCrl };
  }
  if (method === "POST") {
    return platforms.get((JSON.parse(body) as { platformManifest: string }).platformManifest.toUpperCase()) ?? MISSING;
  }
  switch (url.pathname) {
    case "/sgx/certification/v4/pckcerts":
      return platforms.get((url.searchParams.get("encrypted_ppid") ?? "").toUpperCase()) ?? MISSING;
    case "/sgx/certification/v4/pckcrl":
      return url.searchParams.get("ca") === "platform"
        ? list(documents.sgx.pckCrl, documents.sgx.pckCrlIssuerChain)
        : list(documents.processorCrl, documents.processorChain);
    case "/sgx/certification/v4/tcb":
      return tcbInfo(url, vendor, documents.sgx);
    case "/tdx/certification/v4/tcb":
      return tcbInfo(url, vendor, documents.tdx);
    case "/sgx/certification/v4/qe/identity":
      return identity(documents.sgx);
    case "/tdx/certification/v4/qe/identity":
      return identity(documents.tdx);
    case "/sgx/certification/v4/qve/identity":
      return identity(documents.qve);
    case "/sgx/certification/v4/qae/identity":
      return identity(documents.qae);
    case "/sgx/certification/v4/tcbevaluationdatanumbers":
      return documents.evaluationNumbers.sgx;
    case "/tdx/certification/v4/tcbevaluationdatanumbers":
      return documents.evaluationNumbers.tdx;
    case "/sgx/certification/v4/fmspcs":
      return {
        status: 200,
        headers: JSON_TYPE,
        body: JSON.stringify([{ fmspc: vendor.machine.fmspc, platform: "E5" }]),
      };
    default:
      return MISSING;
  }
}

/** As Intel's service sends them, by the vendor. */
export async function evaluationNumbers(vendor: Vendor, id: string, at: Date): Promise<UpstreamReply> {
  const written = (time: Date): string => time.toISOString().replace(/\.\d+Z/, "Z");
  const text = JSON.stringify({
    id,
    version: 1,
    issueDate: written(at),
    nextUpdate: written(new Date(at.getTime() + 30 * 86_400_000)),
    tcbEvalNumbers: [
      { tcbEvaluationDataNumber: 1, tcbRecoveryEventDate: written(at), tcbDate: written(at) },
      { tcbEvaluationDataNumber: 2, tcbRecoveryEventDate: written(at), tcbDate: written(at) },
    ],
  });
  const signature = encodeHex(await vendor.tcbSigning.key.signRaw(encodeUtf8(text)));
  const chain = encodeURIComponent(chainPem(vendor.tcbSigning, vendor.root));
  return {
    status: 200,
    headers: { ...JSON_TYPE, "TCB-Evaluation-Data-Numbers-Issuer-Chain": chain },
    body: `{"tcbEvaluationDataNumbers":${text},"signature":"${signature}"}`,
  };
}

function tcbInfo(url: URL, { machine }: Vendor, collateral: Collateral): UpstreamReply {
  return url.searchParams.get("fmspc") !== machine.fmspc.toUpperCase()
    ? MISSING
    : {
        status: 200,
        headers: {
          "Content-Type": "application/json",
          "TCB-Info-Issuer-Chain": encodeURIComponent(collateral.tcbInfoIssuerChain),
        },
        body: `{"tcbInfo":${collateral.tcbInfo},"signature":"${collateral.tcbInfoSignature}"}`,
      };
}

function identity(collateral: Collateral): UpstreamReply {
  return {
    status: 200,
    headers: {
      "Content-Type": "application/json",
      "SGX-Enclave-Identity-Issuer-Chain": encodeURIComponent(collateral.qeIdentityIssuerChain),
    },
    body: `{"enclaveIdentity":${collateral.qeIdentity},"signature":"${collateral.qeIdentitySignature}"}`,
  };
}

function list(body: Uint8Array, chain: string): UpstreamReply {
  const headers = { "Content-Type": "application/pkix-crl", "SGX-PCK-CRL-Issuer-Chain": encodeURIComponent(chain) };
  return { status: 200, headers, body };
}

function cpuSvnOf({ componentSvns }: SimulatedMachine): string {
  return Buffer.from(componentSvns).toString("hex");
}

function secondOf(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1000) * 1000);
}
