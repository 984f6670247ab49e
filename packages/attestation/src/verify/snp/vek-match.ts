import { encodeHex, isZero } from "@sealserve/core";
import { AttestationError } from "../../errors.ts";
import type { SnpReportBody } from "../../snp/report-body.ts";
import { describeTcb, type SnpTcb } from "../../snp/tcb-version.ts";
import type { VekExtension } from "../../snp/vek-extension.ts";
import { SNP_PROFILES, SNP_TCB_COMPONENTS, type SnpProduct } from "../../tee/snp-product.ts";

/** What stands behind the name of a product in certificates: a dash and the stepping, as in `Milan-B0`. */
const STEPPING = /^(-[A-Z][0-9])?$/;

/**
 * Refuses a report or an endorsement key of another generation than the CA's. Reports of version 2 do not name theirs.
 * @throws AttestationError `snp-product-mismatch`
 */
export function expectSameProduct(report: SnpReportBody, { productName }: VekExtension, product: SnpProduct): void {
  const certified = productName?.startsWith(product) === true && STEPPING.test(productName.slice(product.length));
  if (!certified || (report.product !== undefined && report.product !== product)) {
    throw new AttestationError(
      "snp-product-mismatch",
      "processor, endorsement key and root are of different products",
      {
        expected: product,
        actual: `processor ${report.product ?? "unnamed"}, endorsement key ${productName ?? "unnamed"}`,
      },
    );
  }
}

/**
 * Refuses a certificate that states what only the other kind of endorsement key has, or a VLEK for nobody: a VCEK belongs to
 * a chip, a VLEK to a cloud provider, and neither to both. That a VCEK names its chip is asked with the report's.
 * @throws AttestationError `snp-signing-key-mismatch`
 */
export function expectOneKind(
  { signingKey }: Pick<SnpReportBody, "signingKey">,
  { hardwareId, providerId }: VekExtension,
): void {
  const [own, other] = signingKey === "vlek" ? ["cloud provider id", hardwareId] : ["hardware id", providerId];
  const ofNobody = signingKey === "vlek" && providerId === undefined;
  if (other !== undefined || ofNobody) {
    throw new AttestationError("snp-signing-key-mismatch", "endorsement key certificate is not of one kind", {
      expected: `a ${signingKey.toUpperCase()} certificate with a ${own} alone`,
      actual:
        other === undefined ? "neither" : `${signingKey === "vlek" ? "hardware id" : "cloud provider id"} ${other}`,
    });
  }
}

/**
 * Refuses a report whose reported TCB is not the one that the endorsement key was derived for. A level that the certificate
 * does not state is a mismatch too.
 * @throws AttestationError `snp-tcb-mismatch`
 */
export function expectSameTcb(reported: SnpTcb, { levels, reservedLevels }: VekExtension, product: SnpProduct): void {
  const layout = SNP_PROFILES[product].tcbLayout;
  const same = SNP_TCB_COMPONENTS.every((name) =>
    layout[name] === undefined ? (levels[name] ?? 0) === 0 : levels[name] === reported[name],
  );
  if (!same || reservedLevels.some((level) => level !== 0)) {
    const message = "endorsement key is for another TCB than the report states";
    throw new AttestationError("snp-tcb-mismatch", message, {
      expected: describeTcb(levels, product),
      actual: describeTcb(reported, product),
    });
  }
}

/**
 * Refuses a report by the key of another chip. A VLEK belongs to no chip, and its reports name none.
 * @throws AttestationError `snp-chip-id-masked`, `snp-chip-id-mismatch`
 */
export function expectSameChip(report: SnpReportBody, { hardwareId }: VekExtension, product: SnpProduct): void {
  const { chipId, signingKey } = report;
  const masked = isZero(chipId);
  if (signingKey === "vcek" && masked) {
    throw new AttestationError("snp-chip-id-masked", "report hides the chip whose key signed it", {
      expected: "a CHIP_ID",
      actual: "zero bytes",
      remedy: "have the host clear MASK_CHIP_ID",
    });
  }
  const { hardwareIdLength } = SNP_PROFILES[product];
  const padding = "00".repeat(chipId.length - hardwareIdLength);
  const expected = signingKey === "vlek" ? "00".repeat(chipId.length) : `${hardwareId ?? "no hardware id"}${padding}`;
  const actual = encodeHex(chipId);
  if (actual !== expected) {
    throw new AttestationError("snp-chip-id-mismatch", "endorsement key is for another chip than the report states", {
      expected,
      actual,
    });
  }
}
