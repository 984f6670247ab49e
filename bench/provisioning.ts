/**
 * Complete releases per second on the port for Gramine's protocol: TLS 1.2 handshake with an RA-TLS client certificate,
 * verification of its quote with warm collateral, audit line on disk, answer. Beside bare mutual handshakes of the same
 * kind on a server that does nothing else. The clients run in another process. `npm run bench:provisioning`
 */
import { fork } from "node:child_process";
import { constants } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import { encodeCollateralFile } from "@sealserve/attestation";
import { parseBrokerConfig, startBroker } from "@sealserve/broker";
import { generateWrapKey, writeWrapKey } from "@sealserve/encrypted-files";
import { createVendor } from "@sealserve/simulator";
import { type Job, measureRates, printFigure, type Rate } from "./harness.ts";
import { type ClientKind, createClients, writeServerIdentity } from "./provisioning-identities.ts";
import type { LoadOrder, LoadReport } from "./provisioning-load.ts";

const MR_ENCLAVE = "11".repeat(32);
const KINDS: readonly ClientKind[] = ["P-384, Gramine 1.8 and later", "RSA-3072, Gramine 1.3.1"];

const directory = await mkdtemp(join(tmpdir(), "sealserve-bench-"));
const vendor = await createVendor({ now: new Date() });
const caPem = await writeServerIdentity(directory);
await writeWrapKey(join(directory, "wrap.key"), generateWrapKey());
await writeFile(join(directory, "root.pem"), vendor.rootPem);
await writeFile(join(directory, "collateral.json"), encodeCollateralFile(await vendor.collateral()));

const config = `
secretProvisioning:
  listen: 127.0.0.1:0
  tls: { key: server.key, certificate: server.crt }
  secrets: [{ name: key, file: wrap.key, policy: { sgx: { mrEnclave: ["${MR_ENCLAVE}"] } } }]
collateral: { file: collateral.json }
simulatedRoot: root.pem
auditLog: audit.jsonl`;
const broker = await startBroker(parseBrokerConfig(config, join(directory, "broker.yaml")), { log: () => undefined });
const releasePort = Number(broker.provisioningAddress?.split(":")[1]);

const bare = createServer({
  key: await readFile(join(directory, "server.key")),
  cert: await readFile(join(directory, "server.crt")),
  minVersion: "TLSv1.2",
  maxVersion: "TLSv1.2",
  requestCert: true,
  rejectUnauthorized: false,
  secureOptions: constants.SSL_OP_NO_TICKET,
});
bare.on("secureConnection", (socket) =>
  socket
    .on("error", () => undefined)
    .end()
    .resume(),
);
bare.listen(0, "127.0.0.1");
await once(bare, "listening");
const barePort = (bare.address() as AddressInfo).port;

const load = fork(join(import.meta.dirname, "provisioning-load.ts"), { serialization: "advanced" });
/** What this process spent, by job. */
const spent = new Map<string, { cpuMs: number; connections: number }>();
let slowestMs = 0;
load.on("exit", (code) => {
  // A client that did not get its answer has said so; there is nothing left to measure.
  if (code !== 0) {
    process.exit(1);
  }
});

const identities = new Map<ClientKind, Awaited<ReturnType<typeof createClients>>>();
for (const kind of KINDS) {
  identities.set(kind, await createClients(kind, vendor, MR_ENCLAVE));
}

/** Runs the order in the other process and waits for its end. */
async function command(order: LoadOrder): Promise<LoadReport> {
  load.send(order);
  const [report] = (await once(load, "message")) as [LoadReport];
  return report;
}

function job(kind: ClientKind, what: "release" | "bare handshake"): Job {
  const name = `${what}: ${kind}`;
  const clients = identities.get(kind) ?? [];
  const [port, answerLength] = what === "release" ? [releasePort, 57] : [barePort, 0];
  const own = { cpuMs: 0, connections: 0 };
  spent.set(name, own);
  return {
    name,
    run: async (count) => {
      const before = process.cpuUsage();
      const report = await command({ port, caPem, clients, count, answerLength });
      const { user, system } = process.cpuUsage(before);
      own.cpuMs += (user + system) / 1000;
      own.connections += count;
      slowestMs = what === "release" ? Math.max(slowestMs, report.slowestMs) : slowestMs;
    },
  };
}

const rates = await measureRates(KINDS.flatMap((kind) => [job(kind, "release"), job(kind, "bare handshake")]));
load.disconnect();
bare.close();
await broker.close();
await rm(directory, { recursive: true });

const [release, handshake] = rates as [Rate, Rate];
printFigure({
  name: "Attested releases by Gramine's protocol, one broker process, clients in another",
  ratio: Number((release.perSecond.median / handshake.perSecond.median).toPrecision(3)),
  ratioOf: "releases to bare mutual TLS 1.2 handshakes, P-384 clients",
  rates,
  serverCpuMs: Object.fromEntries(
    [...spent].map(([name, { cpuMs, connections }]) => [name, Number((cpuMs / connections).toPrecision(3))]),
  ),
  slowestReleaseMs: Math.round(slowestMs),
});
