/**
 * SGX verifications per second with collateral already verified (warm) and from scratch (cold), beside bare P-256
 * signature checks: a warm verification needs two. `npm run bench:attestation`
 */
import { trustedRootFromPem, verifyCollateral, verifyEvidence } from "@sealserve/attestation";
import { generateEcKey, rawEcPoint, verifyEcdsaP256 } from "@sealserve/core";
import { createVendor } from "@sealserve/simulator";
import { measureRates, printFigure, type Rate } from "./harness.ts";

const now = new Date();
const vendor = await createVendor({ now });
const root = await trustedRootFromPem(vendor.rootPem);
const quote = await vendor.quote({ mrEnclave: "11".repeat(32), reportData: new Uint8Array(64) });
const collateral = await vendor.collateral();
const verified = await verifyCollateral(collateral, { now, root });

const key = await generateEcKey("P-256");
const point = rawEcPoint(key.publicKeyInfo);
const message = new Uint8Array(432);
if (key.signRaw === undefined) {
  throw new Error("an EC key signs in raw form");
}
const signature = await key.signRaw(message);

const rates = await measureRates([
  { name: "warm", run: repeat(() => verifyEvidence(quote, verified, { now, root })) },
  { name: "cold", run: repeat(() => verifyEvidence(quote, collateral, { now, root })) },
  { name: "raw P-256 verify", run: repeat(() => verifyEcdsaP256(point, signature, message)) },
]);
const [warm, , raw] = rates as [Rate, Rate, Rate];
printFigure({
  name: "SGX verifications, one process",
  ratio: Number((warm.perSecond.median / (raw.perSecond.median / 2)).toPrecision(3)),
  ratioOf: "warm verifications to pairs of raw P-256 verifies",
  rates,
});

function repeat(job: () => Promise<unknown>): (count: number) => Promise<void> {
  return async (count) => {
    for (let index = 0; index < count; index++) {
      await job();
    }
  };
}
