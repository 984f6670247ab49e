import type { Collateral } from "@sealserve/attestation";
import { encodeHex } from "@sealserve/core";
import type { IntelTee } from "../vendor/intel-tee.ts";

/** An answer of the simulated collateral service. */
export interface PccsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** What the service answers from. */
export interface PccsData {
  /** FMSPC of the one machine there is. */
  readonly fmspc: string;
  readonly sgx: Collateral;
  /** `undefined` when the service knows of no TDX. */
  readonly tdx: Collateral | undefined;
}

/** Where the service's operations are, as in Intel's PCCS, API version 4. */
export const PCCS_PATHS: Readonly<Record<IntelTee, string>> = {
  sgx: "/sgx/certification/v4",
  tdx: "/tdx/certification/v4",
};

const TEXT = "text/html; charset=utf-8";
const JSON_TYPE = "application/json; charset=utf-8";
const INVALID = refusal(400, "Invalid request parameters.");
const MISSING = refusal(404, "No cache data for this platform.");

type Route = (query: URLSearchParams, data: PccsData) => PccsAnswer;

/** Revocation lists are the same for both kinds of TEE, and stand on the SGX paths only. */
const ROUTES: ReadonlyMap<string, Route> = new Map([
  [`${PCCS_PATHS.sgx}/tcb`, (query, { sgx, fmspc }) => answerTcb(query, sgx, fmspc)],
  [`${PCCS_PATHS.sgx}/qe/identity`, (query, { sgx }) => answerQeIdentity(query, sgx)],
  [`${PCCS_PATHS.sgx}/pckcrl`, (query, { sgx }) => answerPckCrl(query, sgx)],
  [`${PCCS_PATHS.sgx}/rootcacrl`, (_query, { sgx }) => answerRootCaCrl(sgx)],
  [`${PCCS_PATHS.tdx}/tcb`, (query, { tdx, fmspc }) => answerTcb(query, tdx, fmspc)],
  [`${PCCS_PATHS.tdx}/qe/identity`, (query, { tdx }) => answerQeIdentity(query, tdx)],
]);

/** Answers a GET as Intel's PCCS does: the same paths, parameters, encodings and headers. */
export function answerPccs(path: string, query: URLSearchParams, data: PccsData): PccsAnswer {
  return ROUTES.get(path)?.(query, data) ?? refusal(404, `Cannot GET this path of the simulated PCCS`);
}

function answerTcb(query: URLSearchParams, collateral: Collateral | undefined, fmspc: string): PccsAnswer {
  const asked = query.get("fmspc") ?? "";
  if (!/^[0-9a-fA-F]{12}$/.test(asked) || !hasValidUpdate(query)) {
    return INVALID;
  }
  if (collateral === undefined || asked.toLowerCase() !== fmspc.toLowerCase()) {
    return MISSING;
  }
  return {
    status: 200,
    headers: {
      "TCB-Info-Issuer-Chain": encodeURIComponent(collateral.tcbInfoIssuerChain),
      "Content-Type": JSON_TYPE,
    },
    body: `{"tcbInfo":${collateral.tcbInfo},"signature":"${collateral.tcbInfoSignature}"}`,
  };
}

function answerQeIdentity(query: URLSearchParams, collateral: Collateral | undefined): PccsAnswer {
  if (!hasValidUpdate(query)) {
    return INVALID;
  }
  if (collateral === undefined) {
    return MISSING;
  }
  return {
    status: 200,
    headers: {
      "SGX-Enclave-Identity-Issuer-Chain": encodeURIComponent(collateral.qeIdentityIssuerChain),
      "Content-Type": JSON_TYPE,
    },
    body: `{"enclaveIdentity":${collateral.qeIdentity},"signature":"${collateral.qeIdentitySignature}"}`,
  };
}

function answerPckCrl(query: URLSearchParams, collateral: Collateral): PccsAnswer {
  const ca = query.get("ca")?.toLowerCase();
  if (ca !== "platform") {
    return ca === "processor" ? MISSING : INVALID;
  }
  const chain = { "SGX-PCK-CRL-Issuer-Chain": encodeURIComponent(collateral.pckCrlIssuerChain) };
  return query.get("encoding")?.toLowerCase() === "der"
    ? { status: 200, headers: { ...chain, "Content-Type": "application/pkix-crl" }, body: collateral.pckCrl }
    : {
        status: 200,
        headers: { ...chain, "Content-Type": "application/x-pem-file; charset=utf-8" },
        body: encodeHex(collateral.pckCrl),
      };
}

function answerRootCaCrl(collateral: Collateral): PccsAnswer {
  return {
    status: 200,
    headers: { "Content-Type": "application/pkix-crl; charset=utf-8" },
    body: encodeHex(collateral.rootCaCrl),
  };
}

/** The one data set is both the early and the standard one. */
function hasValidUpdate(query: URLSearchParams): boolean {
  return ["standard", "early"].includes((query.get("update") ?? "standard").toLowerCase());
}

function refusal(status: number, text: string): PccsAnswer {
  return { status, headers: { "Content-Type": TEXT }, body: text };
}
