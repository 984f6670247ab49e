import { encodeHex } from "@sealserve/core";
import type { CollateralOptions, Vendor } from "@sealserve/simulator";
import { vendor } from "./documents.ts";

/** The file of Intel's admin tool, as far as tests change it. */
export interface UploadFile {
  platforms: Record<string, string>[];
  collaterals: {
    version: number;
    pck_certs: { qe_id: string; pce_id: string; certs: { cert: string }[] }[];
    tcbinfos: Record<string, unknown>[];
    pckcacrl: { platformCrl: string };
    qeidentity: string;
    certificates: Record<string, unknown>;
    rootcacrl_cdp: string;
    rootcacrl: string;
  };
}

export const QE_ID = "AB".repeat(16);
export const CRL_URI = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der";
/** The TCB of the vendor's machine, or one above it. */
export const CPU_SVN = "0C0C0303FF0100000000000000000000";
export const PCE_SVN = "0D00";
export const BASE = "/sgx/certification/v4";
export const CERTIFICATE_PATH = `${BASE}/pckcert?qeid=${QE_ID}&pceid=0000&cpusvn=${CPU_SVN}&pcesvn=${PCE_SVN}`;

/** What the admin tool would upload for the machine of a vendor. */
export async function uploadOf(options: CollateralOptions = {}, from: Vendor = vendor): Promise<UploadFile> {
  const made = await from.collateral(options);
  const fmspc = from.machine.fmspc.toUpperCase();
  const [certificate = "", ...issuers] = from.pckChainPem.split(/(?<=END CERTIFICATE-----\n)/);
  return {
    platforms: [
      { qe_id: QE_ID, pce_id: "0000", cpu_svn: CPU_SVN, pce_svn: PCE_SVN, enc_ppid: "", platform_manifest: "" },
    ],
    collaterals: {
      version: 4,
      pck_certs: [{ qe_id: QE_ID, pce_id: "0000", certs: [{ cert: encodeURIComponent(certificate) }] }],
      tcbinfos: [
        { fmspc, sgx_tcbinfo: JSON.parse(`{"tcbInfo":${made.tcbInfo},"signature":"${made.tcbInfoSignature}"}`) },
      ],
      pckcacrl: { platformCrl: encodeHex(made.pckCrl) },
      qeidentity: `{"enclaveIdentity":${made.qeIdentity},"signature":"${made.qeIdentitySignature}"}`,
      certificates: {
        "SGX-PCK-Certificate-Issuer-Chain": { PLATFORM: encodeURIComponent(issuers.join("")) },
        "TCB-Info-Issuer-Chain": encodeURIComponent(made.tcbInfoIssuerChain),
        "SGX-Enclave-Identity-Issuer-Chain": encodeURIComponent(made.qeIdentityIssuerChain),
      },
      rootcacrl_cdp: CRL_URI,
      rootcacrl: encodeHex(made.rootCaCrl),
    },
  };
}
