import { encodeHex, equalBytes, rawEcPoint, verifyEcdsaP384 } from "@sealserve/core";
import { AttestationError } from "../errors.ts";
import { CertificatePool } from "../verify/certificate-pool.ts";
import type { GpuArchitecture } from "./gpu-architecture.ts";
import { type GpuChain, verifyGpuChain } from "./gpu-chain.ts";
import { type GpuEvidence, parseGpuEvidence } from "./gpu-evidence.ts";
import { type GpuRoot, isSimulatedGpuRoot } from "./gpu-root.ts";
import type { MeasurementBlock } from "./measurement-record.ts";
import { SPDM_NONCE_LENGTH } from "./spdm-measurements.ts";

/** What a verification takes from outside. */
export interface GpuVerifyOptions {
  /** Time of verification, from a source that the party under test cannot set. */
  readonly now: Date;
  readonly root: GpuRoot;
  /** The 32 bytes that the verifier chose; the same as in the evidence of the CPU that uses the devices. */
  readonly expectedNonce: Uint8Array;
}

/** A device that signed, with the expected nonce, what it says about itself. */
export interface GpuDevice {
  readonly architecture: GpuArchitecture;
  /** Hex, of the certificate whose key signed. */
  readonly leafSerialNumber: string;
  /** Common names, leaf first. */
  readonly certificateNames: readonly string[];
  /** What the device says it measured. Not compared with anything. */
  readonly reportedMeasurements: readonly MeasurementBlock[];
  /** What else the device says, in the vendor's form. */
  readonly opaqueData: Uint8Array;
}

/**
 * What signatures prove about devices. Never an acceptance: a device may be revoked, and nobody has said that its
 * measurements are good.
 */
export interface GpuSignatureCheck {
  /** Whether a certificate was taken back has not been asked. */
  readonly revocation: "unchecked";
  /** No reference manifest has been consulted. */
  readonly measurements: "uncompared";
  /** The root it was held against is not NVIDIA's. */
  readonly simulated: boolean;
  /** One for each in the evidence, in its order; no device stands twice. */
  readonly devices: readonly GpuDevice[];
}

/**
 * Checks the signatures of GPU evidence: certificate chain of each device to the trusted root, and its measurements with the
 * expected nonce. All devices must hold. Says nothing about who talks to the devices: evidence of the CPU must cover the same
 * nonce.
 * @param text as for `parseGpuEvidence`
 * @throws AttestationError the codes of `parseGpuEvidence`; `expected-gpu-nonce-invalid`, `clock-invalid`,
 * `gpu-nonce-mismatch`, `gpu-chain-invalid`, `gpu-device-repeated`, `gpu-root-untrusted`, `gpu-chain-expired`,
 * `gpu-chain-not-yet-valid`, `gpu-signature-invalid`
 */
export async function verifyGpuEvidence(text: string, options: GpuVerifyOptions): Promise<GpuSignatureCheck> {
  const { now, root } = options;
  expectSoundOptions(options);
  const parsed = parseGpuEvidence(text);
  for (const evidence of parsed) {
    expectNonce(evidence, options.expectedNonce);
  }
  // Of its own: what the certificates of devices would push out of the process's pool is met more often.
  const pool = new CertificatePool();
  const chains: GpuChain[] = [];
  const devices: GpuDevice[] = [];
  for (const evidence of parsed) {
    const chain = await verifyGpuChain(evidence.certificates, evidence.architecture, { root, now, pool });
    await verifyMeasurements(evidence, chain);
    chains.push(chain);
    devices.push(describeDevice(evidence, chain));
  }
  expectDistinctDevices(chains);
  return { revocation: "unchecked", measurements: "uncompared", simulated: isSimulatedGpuRoot(root), devices };
}

function expectSoundOptions({ expectedNonce, now }: GpuVerifyOptions): void {
  if (expectedNonce.length !== SPDM_NONCE_LENGTH) {
    throw new AttestationError("expected-gpu-nonce-invalid", "expected nonce has the wrong length", {
      expected: `${SPDM_NONCE_LENGTH} bytes`,
      actual: `${expectedNonce.length} bytes`,
    });
  }
  if (Number.isNaN(now.getTime())) {
    throw new AttestationError("clock-invalid", "time of verification is not a date");
  }
}

function expectNonce({ measurements }: GpuEvidence, expectedNonce: Uint8Array): void {
  if (!equalBytes(measurements.requestNonce, expectedNonce)) {
    throw new AttestationError("gpu-nonce-mismatch", "device was asked with another nonce than the expected one");
  }
}

/** One device must not pass for two. */
function expectDistinctDevices(chains: readonly GpuChain[]): void {
  const seen = new Set<string>();
  for (const { issuer, leaf } of chains) {
    const key = encodeHex(issuer.publicKeyInfo);
    if (seen.has(key)) {
      throw new AttestationError("gpu-device-repeated", "two pieces of evidence come from the same device", {
        actual: leaf.serialNumber,
      });
    }
    seen.add(key);
  }
}

async function verifyMeasurements({ measurements }: GpuEvidence, { leaf }: GpuChain): Promise<void> {
  const { signature, signedBytes } = measurements;
  if (!(await verifyEcdsaP384(rawEcPoint(leaf.publicKeyInfo), signature, signedBytes))) {
    throw new AttestationError("gpu-signature-invalid", "measurements are not signed by the device", {
      actual: leaf.subject.commonName,
    });
  }
}

function describeDevice({ architecture, measurements }: GpuEvidence, { certificates, leaf }: GpuChain): GpuDevice {
  return {
    architecture,
    leafSerialNumber: leaf.serialNumber,
    certificateNames: certificates.map(({ subject }) => subject.commonName ?? ""),
    reportedMeasurements: measurements.blocks,
    opaqueData: measurements.opaqueData,
  };
}
