import { createCertificate, encodePem, generateEcKey, type NameAttribute } from "@sealserve/core";

const DAY = 86_400_000;

/** Key and certificate of a server, PEM as text and as bytes. */
export interface TestIdentity {
  readonly keyPem: string;
  readonly certificatePem: string;
  readonly key: Buffer;
  readonly certificate: Buffer;
}

/** A certificate authority made for one test; the packages with TLS ends share it. */
export interface TestAuthority {
  readonly caPem: string;
  /** For a server at `localhost` and 127.0.0.1 unless named otherwise. */
  issue(name?: string, use?: "serverAuth" | "clientAuth"): Promise<TestIdentity>;
}

export async function createAuthority(): Promise<TestAuthority> {
  const now = Date.now();
  const validity = { notBefore: new Date(now - DAY), notAfter: new Date(now + DAY), keyIdentifiers: true };
  const issuer: NameAttribute[] = [{ type: "CN", value: "test authority" }];
  const signer = await generateEcKey("P-256");
  const ca = await createCertificate({
    subject: issuer,
    issuer,
    serialNumber: 1,
    publicKeyInfo: signer.publicKeyInfo,
    signer,
    ca: {},
    keyUsage: ["keyCertSign", "cRLSign"],
    ...validity,
  });
  const issue: TestAuthority["issue"] = async (name = "localhost", use = "serverAuth") => {
    const key = await generateEcKey("P-256");
    const certificate = await createCertificate({
      subject: [{ type: "CN", value: name }],
      issuer,
      serialNumber: crypto.getRandomValues(new Uint8Array(8)),
      publicKeyInfo: key.publicKeyInfo,
      signer,
      keyUsage: ["digitalSignature"],
      extendedKeyUsage: [use],
      dns: [name],
      ip: name === "localhost" ? ["127.0.0.1"] : [],
      ...validity,
    });
    const keyPem = encodePem("PRIVATE KEY", await key.exportPkcs8());
    const certificatePem = encodePem("CERTIFICATE", certificate);
    return { keyPem, certificatePem, key: Buffer.from(keyPem), certificate: Buffer.from(certificatePem) };
  };
  return { caPem: encodePem("CERTIFICATE", ca), issue };
}
