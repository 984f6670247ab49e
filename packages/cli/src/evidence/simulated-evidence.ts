import type { SnpProduct, SnpVendor, VekKind } from "@sealserve/simulator";
import { loadSimulator } from "./load-simulator.ts";

/** Evidence that is to be made. */
export type EvidenceRequest = SgxRequest | TdxRequest | SnpRequest;

interface CommonRequest {
  /** The simulator's state directory. */
  readonly state: string;
  readonly reportData: Uint8Array;
}

interface SgxRequest extends CommonRequest {
  readonly tee: "sgx";
  readonly mrEnclave: string;
  readonly version: 3 | 4 | 5;
}

interface TdxRequest extends CommonRequest {
  readonly tee: "tdx";
  readonly mrTd: string;
  readonly version: 4 | 5;
}

interface SnpRequest extends CommonRequest {
  readonly tee: "snp";
  readonly measurement: string;
  readonly product: SnpProduct;
  readonly signedBy: VekKind;
}

/** Evidence, and what a verifier must be given beside it. */
export interface MadeEvidence {
  /** For people. */
  readonly kind: string;
  readonly evidence: Uint8Array;
  /** Files by name: certificates and the root's revocation list. */
  readonly certificates: ReadonlyMap<string, string | Uint8Array>;
}

const NO_CERTIFICATES: ReadonlyMap<string, string> = new Map();

/** Has the simulated vendor in the state directory make evidence; the vendor is made at first use. */
export async function makeSimulatedEvidence(request: EvidenceRequest): Promise<MadeEvidence> {
  const { loadOrCreateVendor, loadOrCreateSnpVendor } = await loadSimulator();
  if (request.tee === "snp") {
    return makeSnpEvidence(await loadOrCreateSnpVendor(request.state, request.product), request);
  }
  const vendor = await loadOrCreateVendor(request.state);
  const evidence = request.tee === "sgx" ? await vendor.quote(request) : await vendor.tdxQuote(request);
  return { kind: `${request.tee.toUpperCase()} quote`, evidence, certificates: NO_CERTIFICATES };
}

async function makeSnpEvidence(vendor: SnpVendor, request: SnpRequest): Promise<MadeEvidence> {
  const { chainPem } = await loadSimulator();
  const [vek, intermediate] = request.signedBy === "vcek" ? [vendor.vcek, vendor.ask] : [vendor.vlek, vendor.asvk];
  return {
    kind: "SEV-SNP report",
    evidence: await vendor.report(request),
    certificates: new Map<string, string | Uint8Array>([
      ["vek.der", vek.certificate.raw],
      ["ask.pem", chainPem(intermediate)],
      ["ark.pem", vendor.arkPem],
      ["ark.crl", await vendor.crl()],
    ]),
  };
}
