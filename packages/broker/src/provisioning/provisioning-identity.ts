import { X509Certificate } from "node:crypto";
import type { TlsFiles } from "../config/port-config.ts";
import { expectKeyForGramine, loadTlsIdentity, type TlsIdentity } from "../server/tls-identity.ts";

/** What {@link loadProvisioningIdentity} takes beside the files. */
export interface ProvisioningIdentityOptions {
  readonly now: Date;
  /** Tells the owner about a certificate that clients will refuse. */
  readonly notice: (message: string) => void;
}

/** Reads the TLS identity of the port for Gramine's protocol. @throws BrokerError */
export async function loadProvisioningIdentity(
  files: TlsFiles,
  { now, notice }: ProvisioningIdentityOptions,
): Promise<TlsIdentity> {
  const identity = await loadTlsIdentity(files);
  expectKeyForGramine(identity);
  for (const message of certificateNotices(identity, now)) {
    notice(message);
  }
  return identity;
}

/** Clients look at the dates of the broker's certificate, and only say that TLS failed. */
function certificateNotices({ cert }: TlsIdentity, now: Date): string[] {
  const { validFrom, validTo } = new X509Certificate(cert);
  if (now >= new Date(validFrom) && now <= new Date(validTo)) {
    return [];
  }
  return [
    `the certificate of the port for Gramine's protocol is valid from ${validFrom} to ${validTo}: ` +
      "enclaves refuse to talk to it now; make a new one",
  ];
}
