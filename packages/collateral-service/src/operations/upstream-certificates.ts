import { parseTcbInfo, type TcbInfo } from "@sealserve/attestation";
import { parseSignedText } from "@sealserve/collateral";
import { type Answer, answer, chainHeader, jsonAnswer } from "../http/answer.ts";
import { form, required } from "../http/parameters.ts";
import { RequestError } from "../http/request-error.ts";
import type { RouteRequest } from "../http/route.ts";
import type { PlatformRequest } from "../provider.ts";
import { candidatesOf } from "../selection/candidates.ts";
import { selectPckCertificate } from "../selection/select-pck-certificate.ts";
import type { ServiceContext } from "../service-context.ts";
import type { RawTcb } from "../store/platforms.ts";
import type { VerifiedPckCertificates } from "../verify-pck-certificates.ts";
import { objectOf } from "./json-body.ts";
import { currentDocumentIfAny } from "./serve-document.ts";

/**
 * The operations of Intel's own service for platforms that have no name here: by encrypted PPID or manifest. What upstream
 * lists is proven, selected from by the rule for all platforms, and not stored.
 */

/** GET pckcerts */
export async function listCertificatesOfPpid(request: RouteRequest, context: ServiceContext): Promise<Answer> {
  return listAnswer(await fetchPlatform(readPpid(request), request, context));
}

/** POST pckcerts */
export async function listCertificatesOfManifest(request: RouteRequest, context: ServiceContext): Promise<Answer> {
  return listAnswer(await fetchPlatform(readManifest(request), request, context));
}

/** GET pckcert without a QE id */
export async function getCertificateOfPpid(request: RouteRequest, context: ServiceContext): Promise<Answer> {
  const { query } = request;
  const raw = readRawTcb(query.get("cpusvn"), query.get("pcesvn"));
  return certificateAnswer(readPpid(request), raw, request, context);
}

/** POST pckcert */
export async function getCertificateOfManifest(request: RouteRequest, context: ServiceContext): Promise<Answer> {
  const { cpusvn, pcesvn } = objectOf("the body", request.body);
  return certificateAnswer(readManifest(request), readRawTcb(cpusvn, pcesvn), request, context);
}

function readPpid({ query }: RouteRequest): PlatformRequest {
  return {
    pceId: required("pceid", query.get("pceid"), form.pceId),
    encryptedPpid: required("encrypted_ppid", query.get("encrypted_ppid"), form.encryptedPpid),
  };
}

function readManifest({ body }: RouteRequest): PlatformRequest {
  const { platformManifest, pceid } = objectOf("the body", body);
  return {
    pceId: required("pceid", pceid, form.pceId),
    manifest: required("platformManifest", platformManifest, form.manifest),
  };
}

function readRawTcb(cpuSvn: unknown, pceSvn: unknown): RawTcb {
  return { cpuSvn: required("cpusvn", cpuSvn, form.cpuSvn), pceSvn: required("pcesvn", pceSvn, form.pceSvn) };
}

async function fetchPlatform(
  platform: PlatformRequest,
  { admission }: RouteRequest,
  { fill }: ServiceContext,
): Promise<VerifiedPckCertificates> {
  if ("encryptedPpid" in platform && /^0*$/.test(platform.encryptedPpid)) {
    throw new RequestError("not-cached", "the encrypted PPID is none");
  }
  const found = await fill.pckCertificates(platform, admission);
  if (found === undefined) {
    throw new RequestError("not-cached", "certificates are passed on from upstream in the mode LAZY alone");
  }
  return found;
}

async function certificateAnswer(
  platform: PlatformRequest,
  raw: RawTcb,
  request: RouteRequest,
  context: ServiceContext,
): Promise<Answer> {
  const found = await fetchPlatform(platform, request, context);
  const tcbInfo = await selectionTcbInfo(found.fmspc, request, context);
  const selected = selectPckCertificate(raw, platform.pceId, candidatesOf(found.certificates), tcbInfo);
  if (selected === undefined) {
    throw new RequestError("not-cached", "the platform has no certificate for this TCB");
  }
  return answer(selected.pem, "application/x-pem-file", ["SGX-TCBm", selected.tcbm, ...platformHeaders(found)]);
}

/** As for stored platforms: the early one where there is one. */
async function selectionTcbInfo(fmspc: string, request: RouteRequest, context: ServiceContext): Promise<TcbInfo> {
  for (const update of ["early", "standard"] as const) {
    const id = { kind: "tcb-info", tee: "sgx", fmspc, version: 4, update } as const;
    const stored = await currentDocumentIfAny(id, request, context);
    if (stored !== undefined) {
      return parseTcbInfo(parseSignedText(stored.body, "tcbInfo").text);
    }
  }
  throw new RequestError("not-cached", "there is no TCB info for the FMSPC");
}

/** In the form of Intel's service, made anew from what was proven: what it has no certificate for is left out. */
function listAnswer(found: VerifiedPckCertificates): Answer {
  const listed = candidatesOf(found.certificates).map(({ tcbm, pem, extension }) => ({
    tcb: { ...Object.fromEntries(extension.components.map(namedComponent)), pcesvn: extension.pceSvn },
    tcbm,
    cert: encodeURIComponent(pem),
  }));
  return jsonAnswer(listed, platformHeaders(found));
}

function namedComponent(svn: number, index: number): [name: string, svn: number] {
  return [`sgxtcbcomp${`${index + 1}`.padStart(2, "0")}svn`, svn];
}

function platformHeaders({ fmspc, ca, issuerChain }: VerifiedPckCertificates): string[] {
  const chain = chainHeader(issuerChain);
  return ["SGX-FMSPC", fmspc, "SGX-PCK-Certificate-CA-Type", ca, "SGX-PCK-Certificate-Issuer-Chain", chain];
}
