import { createPrivateKey } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { TlsFiles } from "../config/port-config.ts";
import { BrokerError } from "../errors.ts";
import { readNeededText } from "../needed-file.ts";

/** Private key and certificate chain of a TLS server, PEM. */
export interface TlsIdentity {
  readonly key: string;
  readonly cert: string;
}

/** Kinds of keys that every Gramine client can talk to; Ed25519 is none of them. */
const KINDS_FOR_GRAMINE: readonly (string | undefined)[] = ["rsa", "ec"];

/**
 * Reads a TLS key with its certificate and checks that they belong together.
 * @throws BrokerError `file-unreadable`, `tls-invalid`
 */
export async function loadTlsIdentity(files: TlsFiles): Promise<TlsIdentity> {
  const key = await readNeededText(files.key, { what: "TLS key", member: "tls.key" });
  const cert = await readNeededText(files.certificate, { what: "TLS certificate", member: "tls.certificate" });
  try {
    createSecureContext({ key, cert });
  } catch (cause) {
    throw new BrokerError("tls-invalid", `TLS key ${files.key} and certificate ${files.certificate} cannot be used`, {
      expected: "an unencrypted private key and the certificate chain for it, both PEM",
      remedy: 'name a matching pair at "tls" in the configuration',
      cause,
    });
  }
  return { key, cert };
}

/** Refuses a key that stock enclaves cannot talk to. @throws BrokerError `tls-invalid` */
export function expectKeyForGramine({ key }: TlsIdentity): void {
  const kind = createPrivateKey(key).asymmetricKeyType;
  if (!KINDS_FOR_GRAMINE.includes(kind)) {
    throw new BrokerError(
      "tls-invalid",
      "the TLS key of the secret provisioning port is of a kind Gramine cannot use",
      {
        expected: "an RSA or ECDSA key",
        actual: kind,
        remedy: 'name another pair at "secretProvisioning.tls" in the configuration',
      },
    );
  }
}
