import { join } from "node:path";
import { type Certificate, derSmallInteger, encodeIa5String, equalBytes, importPkcs8, parseDer } from "@sealserve/core";
import { SimulatorError } from "../errors.ts";
import { PRODUCTS, type SnpProduct } from "../vendor/snp/snp-product.ts";
import type { SnpTcb } from "../vendor/snp/snp-tcb.ts";
import { createSnpVendor, type SnpProcessor, type SnpVendor, snpVendorOf } from "../vendor/snp/snp-vendor.ts";
import { VEK_EXTENSION_ARC } from "../vendor/snp/vek-extensions.ts";
import { damaged, ensureKeyFolder, loadAuthority } from "./key-folder.ts";

/** Where {@link loadOrCreateSnpVendor} keeps the root certificate of a product. */
export function snpRootFile(stateDirectory: string, product: SnpProduct): string {
  return join(folderOf(stateDirectory, product), "ark.pem");
}

/**
 * The SEV-SNP vendor of one product kept in `stateDirectory`, beside the vendor for SGX and TDX and apart from it: a
 * certificate and a key for each role. Made at first use, which takes about a second, all files or none.
 * @throws SimulatorError `state-damaged`, `state-exposed` (others may read a key), `state-unwritable`
 */
export async function loadOrCreateSnpVendor(
  stateDirectory: string,
  product: SnpProduct,
  now: Date = new Date(),
): Promise<SnpVendor> {
  const folder = folderOf(stateDirectory, product);
  await ensureKeyFolder(folder, async () => {
    const { ark, ask, asvk, vcek, vlek } = await createSnpVendor({ now, product });
    return { ark, ask, asvk, vcek, vlek };
  });
  const [ark, ask, asvk, vcek, vlek] = await Promise.all([
    loadAuthority(folder, "ark", rsaKey),
    loadAuthority(folder, "ask", rsaKey),
    loadAuthority(folder, "asvk", rsaKey),
    loadAuthority(folder, "vcek", ecKey),
    loadAuthority(folder, "vlek", ecKey),
  ]);
  return snpVendorOf({ ark, ask, asvk, vcek, vlek }, processorOf(vcek.certificate, product, folder), now);
}

function folderOf(stateDirectory: string, product: SnpProduct): string {
  return join(stateDirectory, `snp-${product.toLowerCase()}`);
}

const rsaKey = (pkcs8: Uint8Array) => importPkcs8(pkcs8, "rsa-pss-sha384");
const ecKey = (pkcs8: Uint8Array) => importPkcs8(pkcs8, "ecdsa-with-sha384");

/** The processor as its VCEK certificate describes it. */
function processorOf(vcek: Certificate, product: SnpProduct, folder: string): SnpProcessor {
  try {
    if (equalBytes(extensionOf(vcek, "2"), encodeIa5String(PRODUCTS[product].vcekProductName))) {
      return { product, tcb: tcbOf(vcek, product), hardwareId: extensionOf(vcek, "4") };
    }
  } catch (cause) {
    throw damaged(folder, "has a VCEK certificate that describes no processor", cause);
  }
  throw damaged(folder, "has a VCEK certificate for another product");
}

function tcbOf(vcek: Certificate, product: SnpProduct): SnpTcb {
  const level = (suffix: string): number => derSmallInteger(parseDer(extensionOf(vcek, suffix)));
  return {
    fmc: product === "Turin" ? level("3.9") : 0,
    bootLoader: level("3.1"),
    tee: level("3.2"),
    snp: level("3.3"),
    microcode: level("3.8"),
  };
}

function extensionOf({ extensions }: Certificate, suffix: string): Uint8Array {
  const extension = extensions.get(`${VEK_EXTENSION_ARC}.${suffix}`);
  if (extension === undefined) {
    throw new SimulatorError("state-damaged", "extension of the VCEK certificate is missing", { expected: suffix });
  }
  return extension.value;
}
