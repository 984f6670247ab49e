import { createCertificate, encodePem, generateEcKey, type NameAttribute } from "@sealserve/core";

const DAY = 86_400_000;

/** Key and certificate of a server, PEM. */
export interface TestIdentity {
  readonly key: string;
  readonly cert: string;
}

/** A certificate authority made for one test. */
export interface TestAuthority {
  readonly caPem: string;
  /** Key and certificate of a server at `localhost` and 127.0.0.1, PEM. */
  issue(name?: string): Promise<TestIdentity>;
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
  const issue: TestAuthority["issue"] = async (name = "localhost") => {
    const key = await generateEcKey("P-256");
    const certificate = await createCertificate({
      subject: [{ type: "CN", value: name }],
      issuer,
      serialNumber: crypto.getRandomValues(new Uint8Array(8)),
      publicKeyInfo: key.publicKeyInfo,
      signer,
      keyUsage: ["digitalSignature"],
      extendedKeyUsage: ["serverAuth"],
      dns: [name],
      ip: name === "localhost" ? ["127.0.0.1"] : [],
      ...validity,
    });
    return { key: encodePem("PRIVATE KEY", await key.exportPkcs8()), cert: encodePem("CERTIFICATE", certificate) };
  };
  return { caPem: encodePem("CERTIFICATE", ca), issue };
}
