import { readFile } from "node:fs/promises";
import { type TrustedRoot, trustedRootFromPem, vendorRoot } from "@sealserve/attestation";
import { SealserveError } from "@sealserve/core";
import { ServiceError } from "../errors.ts";

/** Intel's root, or the simulated one that is named in so many words. @throws ServiceError `file-unusable` */
export async function openTrustedRoot(simulatedRootFile: string | undefined): Promise<TrustedRoot> {
  if (simulatedRootFile === undefined) {
    return vendorRoot;
  }
  try {
    return await trustedRootFromPem(await readFile(simulatedRootFile, "utf8"));
  } catch (cause) {
    const fault = cause instanceof SealserveError ? cause.message : "it cannot be read";
    throw new ServiceError("file-unusable", `the simulated root ${simulatedRootFile} cannot be used: ${fault}`, {
      expected: "one root certificate, PEM",
      remedy: 'correct "simulatedRoot" in the configuration, or remove it to trust Intel\'s root',
      cause,
    });
  }
}
