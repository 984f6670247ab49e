import { AttestationError, type TrustedRoot, trustedRootFromPem, vendorRoot } from "@sealserve/attestation";
import { BrokerError } from "./errors.ts";
import { readNeededText } from "./needed-file.ts";

/**
 * Intel's root, or the simulated one that the owner names in so many words.
 * @throws BrokerError `root-invalid`, `file-unreadable`
 */
export async function openTrustedRoot(simulatedRootFile: string | undefined): Promise<TrustedRoot> {
  if (simulatedRootFile === undefined) {
    return vendorRoot;
  }
  const pem = await readNeededText(simulatedRootFile, { what: "simulated root", member: "simulatedRoot" });
  try {
    return await trustedRootFromPem(pem);
  } catch (cause) {
    if (!(cause instanceof AttestationError)) {
      throw cause;
    }
    throw new BrokerError("root-invalid", `simulated root ${simulatedRootFile} cannot be used: ${cause.message}`, {
      expected: "one root certificate, PEM",
      remedy: 'correct "simulatedRoot" in the configuration, or remove it to trust Intel\'s root',
      cause,
    });
  }
}
