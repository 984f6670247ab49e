/**
 * Verifications of evidence per second in one process, warm (collateral and platform verified before) and cold (neither
 * seen before), beside the npm package @phala/dcap-qvl, which always works cold, and beside bare P-256 signature checks; and
 * warm with two worker threads. `npm run bench:attestation [-- sgx|tdx]`
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import * as peer from "@phala/dcap-qvl";
import { ecdsaVerifier, generateEcKey, rawEcPoint } from "@sealserve/core";
import {
  coldVerification,
  loadSubject,
  type Subject,
  type SubjectName,
  strangers,
  warmVerification,
} from "./attestation-subjects.ts";
import { type Job, measureRates, printFigure, type Rate } from "./harness.ts";

const TARGETS = { sgx: { warm: 2500, cold: 900 }, tdx: { warm: 2200, cold: 900 } };
const THREADS = 2;
const THREADS_MS = 3000;

const [wanted] = process.argv.slice(2);
for (const name of ["sgx", "tdx"] as const) {
  if (wanted === undefined || wanted === name) {
    await measure(name);
  }
}

async function measure(name: SubjectName): Promise<void> {
  const subject = await loadSubject(name);
  const rates = await measureRates([
    job("warm", await warmVerification(subject)),
    job("cold", coldVerification(subject)),
    job("cold, vendor's authorities unknown too", takeTurns((await strangers(name)).map(coldVerification))),
    job("raw P-256 verify, key imported", await rawVerification()),
    ...peerJobs(subject),
  ]);
  const median = (what: string): number => rates.find((rate) => rate.name === what)?.perSecond.median ?? Number.NaN;
  const ratios = {
    warmToPeer: ratio(median("warm"), median("peer")),
    coldToPeer: ratio(median("cold"), median("peer")),
    warmToRawVerify: ratio(median("warm"), median("raw P-256 verify, key imported")),
  };
  printFigure({
    name: `${name.toUpperCase()} verifications, one process`,
    ratio: ratios.warmToPeer ?? ratios.warmToRawVerify ?? 0,
    ratioOf: ratios.warmToPeer === undefined ? "warm to one raw P-256 verify" : "warm to @phala/dcap-qvl 0.3.9",
    ratios,
    targets: TARGETS[name],
    subject: subject.source,
    rates: rates.map((rate): Rate => rate),
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
async function rawVerification(): Promise<() => Promise<unknown>> {
  const key = await generateEcKey("P-256");
  const message = new Uint8Array(432);
  const signature = await key.signRaw(message);
  const verify = await ecdsaVerifier({ curve: "P-256", point: rawEcPoint(key.publicKeyInfo) }, "SHA-256");
  return async () => verify(signature, message);
}

function peerJobs({ quote, collateralFile, now }: Subject): Job[] {
  if (collateralFile === undefined) {
    return [];
  }
  const collateral = JSON.parse(collateralFile);
  const seconds = Math.floor(now.getTime() / 1000);
  return [job("peer", async () => peer.verify(quote, collateral, seconds))];
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
