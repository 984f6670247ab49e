// What inputs are made from: genuine evidence and documents by the simulated vendors.
import { encodeCollateralFile, SNP_PRODUCTS } from "@sealserve/attestation";
import { concatBytes, encodeUtf8, generateEcKey } from "@sealserve/core";
import { encodeAttestationAnswer } from "@sealserve/ra-tls";
import {
  createSnpVendor,
  createVendor,
  encodeSgxExtension,
  type SnpKeys,
  type SnpVendor,
} from "@sealserve/simulator/vendor";
import { craftedDevice, craftedEvidence, otherDevice } from "../../packages/attestation/test/crafted-gpu.ts";
import {
  craftedLog,
  efiVariable,
  measured,
  SHA256_ID,
  SHA384_ID,
} from "../../packages/attestation/test/crafted-log.ts";

import { nestedCertification } from "./format-bombs.ts";

const now = new Date("2026-03-01T12:00:00Z");
const reportData = new Uint8Array(64).fill(7);
const enclave = { mrEnclave: "a1".repeat(32), reportData };
const trustDomain = { mrTd: "d0".repeat(48), reportData };

const vendor = await createVendor({ now });
const collateral = await vendor.collateral({ advisoryIds: ["SIMULATED-SA-7"] });
const tdxCollateral = await vendor.collateral({ tee: "tdx", advisoryIds: ["SIMULATED-SA-7"] });
const revoked = Array.from({ length: 40 }, (_, index) => `4${index.toString(16).padStart(15, "0")}`);
const longer = await vendor.collateral({ pckCrl: { revoked } });
const snpVendors = await Promise.all(SNP_PRODUCTS.map(quickSnpVendor));

export const quotes: readonly Uint8Array[] = [
  await vendor.quote(enclave),
  await vendor.quote({ ...enclave, version: 4 }),
  await vendor.quote({ ...enclave, version: 5 }),
  await vendor.quote({ ...enclave, certificationData: { type: 3, data: new Uint8Array(404) } }),
  await vendor.tdxQuote(trustDomain),
  await vendor.tdxQuote({ ...trustDomain, version: 5, bodyType: 2 }),
  await vendor.tdxQuote({ ...trustDomain, version: 5, trailing: new Uint8Array(100) }),
];
/** As long as quotes can be. */
export const nestedQuotes: readonly Uint8Array[] = await Promise.all(
  ([3, 4, 5] as const).map((version) =>
    vendor.quote({ ...enclave, version, certificationData: { type: 6, data: nestedCertification(15_000) } }),
  ),
);
export const snpReports: readonly Uint8Array[] = await Promise.all(
  snpVendors.map((from) => from.report({ measurement: "a1".repeat(48), reportData })),
);
export const snpCertificateTables: readonly Uint8Array[] = snpVendors.map((from) => from.certificateTable());

export const collateralFiles: readonly string[] = [
  encodeCollateralFile(collateral),
  encodeCollateralFile({ ...tdxCollateral, pckCertificateChain: vendor.pckChainPem }),
];
export const tcbInfos: readonly string[] = [
  collateral.tcbInfo,
  (await vendor.collateral({ tcbInfoVersion: 2 })).tcbInfo,
];
export const tdxTcbInfos: readonly string[] = [tdxCollateral.tcbInfo];
export const qeIdentities: readonly string[] = [collateral.qeIdentity, tdxCollateral.qeIdentity];

export const certificates: readonly Uint8Array[] = [
  ...[vendor.root, vendor.platformCa, vendor.pck, vendor.tcbSigning].map(({ certificate }) => certificate.raw),
  ...snpVendors.flatMap(({ vcek, vlek, ask }) => [vcek, vlek, ask].map(({ certificate }) => certificate.raw)),
];
/** The certificate of a platform, in which the value of the extension can be exchanged. */
export const pckCertificate = vendor.pck.certificate;
export const sgxExtensions: readonly Uint8Array[] = [encodeSgxExtension(vendor.machine)];
export const revocationLists: readonly Uint8Array[] = [collateral.rootCaCrl, collateral.pckCrl, longer.pckCrl];
export const pems: readonly string[] = [vendor.pckChainPem, vendor.rootPem, `${vendor.pckChainPem}\0`];

export const policies: readonly string[] = [
  {
    sgx: { mrEnclave: ["a1".repeat(32)], mrSigner: ["b2".repeat(32)], isvProdId: 7, minimumIsvSvn: 3 },
    tcb: { statuses: ["UpToDate", "SWHardeningNeeded"], toleratedAdvisoryIds: ["INTEL-SA-00615"] },
    debug: "refuse",
  },
  {
    tdx: {
      images: [
        { mrTd: "d0".repeat(48), rtMr0: "e0".repeat(48), rtMr1: "e1".repeat(48), rtMr2: { waived: "a reason" } },
      ],
      mrSeam: ["5a".repeat(48)],
      allowedXfamBits: [3],
    },
    tcb: { statuses: ["TDRelaunchAdvised"], relaunchDeadline: "2026-04-01T00:00:00Z", maximumOverdueHours: 1 },
    machines: { ppid: ["ab".repeat(16)] },
    smt: "refuse",
  },
  {
    snp: {
      images: [
        {
          measurement: "a1".repeat(48),
          hostData: "b2".repeat(32),
          idKeyDigest: "c3".repeat(48),
          minimumGuestSvn: 1,
        },
      ],
      products: ["Genoa"],
      minimumTcb: { Genoa: { bootLoader: 1, tee: 0, snp: 10, microcode: 20 } },
      vmpl: [0],
      minimumFirmware: "1.55.21",
      requiredMitigations: "0x1",
    },
  },
].map((policy) => JSON.stringify(policy));

export const eventLogs: readonly Uint8Array[] = await craftedLogs();
export const runtimeLogs: readonly string[] = [
  JSON.stringify([
    { imr: 0, event_type: 4, digest: "0a".repeat(48), event: "", event_payload: "00000000" },
    { imr: 3, event_type: 0x0800_0001, digest: "0b".repeat(48), event: "app-id", event_payload: "0c".repeat(20) },
  ]),
];
export const gpuEvidence: readonly string[] = [
  craftedEvidence([await craftedDevice()]),
  craftedEvidence([await craftedDevice(), await craftedDevice(await otherDevice())]),
];

const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(length);

export const attestationAnswers: readonly string[] = [
  encodeAttestationAnswer({
    tee: "sgx",
    evidence: bytes(600),
    model: "half_plus_two",
    manifestDigest: bytes(32),
    nonce: bytes(32),
    exporter: bytes(32),
    serverCertificateSha256: bytes(32),
    reportData: bytes(64),
  }),
];

export const traceParents: readonly string[] = [
  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-later",
];
export const batchingParameters: readonly string[] = [
  "max_batch_size { value: 128 } batch_timeout_micros { value: 0 } # as in TensorFlow Serving's guide",
  "allowed_batch_sizes: [8, 128]; thread_pool_name: { value: 'a\\n' \"b\" }, pad_variable_length_inputs: true",
];

/** With EC keys for authorities as well: those of RSA take seconds to make, and readers do not ask what a key is. */
async function quickSnpVendor(product: (typeof SNP_PRODUCTS)[number]): Promise<SnpVendor> {
  const [ark, ask, asvk, vcek, vlek] = await Promise.all([1, 2, 3, 4, 5].map(() => generateEcKey("P-384")));
  return createSnpVendor({ now, product, keys: { ark, ask, asvk, vcek, vlek } as SnpKeys });
}

async function craftedLogs(): Promise<Uint8Array[]> {
  const variable = await measured(1, 0x8000_0002, efiVariable("BootOrder", Uint8Array.of(1, 0)));
  const text = await measured(2, 0x8000_0007, "Calling EFI Application from Boot Option");
  const separator = await measured(3, 4, new Uint8Array(4));
  const both = { ...separator, digests: [{ id: SHA256_ID, digest: new Uint8Array(32) }, ...separator.digests] };
  const algorithms = [[SHA256_ID, 32] as const, [SHA384_ID, 48] as const];
  return [
    craftedLog([variable, text, separator]),
    craftedLog([both, both], { header: { algorithms } }),
    craftedLog([variable], { end: concatBytes(new Uint8Array(8), encodeUtf8("\0\0")) }),
  ];
}
