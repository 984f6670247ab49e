import { AttestationError, parseCollateralFile, type TrustedRoot, verifyCollateral } from "@sealserve/attestation";
import { CollateralError, type CollateralSource, fileSource, pccsSource } from "@sealserve/collateral";
import { CoreError } from "@sealserve/core";
import type { CollateralConfig } from "./config/broker-config.ts";
import { BrokerError } from "./errors.ts";
import { readNeededText } from "./needed-file.ts";

/**
 * The source that the configuration names. A file is read and verified now: with one that is damaged, expired or of
 * another root the broker could never judge anything.
 * @throws BrokerError `collateral-invalid`, `file-unreadable`
 */
export async function openCollateral(
  config: CollateralConfig,
  { now, root }: { readonly now: Date; readonly root: TrustedRoot },
): Promise<CollateralSource> {
  try {
    if (config.kind === "pccs") {
      return pccsSource({ url: config.url });
    }
    const text = await readNeededText(config.path, { what: "collateral", member: "collateral.file" });
    const collateral = parseCollateralFile(text);
    await verifyCollateral(collateral, { now, root });
    return fileSource(collateral);
  } catch (cause) {
    if (cause instanceof AttestationError || cause instanceof CollateralError || cause instanceof CoreError) {
      throw unusable(config, cause);
    }
    throw cause;
  }
}

function unusable(config: CollateralConfig, cause: AttestationError | CollateralError | CoreError): BrokerError {
  const place = config.kind === "pccs" ? config.url : config.path;
  const { expected, actual } = cause;
  return new BrokerError("collateral-invalid", `collateral at ${place} cannot be used: ${cause.message}`, {
    expected,
    actual,
    remedy: 'fetch current collateral for your platforms, or correct "collateral" in the configuration',
    cause,
  });
}
