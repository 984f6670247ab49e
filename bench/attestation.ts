/**
 * Verifications of evidence per second in one process, warm (collateral and platform verified before, which leaves the one
 * signature of the evidence) and cold (neither seen before), beside the npm package @phala/dcap-qvl, which always works cold
 * and knows no SEV-SNP, and beside that one signature alone; and warm with two worker threads.
 * `npm run bench:attestation [-- sgx|tdx|snp]`
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import * as peer from "@phala/dcap-qvl";
import { type EcCurve, type EcdsaHash, ecdsaVerifier, generateEcKey, rawEcPoint } from "@sealserve/core";
import {
  coldVerification,
  loadSubject,
  SUBJECT_NAMES,
  type Subject,
  type SubjectName,
  strangers,
  warmVerification,
} from "./attestation-subjects.ts";
import { type Job, measureRates, printFigure } from "./harness.ts";

/** What signs each kind of evidence, the number of bytes it signs, and the verifications per second asked for. */
const KINDS = {
  sgx: { curve: "P-256", hash: "SHA-256", signed: 432, targets: { warm: 2500, cold: 900 } },
  tdx: { curve: "P-256", hash: "SHA-256", signed: 632, targets: { warm: 2200, cold: 900 } },
  snp: { curve: "P-384", hash: "SHA-384", signed: 672, targets: { warm: 1400 } },
} as const satisfies Record<SubjectName, { curve: EcCurve; hash: EcdsaHash; signed: number; targets: object }>;
const THREADS = 2;
const THREADS_MS = 3000;
const WARM = "warm";
const COLD = "cold, vendor's authorities known";
const STRANGE = "cold, vendor's authorities unknown too";
const PEER = "peer";

const [wanted] = process.argv.slice(2);
for (const name of SUBJECT_NAMES) {
  if (wanted === undefined || wanted === name) {
    await measure(name);
  }
}

async function measure(name: SubjectName): Promise<void> {
  const subject = await loadSubject(name);
  const raw = `raw ${KINDS[name].curve} verify, key imported`;
  const rates = await measureRates([
    job(WARM, await warmVerification(subject)),
    job(COLD, coldVerification(subject)),
    ...(name === "snp" ? [] : [job(STRANGE, takeTurns((await strangers(name)).map(coldVerification)))]),
    job(raw, await rawVerification(name)),
    ...peerJobs(subject),
  ]);
  const median = (what: string): number => rates.find((rate) => rate.name === what)?.perSecond.median ?? Number.NaN;
  const ratios = {
    warmToPeer: ratio(median(WARM), median(PEER)),
    coldToPeer: ratio(median(STRANGE), median(PEER)),
    warmToRawVerify: ratio(median(WARM), median(raw)),
  };
  printFigure({
    name: `${name.toUpperCase()} verifications, one process`,
    ratio: ratios.warmToPeer ?? ratios.warmToRawVerify ?? 0,
    ratioOf: ratios.warmToPeer === undefined ? "warm to one raw verify" : "warm to @phala/dcap-qvl 0.3.9",
    ratios,
    targets: KINDS[name].targets,
    subject: subject.source,
    rates,
    warmWithTwoThreads: await measureThreads(name),
  });
}

function job(name: string, verify: () => Promise<unknown>): Job {
  return {
    name,
    run: async (count) => {
      for (let index = 0; index < count; index++) {
        await verify();
      }
    },
  };
}

function takeTurns(verifications: readonly (() => Promise<unknown>)[]): () => Promise<unknown> {
  let turn = 0;
  return async () => verifications[turn++ % verifications.length]?.();
}

/** What is left of a warm verification when everything but its one signature is taken away. */
async function rawVerification(name: SubjectName): Promise<() => Promise<unknown>> {
  const { curve, hash, signed } = KINDS[name];
  const key = await generateEcKey(curve);
  const message = new Uint8Array(signed);
  const signature = await key.signRaw(message);
  const verify = await ecdsaVerifier({ curve, point: rawEcPoint(key.publicKeyInfo) }, hash);
  return async () => verify(signature, message);
}

function peerJobs({ evidence, collateralFile, now }: Subject): Job[] {
  if (collateralFile === undefined) {
    return [];
  }
  const collateral = JSON.parse(collateralFile);
  const seconds = Math.floor(now.getTime() / 1000);
  return [job(PEER, async () => peer.verify(evidence, collateral, seconds))];
}

/** Verifications per second of all threads together, which start at the same moment. */
async function measureThreads(name: SubjectName): Promise<number> {
  const script = new URL("attestation-worker.ts", import.meta.url);
  const options = { workerData: { name, milliseconds: THREADS_MS } };
  const workers = Array.from({ length: THREADS }, () => new Worker(script, options));
  await Promise.all(workers.map((worker) => once(worker, "message")));
  const rates = workers.map(async (worker) => {
    worker.postMessage("start", []);
    const [rate] = (await once(worker, "message")) as [number];
    await worker.terminate();
    return rate;
  });
  const all = await Promise.all(rates);
  return Math.round(all.reduce((sum, rate) => sum + rate, 0));
}

function ratio(a: number, b: number): number | undefined {
  return Number.isFinite(a / b) ? Number((a / b).toPrecision(3)) : undefined;
}
