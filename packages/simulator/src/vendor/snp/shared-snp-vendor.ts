import { generateSnpKeys, type SnpKeys } from "./snp-keys.ts";
import type { SnpProduct } from "./snp-product.ts";
import { createSnpVendor, type SnpVendor } from "./snp-vendor.ts";

const keysByProduct = new Map<SnpProduct, Promise<SnpKeys>>();
const vendorsByProduct = new Map<string, Promise<SnpVendor>>();

/** Keys for tests: made once for each product in a process, since RSA-4096 keys are slow to make. */
export function sharedSnpKeys(product: SnpProduct): Promise<SnpKeys> {
  return once(keysByProduct, product, generateSnpKeys);
}

/** A vendor for tests: one for each product and time in a process, with {@link sharedSnpKeys}. */
export function sharedSnpVendor(product: SnpProduct, now: Date): Promise<SnpVendor> {
  return once(vendorsByProduct, `${product} ${now.toISOString()}`, async () =>
    createSnpVendor({ now, product, keys: await sharedSnpKeys(product) }),
  );
}

function once<Key, Value>(made: Map<Key, Promise<Value>>, key: Key, make: () => Promise<Value>): Promise<Value> {
  const value = made.get(key) ?? make();
  made.set(key, value);
  return value;
}
