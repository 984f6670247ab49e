import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Certificate,
  concatBytes,
  encodeBase64,
  encodeHex,
  generateEcKey,
  parseCertificate,
} from "@sealserve/core";
import fc from "fast-check";
import { AttestationError, type AttestationErrorCode } from "../src/errors.ts";
import { nvidiaDeviceRoot } from "../src/gpu/gpu-root.ts";
import { type GpuSignatureCheck, type GpuVerifyOptions, verifyGpuEvidence } from "../src/gpu/verify-gpu-evidence.ts";
import {
  type ChainOverrides,
  type CraftedChain,
  chain,
  craftedChain,
  craftedDevice,
  craftedEvidence,
  craftedExchange,
  evidence,
  HOPPER_NAMES,
  LS10_NAMES,
  NONCE,
  otherDevice,
  root,
  signedExchange,
} from "./crafted-gpu.ts";
import { daysLater, flipped, NOW, refusal } from "./simulated.ts";

const options: GpuVerifyOptions = { now: NOW, root, expectedNonce: NONCE };

async function refuses(
  text: string,
  code: AttestationErrorCode,
  changed: Partial<GpuVerifyOptions> = {},
  what?: string,
): Promise<void> {
  await assert.rejects(verifyGpuEvidence(text, { ...options, ...changed }), refusal(code), what);
}

async function evidenceOf(crafted: CraftedChain, changed: Readonly<Record<string, unknown>> = {}): Promise<string> {
  return craftedEvidence([await craftedDevice(crafted, changed)]);
}

async function refusesChain(overrides: ChainOverrides, code: AttestationErrorCode, what?: string): Promise<void> {
  await refuses(await evidenceOf(await craftedChain(overrides)), code, {}, what);
}

/** The chain with its certificates in other places. */
function reordered(positions: readonly number[]): Promise<string> {
  const certificates = positions.map((position) => chain.certificates[position]).filter((one) => one !== undefined);
  return evidenceOf({ ...chain, certificates });
}

describe("verified GPU evidence", () => {
  it("says what the device signed, and what nobody checked", async () => {
    const { devices, ...verdict } = await verifyGpuEvidence(evidence, options);
    assert.deepEqual(verdict, { revocation: "unchecked", measurements: "uncompared", simulated: true });
    const [device] = devices;
    assert.equal(devices.length, 1);
    assert.equal(device?.architecture, "HOPPER");
    assert.equal(device.leafSerialNumber, "64");
    assert.deepEqual(device.certificateNames, HOPPER_NAMES);
    assert.deepEqual(
      device.reportedMeasurements.map(({ index, value }) => [index, value[0]]),
      [
        [1, 1],
        [2, 2],
      ],
    );
  });

  it("is of each device in its order", async () => {
    const devices = [await craftedDevice(await otherDevice()), await craftedDevice()];
    const verdict = await verifyGpuEvidence(craftedEvidence(devices), options);
    assert.equal(verdict.devices.length, 2);
  });

  it("is also of switches, which have their own names", async () => {
    const names = Object.fromEntries(LS10_NAMES.entries());
    const text = await evidenceOf(await craftedChain({ names }), { arch: "LS10" });
    assert.equal((await verifyGpuEvidence(text, options)).devices[0]?.architecture, "LS10");
  });

  it("holds to the last moment of its certificates", async () => {
    const crafted = await craftedChain({ options: { 1: { notBefore: NOW, notAfter: NOW } } });
    await verifyGpuEvidence(await evidenceOf(crafted), options);
  });

  it("holds with a path length that is just long enough", async () => {
    const lengths = { 1: { ca: { pathLength: 0 } }, 4: { ca: { pathLength: 3 } } };
    await verifyGpuEvidence(await evidenceOf(await craftedChain({ options: lengths })), options);
  });

  it("trusts the root in digits of either case", async () => {
    const upper = { publicKeySha256: root.publicKeySha256.toUpperCase() };
    assert.equal((await verifyGpuEvidence(evidence, { ...options, root: upper })).simulated, true);
  });

  it("is refused under NVIDIA's root, any other, and none", async () => {
    await refuses(evidence, "gpu-root-untrusted", { root: nvidiaDeviceRoot });
    for (const publicKeySha256 of ["", "00".repeat(32), `${root.publicKeySha256}00`, root.publicKeySha256.slice(1)]) {
      await refuses(evidence, "gpu-root-untrusted", { root: { publicKeySha256 } });
    }
    const key = await generateEcKey("P-384");
    await refusesChain({ keys: { 4: key } }, "gpu-root-untrusted", "a root of the same name");
  });

  it("is refused unless the caller states 32 bytes of nonce and a time", async () => {
    for (const expectedNonce of [new Uint8Array(), NONCE.subarray(1), concatBytes(NONCE, Uint8Array.of(0))]) {
      await refuses(evidence, "expected-gpu-nonce-invalid", { expectedNonce });
    }
    await refuses(evidence, "clock-invalid", { now: new Date(Number.NaN) });
  });

  it("is refused with another nonce, also in one of several devices", async () => {
    for (const expectedNonce of [flipped(NONCE, 0), flipped(NONCE, 31, 0x80), new Uint8Array(32).fill(0xee)]) {
      await refuses(evidence, "gpu-nonce-mismatch", { expectedNonce });
    }
    const other = flipped(NONCE, 5);
    const stale = await craftedDevice(await otherDevice(), {
      nonce: encodeHex(other),
      evidence: encodeBase64(await signedExchange({ requestNonce: other })),
    });
    await refuses(craftedEvidence([await craftedDevice(), stale]), "gpu-nonce-mismatch");
  });

  it("is refused when one device stands for two", async () => {
    const device = await craftedDevice();
    await refuses(craftedEvidence([device, device]), "gpu-device-repeated");
    const fresh = await craftedDevice(await craftedChain({ keys: { 0: await generateEcKey("P-384") } }));
    await refuses(craftedEvidence([device, fresh]), "gpu-device-repeated");
  });

  it("is refused when one of several devices does not hold", async () => {
    const foreign = await generateEcKey("P-384");
    const unsigned = { evidence: encodeBase64(await signedExchange({}, foreign)) };
    const devices = [await craftedDevice(), await craftedDevice(await otherDevice(), unsigned)];
    await refuses(craftedEvidence(devices), "gpu-signature-invalid");
  });
});

describe("the chain of a device", () => {
  it("is refused with another number of certificates, or one twice", async () => {
    for (const positions of [[0], [0, 1, 2, 3], [0, 1, 2, 3, 4, 4], [1, 2, 3, 4, 4], [0, 0, 2, 3, 4]]) {
      await refuses(await reordered(positions), "gpu-chain-invalid", {}, positions.join());
    }
  });

  it("is the same chain in any order, for the certificates say who issued them", async () => {
    for (const positions of [
      [4, 3, 2, 1, 0],
      [0, 1, 3, 2, 4],
    ]) {
      const { devices } = await verifyGpuEvidence(await reordered(positions), options);
      assert.deepEqual(devices[0]?.certificateNames, HOPPER_NAMES, positions.join());
    }
  });

  it("is refused with other names, also ones that only contain the right ones", async () => {
    for (const [position, name] of HOPPER_NAMES.entries()) {
      for (const wrong of [`${name} `, `x${name}`, name.toLowerCase(), LS10_NAMES[position] ?? "NVIDIA"]) {
        await refusesChain({ names: { [position]: wrong } }, "gpu-chain-invalid", wrong);
      }
    }
  });

  it("is refused for another architecture than its names say", async () => {
    await refuses(await evidenceOf(chain, { arch: "LS10" }), "gpu-chain-invalid");
    const names = Object.fromEntries(LS10_NAMES.entries());
    await refuses(await evidenceOf(await craftedChain({ names })), "gpu-chain-invalid");
  });

  it("is refused with a key that is not P-384, or a signature that is not SHA-384", async () => {
    const small = await generateEcKey("P-256");
    for (const position of [0, 1, 2, 3]) {
      await refusesChain({ options: { [position]: { publicKeyInfo: small.publicKeyInfo } } }, "gpu-chain-invalid");
    }
    const sha256Key = await generateEcKey("P-384", "ecdsa-with-sha256");
    await refusesChain({ keys: { 3: sha256Key } }, "gpu-chain-invalid");
  });

  it("is refused with a wrong CA flag or path length", async () => {
    await refusesChain({ options: { 0: { ca: {} } } }, "gpu-chain-invalid");
    for (const position of [1, 2, 3, 4]) {
      const plain = { plain: [position], options: { [position]: { keyUsage: ["keyCertSign"] } } } as const;
      await refusesChain(plain, "gpu-chain-invalid", `no CA at ${position}`);
    }
    for (const position of [2, 3, 4]) {
      await refusesChain({ options: { [position]: { ca: { pathLength: position - 2 } } } }, "gpu-chain-invalid");
    }
  });

  it("is refused with another key usage, or none", async () => {
    for (const position of [0, 1, 2, 3, 4]) {
      const keyUsage = position === 0 ? (["keyAgreement"] as const) : (["digitalSignature", "cRLSign"] as const);
      await refusesChain({ options: { [position]: { keyUsage } } }, "gpu-chain-invalid", `usage of ${position}`);
      const ca = position === 0 ? {} : { options: { [position]: { ca: {} } } };
      await refusesChain({ plain: [position], ...ca }, "gpu-chain-invalid", `no usage of ${position}`);
    }
  });

  it("is refused when a certificate names another issuer or is signed by another key", async () => {
    const foreign = await generateEcKey("P-384");
    for (const position of [0, 1, 2, 3, 4]) {
      const issuer = [{ type: "CN", value: "somebody else" }] as const;
      await refusesChain({ options: { [position]: { issuer } } }, "gpu-chain-invalid", `issuer of ${position}`);
      await refusesChain(
        { options: { [position]: { signer: foreign } } },
        "gpu-chain-invalid",
        `signer of ${position}`,
      );
    }
  });

  it("is refused before and after the validity of any certificate", async () => {
    for (const position of [0, 1, 2, 3, 4]) {
      await refusesChain({ options: { [position]: { notBefore: daysLater(1) } } }, "gpu-chain-not-yet-valid");
      await refusesChain({ options: { [position]: { notAfter: daysLater(-1) } } }, "gpu-chain-expired");
    }
    await refuses(evidence, "gpu-chain-not-yet-valid", { now: daysLater(-11) });
  });
});

describe("the signature of a device", () => {
  it("is refused by another key, over other bytes, or not in raw form", async () => {
    const bytes = craftedExchange();
    const [leafKey, deviceKey] = chain.keys;
    assert.ok(leafKey && deviceKey);
    const halves = await leafKey.signRaw(bytes);
    const signatures = {
      "key of the device": await deviceKey.signRaw(bytes),
      "response alone": await leafKey.signRaw(bytes.subarray(37)),
      "other nonce": await leafKey.signRaw(craftedExchange({ requestNonce: flipped(NONCE, 0) })),
      "numbers swapped": concatBytes(halves.subarray(48), halves.subarray(0, 48)),
      "little endian": concatBytes(halves.slice(0, 48).toReversed(), halves.slice(48).toReversed()),
      zeros: new Uint8Array(96),
    };
    for (const [what, signature] of Object.entries(signatures)) {
      const changed = { evidence: encodeBase64(concatBytes(bytes, signature)) };
      await refuses(await evidenceOf(chain, changed), "gpu-signature-invalid", {}, what);
    }
    const der = (await leafKey.sign(bytes)).subarray(0, 96);
    await refuses(
      await evidenceOf(chain, { evidence: encodeBase64(concatBytes(bytes, der)) }),
      "gpu-signature-invalid",
    );
  });

  it("makes every changed byte of the exchange count", async () => {
    const exchange = await signedExchange();
    await fc.assert(
      fc.asyncProperty(fc.nat(exchange.length - 1), fc.integer({ min: 1, max: 255 }), async (offset, mask) => {
        const changed = { evidence: encodeBase64(flipped(exchange, offset, mask)) };
        assert.equal(await verifyOrRefuse(await evidenceOf(chain, changed)), undefined);
      }),
      { numRuns: 60 },
    );
  });

  it("makes every changed byte of a certificate count", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(4), fc.nat(0xffff), async (position, offset) => {
        const changed = changedAt(position, offset);
        const text = changed === undefined ? undefined : await evidenceOf({ ...chain, certificates: changed });
        assert.equal(text === undefined ? undefined : await verifyOrRefuse(text), undefined);
      }),
      { numRuns: 60 },
    );
  });

  it("states no other fact when a character of the document is changed", async () => {
    const facts = await verifyGpuEvidence(evidence, options);
    await fc.assert(
      fc.asyncProperty(fc.nat(evidence.length - 1), fc.integer({ min: 1, max: 127 }), async (offset, mask) => {
        const character = String.fromCharCode(evidence.charCodeAt(offset) ^ mask);
        const verdict = await verifyOrRefuse(evidence.slice(0, offset) + character + evidence.slice(offset + 1));
        assert.deepEqual(verdict ?? facts, facts);
      }),
      { numRuns: 100 },
    );
  });
});

/** The chain with one bit of a certificate inverted; undefined where the certificate can no longer be read. */
function changedAt(position: number, offset: number): Certificate[] | undefined {
  try {
    return chain.certificates.map((one, index) =>
      index === position ? parseCertificate(flipped(one.raw, offset % one.raw.length)) : one,
    );
  } catch {
    return undefined;
  }
}

async function verifyOrRefuse(text: string): Promise<GpuSignatureCheck | undefined> {
  try {
    return await verifyGpuEvidence(text, options);
  } catch (error) {
    assert.ok(error instanceof AttestationError, String(error));
    return undefined;
  }
}
