import { SNP_PRODUCTS, type SnpProduct, type SnpTcb } from "@sealserve/attestation";

/** The kinds of endorsement keys, by the name of AMD's paths. */
export type VekKind = "vcek" | "vlek";

/** What is fetched from AMD's key distribution service. */
export type AmdDocumentId =
  /** CA of the endorsement keys and root, PEM. */
  | { readonly kind: "cert-chain"; readonly vek: VekKind; readonly product: SnpProduct }
  /** The root's revocation list, DER. */
  | { readonly kind: "crl"; readonly vek: VekKind; readonly product: SnpProduct }
  /** The certificate of a chip's key for one TCB, DER. */
  | {
      readonly kind: "vcek";
      readonly product: SnpProduct;
      /** Lower-case hex: 64 bytes, 8 for Turin. */
      readonly hardwareId: string;
      readonly tcb: SnpTcb;
    }
  /** The certificate of the cloud provider's key for one TCB, DER. AMD gives it to that provider alone, who may pass it on. */
  | { readonly kind: "vlek"; readonly product: SnpProduct; readonly tcb: SnpTcb };

/** Media types of answers. */
export const AMD_MEDIA_TYPES = {
  "cert-chain": "application/x-pem-file",
  crl: "application/pkix-crl",
  vcek: "application/pkix-cert",
  vlek: "application/pkix-cert",
} as const satisfies Record<AmdDocumentId["kind"], string>;

/** Prefix of the keys of all of AMD's documents. */
export const AMD_PREFIX = "amd/";

const HARDWARE_ID_DIGITS: Readonly<Record<SnpProduct, number>> = { Milan: 128, Genoa: 128, Turin: 16 };
const PARAMETERS: Readonly<Record<keyof SnpTcb, string>> = {
  fmc: "fmcSPL",
  bootLoader: "blSPL",
  tee: "teeSPL",
  snp: "snpSPL",
  microcode: "ucodeSPL",
};
/** What stands in the place of a chip. */
const VLEK = "cert";
const MAX_LEVEL = 255;
const PATH = /^\/(vcek|vlek)\/v1\/([A-Za-z]+)\/([A-Za-z0-9_]+)$/;

/** The name that a document is stored under. */
export function amdKey(id: AmdDocumentId): string {
  return isCertificate(id)
    ? `${certificatePrefix(id)}${levelsOf(id)
        .map(([, level]) => level)
        .join("-")}`
    : `${AMD_PREFIX}${id.vek}/${id.product}/${id.kind}`;
}

/** The certificate of an endorsement key. */
export type AmdCertificateId = AmdDocumentId & { readonly kind: VekKind };

/** Certificates never change, unlike chains and lists. */
export function isCertificate(id: AmdDocumentId): id is AmdCertificateId {
  return id.kind === "vcek" || id.kind === "vlek";
}

/** The kind of keys that a document is about. */
export function vekOf(id: AmdDocumentId): VekKind {
  return isCertificate(id) ? id.kind : id.vek;
}

/** The beginning of the keys of all certificates of one chip, or of the cloud provider. */
export function certificatePrefix(id: AmdCertificateId): string {
  return `${AMD_PREFIX}${id.kind}/${id.product}/${id.kind === "vcek" ? id.hardwareId : VLEK}/`;
}

/** What a stored document is about, by its key; undefined for what is none of AMD's documents. */
export function idOfAmdKey(key: string): AmdDocumentId | undefined {
  const [, path = "", levels] =
    /^amd(\/vcek\/[A-Za-z]+\/[0-9a-f]+|\/vlek\/[A-Za-z]+\/cert)\/([0-9]+(?:-[0-9]+)*)$/.exec(key) ?? [];
  if (levels !== undefined) {
    const [, vek, product = "", chip = ""] = path.split("/");
    const names = componentsOf(product as SnpProduct);
    const query = levels.split("-").map((level, index) => [PARAMETERS[names[index] ?? "fmc"], level]);
    const id = parseAmdPath(`/${vek}/v1/${product}/${chip}`, new URLSearchParams(query));
    return id && amdKey(id) === key ? id : undefined;
  }
  const [, vek, product, kind] = /^amd\/(vcek|vlek)\/([A-Za-z]+)\/(cert-chain|crl)$/.exec(key) ?? [];
  const name = kind === "crl" ? "crl" : "cert_chain";
  return kind === undefined ? undefined : parseAmdPath(`/${vek}/v1/${product}/${name}`, new URLSearchParams());
}

/** Path and query, as AMD's service has them (VCEK certificate and KDS interface specification, chapter 4). */
export function amdPath(id: AmdDocumentId): string {
  if (!isCertificate(id)) {
    return `/${id.vek}/v1/${id.product}/${id.kind === "crl" ? "crl" : "cert_chain"}`;
  }
  const levels = levelsOf(id).map(([name, level]) => `${PARAMETERS[name]}=${`${level}`.padStart(2, "0")}`);
  return `/${id.kind}/v1/${id.product}/${id.kind === "vcek" ? id.hardwareId : VLEK}?${levels.join("&")}`;
}

/** What a request is for; undefined for a path, product, chip or TCB that AMD's service does not have. */
export function parseAmdPath(path: string, query: URLSearchParams): AmdDocumentId | undefined {
  const [, vek, name, last = ""] = PATH.exec(path) ?? [];
  const product = SNP_PRODUCTS.find((known) => known === name);
  if (product === undefined) {
    return undefined;
  }
  const common = { vek: vek as VekKind, product };
  if (last === "cert_chain" || last === "crl") {
    return { kind: last === "crl" ? "crl" : "cert-chain", ...common };
  }
  const tcb = readTcb(product, query);
  const isChip = /^[0-9A-Fa-f]+$/.test(last) && last.length === HARDWARE_ID_DIGITS[product];
  if (vek === "vlek") {
    return last === VLEK && tcb !== undefined ? { kind: "vlek", product, tcb } : undefined;
  }
  return isChip && tcb !== undefined ? { kind: "vcek", product, hardwareId: last.toLowerCase(), tcb } : undefined;
}

/** Each level exactly once: a level that is left out would be taken for zero by one and for the newest by another. */
function readTcb(product: SnpProduct, query: URLSearchParams): SnpTcb | undefined {
  const names = componentsOf(product);
  const levels = names.map((name) => {
    const [text, ...others] = query.getAll(PARAMETERS[name]);
    const isLevel = text !== undefined && others.length === 0 && /^[0-9]{1,3}$/.test(text) && Number(text) <= MAX_LEVEL;
    return [name, isLevel ? Number(text) : undefined] as const;
  });
  return levels.some(([, level]) => level === undefined)
    ? undefined
    : (Object.fromEntries(levels) as unknown as SnpTcb);
}

function levelsOf({ product, tcb }: { readonly product: SnpProduct; readonly tcb: SnpTcb }) {
  return componentsOf(product).map((name) => [name, tcb[name] ?? 0] as const);
}

/** In the order of AMD's parameters. */
function componentsOf(product: SnpProduct): (keyof SnpTcb)[] {
  return [...(product === "Turin" ? (["fmc"] as const) : []), "bootLoader", "tee", "snp", "microcode"];
}
