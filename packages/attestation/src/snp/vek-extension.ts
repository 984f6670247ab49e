import {
  type Certificate,
  type DerElement,
  derSmallInteger,
  derTag,
  derText,
  encodeHex,
  expectTag,
  parseDer,
} from "@sealserve/core";
import { AttestationError, refuseAs } from "../errors.ts";
import type { SnpTcbComponent } from "../tee/snp-product.ts";

const ARC = "1.3.6.1.4.1.3704.1";
const LEVELS_ARC = `${ARC}.3.`;

/** Under which number of {@link LEVELS_ARC} the level of each component stands. */
const COMPONENT_NUMBERS: Readonly<Record<SnpTcbComponent, number>> = {
  bootLoader: 1,
  tee: 2,
  snp: 3,
  microcode: 8,
  fmc: 9,
};

/** Levels of components that no processor has today. */
const RESERVED_NUMBERS = [4, 5, 6, 7];

/**
 * What AMD certifies about an endorsement key. Nothing here is required to be there: what is missing fails where it is
 * compared.
 */
export interface VekExtension {
  readonly structureVersion: number | undefined;
  /** Such as `Milan-B0` or `Genoa`. */
  readonly productName: string | undefined;
  /** Security patch levels that the key belongs to, 0 to 255. */
  readonly levels: Readonly<Partial<Record<SnpTcbComponent, number>>>;
  /** Those of components that no processor has today. */
  readonly reservedLevels: readonly number[];
  /** Of the chip, lower-case hex. VCEK only. */
  readonly hardwareId: string | undefined;
  /** The cloud provider that has the key. VLEK only. */
  readonly providerId: string | undefined;
}

/**
 * Reads the extensions of a VCEK or VLEK certificate (AMD VCEK certificate and KDS interface specification). Each stands
 * there once: parsing the certificate has seen to that.
 * @throws AttestationError `snp-vek-extension-malformed`
 */
export function parseVekExtension({ extensions }: Pick<Certificate, "extensions">): VekExtension {
  const value = (oid: string): Uint8Array | undefined => extensions.get(oid)?.value;
  const level = (number: number): number | undefined => readLevel(value(`${LEVELS_ARC}${number}`));
  expectKnownLevels([...extensions.keys()]);
  const hardwareId = value(`${ARC}.4`);
  return {
    structureVersion: readLevel(value(`${ARC}.1`)),
    productName: readText(value(`${ARC}.2`)),
    levels: readLevels(level),
    reservedLevels: RESERVED_NUMBERS.map(level).filter((found) => found !== undefined),
    // No DER around it, whatever its first bytes look like.
    hardwareId: hardwareId && encodeHex(hardwareId),
    providerId: readText(value(`${ARC}.5`)),
  };
}

function readLevels(level: (number: number) => number | undefined): VekExtension["levels"] {
  const levels: Partial<Record<SnpTcbComponent, number>> = {};
  for (const [name, number] of Object.entries(COMPONENT_NUMBERS)) {
    const found = level(number);
    if (found !== undefined) {
      levels[name as SnpTcbComponent] = found;
    }
  }
  return levels;
}

/** A level of a component that is not known here could not be compared. */
function expectKnownLevels(oids: readonly string[]): void {
  const numbers: readonly number[] = [...Object.values(COMPONENT_NUMBERS), ...RESERVED_NUMBERS];
  const known = new Set(numbers.map((number) => `${LEVELS_ARC}${number}`));
  const unknown = oids.find((oid) => oid.startsWith(LEVELS_ARC) && !known.has(oid));
  if (unknown !== undefined) {
    throw malformed("states the level of an unknown component", [...known].join(", "), unknown);
  }
}

function readLevel(value: Uint8Array | undefined): number | undefined {
  const level = value && readDer(value, (element) => derSmallInteger(expectTag(element, derTag.integer)));
  if (level !== undefined && level > 0xff) {
    throw malformed("has a number out of range", "0 to 255", `${level}`);
  }
  return level;
}

function readText(value: Uint8Array | undefined): string | undefined {
  return value && readDer(value, (element) => derText(expectTag(element, derTag.ia5String)));
}

function readDer<Value>(value: Uint8Array, read: (element: DerElement) => Value): Value {
  return refuseAs("snp-vek-extension-malformed", "extension of the endorsement key certificate", () =>
    read(parseDer(value)),
  );
}

function malformed(fault: string, expected: string, actual: string): AttestationError {
  return new AttestationError("snp-vek-extension-malformed", `endorsement key certificate ${fault}`, {
    expected,
    actual,
  });
}
