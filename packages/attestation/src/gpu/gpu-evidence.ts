import { type Certificate, decodeBase64, decodeUtf8, equalBytes, parseCertificateChainPem } from "@sealserve/core";
import { AttestationError, refuseAs } from "../errors.ts";
import { JsonNode } from "../json/json-node.ts";
import { GPU_ARCHITECTURES, type GpuArchitecture } from "./gpu-architecture.ts";
import { malformedGpuEvidence } from "./gpu-evidence-error.ts";
import { readSpdmMeasurements, SPDM_NONCE_LENGTH, type SpdmMeasurements } from "./spdm-measurements.ts";

/** Limit on the text of GPU evidence, in characters; a device has about 12,000. */
export const GPU_EVIDENCE_MAX_LENGTH = 1 << 18;

/** Limit on the devices in one document: eight GPUs and the switches between them. */
export const GPU_EVIDENCE_MAX_DEVICES = 16;

/** Parsed evidence of one device. Nothing in it is proven: that is the work of `verifyGpuEvidence`. */
export interface GpuEvidence {
  readonly architecture: GpuArchitecture;
  /** Leaf first. */
  readonly certificates: readonly Certificate[];
  readonly measurements: SpdmMeasurements;
}

const MEMBERS = ["arch", "certificate", "evidence", "nonce"];

/**
 * Parses the evidence of NVIDIA devices in the JSON form of NVIDIA's tools: a list of `{arch, certificate, evidence, nonce}`
 * with a PEM chain in base64, SPDM request and response in base64, and the nonce of the request in hex.
 * @throws AttestationError `gpu-evidence-too-large`, `gpu-evidence-malformed`, `gpu-chain-malformed`
 */
export function parseGpuEvidence(text: string): GpuEvidence[] {
  if (text.length > GPU_EVIDENCE_MAX_LENGTH) {
    throw new AttestationError("gpu-evidence-too-large", "GPU evidence is larger than any real one", {
      expected: `at most ${GPU_EVIDENCE_MAX_LENGTH} characters`,
      actual: `${text.length}`,
    });
  }
  const document = JsonNode.parse(text, "gpu-evidence-malformed", "GPU evidence");
  return document.elements(1, GPU_EVIDENCE_MAX_DEVICES).map(readDevice);
}

function readDevice(device: JsonNode): GpuEvidence {
  device.expectOnly(MEMBERS);
  const architecture = device.member("arch").oneOf(GPU_ARCHITECTURES);
  const pem = readBase64(device.member("certificate"));
  const certificates = refuseAs("gpu-chain-malformed", "certificate chain of a device", () =>
    parseCertificateChainPem(decodeUtf8(pem)),
  );
  const bytes = readBase64(device.member("evidence"));
  const measurements = refuseAs("gpu-evidence-malformed", "GPU evidence", () => readSpdmMeasurements(bytes));
  if (!equalBytes(device.member("nonce").hex(SPDM_NONCE_LENGTH), measurements.requestNonce)) {
    throw malformedGpuEvidence("evidence of a device states another nonce than its request has");
  }
  return { architecture, certificates, measurements };
}

function readBase64(node: JsonNode): Uint8Array {
  return refuseAs("gpu-evidence-malformed", node.path, () => decodeBase64(node.string()));
}
