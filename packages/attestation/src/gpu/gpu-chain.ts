import type { Certificate } from "@sealserve/core";
import { type VerifiedChain, verifyCertificates } from "../verify/certificate-chain.ts";
import type { CertificatePool } from "../verify/certificate-pool.ts";
import type { ChainKind, ChainRole } from "../verify/chain-kind.ts";
import { expectCurrent } from "../verify/window.ts";
import type { GpuArchitecture } from "./gpu-architecture.ts";
import type { GpuRoot } from "./gpu-root.ts";

const IDENTITY = authority(/NVIDIA GH100 Identity/);
const ROOT = authority(/NVIDIA Device Identity CA/);

/**
 * The roles of a chain, leaf first: firmware, device, provisioner, family, root. The first three name the chip, so that a
 * device of one architecture cannot pass for another. Certificates of the switches come from the same family as the GPUs.
 */
const ROLES: Readonly<Record<GpuArchitecture, readonly ChainRole[]>> = {
  HOPPER: [
    firmware(/GH100 [A-Z][0-9]{2} GSP FMC LF/),
    authority(/GH100 [A-Z][0-9]{2} GSP BROM/),
    authority(/NVIDIA GH100 Provisioner ICA [0-9]{1,3}/),
    IDENTITY,
    ROOT,
  ],
  LS10: [
    firmware(/LS_10 [A-Z][0-9]{2} FSP FMC LF/),
    authority(/LS_10 [A-Z][0-9]{2} FSP BROM/),
    authority(/NVIDIA LS_10 Provisioner ICA [0-9]{1,3}/),
    IDENTITY,
    ROOT,
  ],
};

/** The certificate chain of a device: its leaf signs measurements, the issuer of that tells devices apart. */
export type GpuChain = Pick<VerifiedChain, "leaf" | "issuer" | "certificates">;

/** What a chain of a device is held against. */
export interface GpuChainOptions {
  readonly root: GpuRoot;
  readonly now: Date;
  readonly pool: CertificatePool;
}

/**
 * Proves that a chain leads to the trusted root and that all of it is in its validity. Revocation is not checked.
 * @throws AttestationError `gpu-root-untrusted`, `gpu-chain-invalid`, `gpu-chain-expired`, `gpu-chain-not-yet-valid`
 */
export async function verifyGpuChain(
  certificates: readonly Certificate[],
  architecture: GpuArchitecture,
  { root, now, pool }: GpuChainOptions,
): Promise<GpuChain> {
  const trust = { rootKey: root.publicKeySha256, pool };
  // Devices of one machine share their authorities, whose signatures are then proven once.
  const known = certificates.map((certificate) => pool.known(certificate));
  const chain = await verifyCertificates(known, kindOf(architecture), trust);
  expectCurrent(chain.windows, { now });
  return chain;
}

function kindOf(architecture: GpuArchitecture): ChainKind {
  return {
    what: "certificate chain of a device",
    roles: ROLES[architecture],
    signatureAlgorithm: "ecdsa-with-sha384",
    malformed: "gpu-evidence-malformed",
    invalid: "gpu-chain-invalid",
    untrusted: "gpu-root-untrusted",
    early: "gpu-chain-not-yet-valid",
    late: "gpu-chain-expired",
  };
}

function firmware(commonName: RegExp): ChainRole {
  return { commonNames: [commonName], ca: false, key: "P-384", keyUsage: ["digitalSignature"] };
}

function authority(commonName: RegExp): ChainRole {
  return { commonNames: [commonName], ca: true, key: "P-384", keyUsage: ["keyCertSign"] };
}
