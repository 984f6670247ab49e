import { type ExtensionOptions, encodeIa5String, encodeInteger } from "@sealserve/core";
import { PRODUCTS, type SnpProduct } from "./snp-product.ts";
import type { SnpTcb } from "./snp-tcb.ts";

/** The arc below which AMD has its extensions of VCEK and VLEK certificates. */
export const VEK_EXTENSION_ARC = "1.3.6.1.4.1.3704.1";

/** What the certificate of an endorsement key says about the processor that has the key. */
export interface VekFacts {
  /** Decides which levels there are. */
  readonly product: SnpProduct;
  readonly productName: string;
  readonly tcb: SnpTcb;
  /** Raw, of the product's length; in a VCEK only. */
  readonly hardwareId?: Uint8Array;
  /** Name of the cloud provider; in a VLEK only. */
  readonly providerId?: string;
}

/**
 * Values in place of the usual ones, by the last parts of the identifier: `"3.8"` is the microcode, `"4"` the hardware
 * id. `"absent"` leaves an extension out.
 */
export type VekExtensionOverrides = Readonly<Record<string, Uint8Array | "absent">>;

/** Extensions of a VCEK or VLEK in the order in which AMD writes them (AMD VCEK certificate and KDS interface specification). */
export function vekExtensions(facts: VekFacts, overrides: VekExtensionOverrides): ExtensionOptions[] {
  const values = { ...identityValues(facts), ...levelValues(facts), ...ownerValues(facts), ...overrides };
  return Object.keys(values)
    .toSorted((a, b) => orderOf(facts.product, a) - orderOf(facts.product, b))
    .flatMap((suffix) => {
      const value = values[suffix];
      return value === undefined || value === "absent" ? [] : [{ oid: `${VEK_EXTENSION_ARC}.${suffix}`, value }];
    });
}

type Values = Readonly<Record<string, Uint8Array | "absent">>;

function identityValues({ product, productName }: VekFacts): Values {
  return { "1": encodeInteger(PRODUCTS[product].structureVersion), "2": encodeIa5String(productName) };
}

/** Turin has a level for the FMC; the fourth level, reserved on all, is not in its certificates. */
function levelValues({ product, tcb }: VekFacts): Values {
  const reserved = encodeInteger(0);
  return {
    "3.1": encodeInteger(tcb.bootLoader),
    "3.2": encodeInteger(tcb.tee),
    "3.3": encodeInteger(tcb.snp),
    ...(product === "Turin" ? { "3.9": encodeInteger(tcb.fmc) } : { "3.4": reserved }),
    "3.5": reserved,
    "3.6": reserved,
    "3.7": reserved,
    "3.8": encodeInteger(tcb.microcode),
  };
}

/** The hardware id stands there as it is, without a DER tag. */
function ownerValues({ hardwareId, providerId }: VekFacts): Values {
  return {
    ...(hardwareId === undefined ? {} : { "4": hardwareId }),
    ...(providerId === undefined ? {} : { "5": encodeIa5String(providerId) }),
  };
}

const ORDER = ["1", "2", "3.1", "3.2", "3.4", "3.5", "3.6", "3.7", "3.3", "3.8", "4", "5"];
const TURIN_ORDER = ["1", "2", "3.9", "3.1", "3.2", "3.3", "3.5", "3.6", "3.7", "3.8", "4", "5"];

function orderOf(product: SnpProduct, suffix: string): number {
  const order = product === "Turin" ? TURIN_ORDER : ORDER;
  const place = order.indexOf(suffix);
  return place === -1 ? order.length : place;
}
