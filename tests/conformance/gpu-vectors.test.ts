// The NVIDIA evidence of the public attestation vectors: real devices under NVIDIA's root, and one with a bit inverted.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AttestationError, nvidiaDeviceRoot, parseGpuEvidence, verifyGpuEvidence } from "@sealserve/attestation";
import { decodeHex, encodeHex, parseCertificateChainPem, sha256 } from "@sealserve/core";
import { readVectorManifest, readVectorText, skipWithoutVectors } from "../support/vectors.ts";

/** Version, code and parameters, nonce, slot. */
const REQUEST_LENGTH = 37;
/** What stands around record and opaque data in the signed part of a response. */
const RESPONSE_FRAME_LENGTH = 8 + 32 + 2;

interface Item {
  readonly arch: string;
  readonly nonce: string;
  readonly requestLength: number;
  readonly measurementBlocks: number;
  readonly measurementRecordLength: number;
  readonly opaqueLength: number;
  readonly leafSerial: string;
  readonly certificates: readonly string[];
}

interface Vector {
  readonly id: string;
  readonly family: string;
  readonly files: Readonly<Record<"evidence" | "root", string>>;
  readonly atTime: string;
  readonly expect: {
    readonly verdict: "signature-valid" | "rejected";
    readonly reason?: string;
    readonly items?: readonly Item[];
  };
}

const vectors = await readVectorManifest<Vector>("nvidia-gpu");

/** The nonce in the document itself: the vectors state none for rejected evidence. */
function nonceOf(text: string): Uint8Array {
  const [item] = parseGpuEvidence(text);
  assert.ok(item);
  return item.measurements.requestNonce;
}

function expectParsed(text: string, items: readonly Item[]): void {
  const evidence = parseGpuEvidence(text);
  assert.equal(evidence.length, items.length);
  for (const [index, item] of items.entries()) {
    const measurements = evidence[index]?.measurements;
    assert.ok(measurements);
    assert.equal(item.requestLength, REQUEST_LENGTH);
    assert.equal(measurements.blocks.length, item.measurementBlocks);
    assert.equal(measurements.measurementRecord.length, item.measurementRecordLength);
    assert.equal(measurements.opaqueData.length, item.opaqueLength);
    const responseLength = RESPONSE_FRAME_LENGTH + item.measurementRecordLength + item.opaqueLength;
    assert.equal(measurements.signedBytes.length, REQUEST_LENGTH + responseLength);
    assert.equal(encodeHex(measurements.requestNonce), item.nonce);
  }
}

async function expectVerified(text: string, now: Date, items: readonly Item[]): Promise<void> {
  const expectedNonce = decodeHex(items[0]?.nonce ?? "");
  const { devices, ...verdict } = await verifyGpuEvidence(text, { now, root: nvidiaDeviceRoot, expectedNonce });
  assert.deepEqual(verdict, { revocation: "unchecked", measurements: "uncompared", simulated: false });
  assert.equal(devices.length, items.length);
  for (const [index, item] of items.entries()) {
    const device = devices[index];
    assert.equal(device?.architecture, item.arch);
    assert.equal(device.leafSerialNumber.replace(/^0+/, ""), item.leafSerial);
    assert.deepEqual(device.certificateNames, item.certificates);
    assert.equal(device.reportedMeasurements.length, item.measurementBlocks);
  }
}

describe("NVIDIA evidence", { skip: skipWithoutVectors }, () => {
  it("is all there", () => {
    assert.ok(vectors.length >= 3, `${vectors.length} entries`);
  });

  for (const { id, files, atTime, expect } of vectors) {
    it(`${id}: ${expect.verdict} ${expect.reason ?? ""}`, async () => {
      const text = await readVectorText(files.evidence);
      const now = new Date(atTime);
      if (expect.items !== undefined) {
        expectParsed(text, expect.items);
        await expectVerified(text, now, expect.items);
        return;
      }
      assert.equal(expect.verdict, "rejected");
      const options = { now, root: nvidiaDeviceRoot, expectedNonce: nonceOf(text) };
      await assert.rejects(
        verifyGpuEvidence(text, options),
        (error) => error instanceof AttestationError && error.code === "gpu-signature-invalid",
      );
    });
  }

  it("is rooted in the key of the published root certificate", async () => {
    for (const { files } of vectors) {
      const [root] = parseCertificateChainPem(await readVectorText(files.root));
      assert.ok(root);
      assert.equal(encodeHex(await sha256(root.publicKeyInfo)), nvidiaDeviceRoot.publicKeySha256);
    }
  });

  it("of both kinds is not mixed up, and answers one nonce only", async () => {
    for (const { files, atTime, expect } of vectors.filter(({ expect: { items } }) => items !== undefined)) {
      const text = await readVectorText(files.evidence);
      const now = new Date(atTime);
      const arch = expect.items?.[0]?.arch ?? "";
      const other = arch === "LS10" ? "HOPPER" : "LS10";
      const expectedNonce = nonceOf(text);
      const renamed = text.replace(`"${arch}"`, `"${other}"`);
      assert.notEqual(renamed, text);
      await assert.rejects(verifyGpuEvidence(renamed, { now, root: nvidiaDeviceRoot, expectedNonce }), {
        code: "gpu-chain-invalid",
      });
      const stale = expectedNonce.map((byte) => byte ^ 1);
      await assert.rejects(verifyGpuEvidence(text, { now, root: nvidiaDeviceRoot, expectedNonce: stale }), {
        code: "gpu-nonce-mismatch",
      });
    }
  });
});
