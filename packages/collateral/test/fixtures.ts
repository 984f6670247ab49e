import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { parseSgxQuote, type SgxQuote, trustedRootFromPem } from "@sealserve/attestation";
import { createCertificate, encodePem, encodeUtf8, generateEcKey, parseCertificate } from "@sealserve/core";
import { type Authority, createVendor, encodeSgxExtension, type QuoteOptions, type Vendor } from "@sealserve/simulator";

export const now = new Date("2026-06-01T12:00:00Z");

export const vendor = await createVendor({ now });
export const root = await trustedRootFromPem(vendor.rootPem);

export async function quoteOf(from: Vendor = vendor, options: Partial<QuoteOptions> = {}): Promise<SgxQuote> {
  return parseSgxQuote(await from.quote({ mrEnclave: "00".repeat(32), reportData: new Uint8Array(64), ...options }));
}

/** Another CA under the root of {@link vendor}. */
export async function caUnderRoot(commonName: string): Promise<Authority> {
  const key = await generateEcKey("P-256");
  const { subject, notBefore, notAfter } = vendor.root.certificate;
  const der = await createCertificate({
    subject: [{ type: "CN", value: commonName }],
    issuer: subject,
    serialNumber: 78,
    notBefore,
    notAfter,
    publicKeyInfo: key.publicKeyInfo,
    signer: vendor.root.key,
    ca: {},
    keyUsage: ["keyCertSign", "cRLSign"],
  });
  return { key, certificate: parseCertificate(der) };
}

/** Another machine that the same vendor certified. */
export interface Machine {
  /** PEM of its PCK chain. */
  readonly chain: string;
  /** @param certificationData in place of the chain */
  quote(certificationData?: QuoteOptions["certificationData"]): Promise<SgxQuote>;
}

export async function machineOf(fmspc: string): Promise<Machine> {
  const key = await generateEcKey("P-256");
  const { notBefore, notAfter } = vendor.pck.certificate;
  const pck = await createCertificate({
    subject: [{ type: "CN", value: "Intel SGX PCK Certificate" }],
    issuer: vendor.platformCa.certificate.subject,
    serialNumber: 77,
    notBefore,
    notAfter,
    publicKeyInfo: key.publicKeyInfo,
    signer: vendor.platformCa.key,
    keyUsage: ["digitalSignature"],
    extensions: [{ oid: "1.2.840.113741.1.13.1", value: encodeSgxExtension({ ...vendor.machine, fmspc }) }],
  });
  const [, ...issuers] = vendor.pckChainPem.split(/(?<=END CERTIFICATE-----\n)/);
  const chain = [encodePem("CERTIFICATE", pck), ...issuers].join("");
  const inside = { type: 5, data: encodeUtf8(chain) };
  return {
    chain,
    quote: (certificationData = inside) => quoteOf(vendor, { certificationData, qeReportSigner: key }),
  };
}

/** A quote of another machine that the same vendor certified. */
export async function quoteOfMachine(fmspc: string): Promise<SgxQuote> {
  return (await machineOf(fmspc)).quote();
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface TestServer {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Paths with query, in the order of arrival. */
  readonly asked: readonly string[];
  close(): void;
}

/** A real HTTP server with any behaviour. */
export async function startServer(answer: Answer): Promise<TestServer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    answer(request, response);
  });
  await new Promise<void>((resolve) => {
    server.unref().listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    origin: `http://127.0.0.1:${port}`,
    asked,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
