import { readFile } from "node:fs/promises";
import { requestRelease } from "@sealserve/broker/client";
import { formatEndpoint } from "@sealserve/config";
import { decodeHex } from "@sealserve/core";
import { type OpenedPackage, openPackage } from "@sealserve/encrypted-files";
import { openPlatform, type Platform } from "@sealserve/platform";
import type { ServeConfig } from "../config/serve-config.ts";
import { ModelHandler } from "../core/handler.ts";
import { ServedModel } from "../core/served-model.ts";
import { EvidenceIssuer } from "../evidence/issuer.ts";
import type { Log } from "../log.ts";
import { defaultLimits, type ServingLimits } from "../transport/limits.ts";
import { Closers } from "./closers.ts";
import { type DecryptedPackage, decryptPackage, wipePackage } from "./decrypt.ts";
import { loadVersions } from "./load-versions.ts";
import { type Fronts, openFronts } from "./open-fronts.ts";
import { type OnStep, StepRunner } from "./step.ts";

/** Most time that closing one thing may take, in drain times: the ports use up one by themselves. */
const CLOSE_LIMIT_DRAINS = 2;

/** What a start needs beside its configuration. */
export interface StartOptions {
  /** Cancels the start between two steps. */
  readonly signal?: AbortSignal;
  readonly onStep?: OnStep;
  readonly log?: Log;
  /** A platform that is open already; its caller closes it. Otherwise the configuration names one. */
  readonly platform?: Platform;
  readonly limits?: ServingLimits;
}

/** A node that serves. */
export interface RunningNode {
  /** `HOST:PORT` with the true port. */
  readonly grpcAddress: string;
  /** `HOST:PORT` with the true port. */
  readonly restAddress: string;
  readonly model: string;
  /** Newest version that is served, decimal. */
  readonly version: string;
  /** SHA-256 of the package's manifest, lower-case hex. */
  readonly manifestDigest: string;
  /** True when no hardware stands behind the evidence: nothing is protected. */
  readonly simulated: boolean;
  /** Lets requests in flight end for a bounded time, closes the ports and ends the engine. */
  close(): Promise<void>;
}

/** What the start has opened so far. */
interface Start {
  readonly config: ServeConfig;
  readonly signal: AbortSignal | undefined;
  readonly steps: StepRunner;
  readonly closers: Closers;
  readonly limits: ServingLimits;
  readonly log: Log;
}

/**
 * Starts a serving node: opens the platform, has the key released, verifies the package, decrypts it in memory, loads the
 * model and only then opens the ports. When a step fails, everything opened before is closed and the error is thrown.
 *
 * @throws the error of the failed step
 */
export async function startNode(config: ServeConfig, options: StartOptions = {}): Promise<RunningNode> {
  const log = options.log ?? (() => undefined);
  const limits = options.limits ?? defaultLimits;
  const start: Start = {
    config,
    signal: options.signal,
    steps: new StepRunner({ signal: options.signal, onStep: options.onStep, log }),
    closers: new Closers(CLOSE_LIMIT_DRAINS * limits.drainTimeoutMs),
    limits,
    log,
  };
  try {
    return await runSteps(start, options.platform);
  } catch (error) {
    await start.closers.closeAll().catch(() => undefined);
    throw error;
  }
}

async function runSteps(start: Start, given: Platform | undefined): Promise<RunningNode> {
  const { config, closers } = start;
  const platform = given ?? (await openConfiguredPlatform(start));
  const { opened, decrypted } = await openSealedPackage(start, platform);
  try {
    const model = await loadServedModel(start, decrypted);
    const manifestDigest = decodeHex(opened.manifestDigest);
    const evidence = new EvidenceIssuer(platform, { model: config.model, manifestDigest }, start.limits);
    const fronts = await openServingPorts(start, decrypted, model, evidence);
    return {
      grpcAddress: formatEndpoint(fronts.grpc.address),
      restAddress: formatEndpoint(fronts.rest.address),
      model: model.name,
      version: String(model.loaded[0]?.version),
      manifestDigest: opened.manifestDigest,
      simulated: platform.simulated,
      close: () => closers.closeAll(),
    };
  } finally {
    wipePackage(decrypted);
  }
}

async function openConfiguredPlatform({ config, steps, closers }: Start): Promise<Platform> {
  return await steps.run(
    "platform opened",
    async () => closers.add(await openPlatform(config.platform)),
    ({ name }) => name,
  );
}

async function openSealedPackage(
  start: Start,
  platform: Platform,
): Promise<{ opened: OpenedPackage; decrypted: DecryptedPackage }> {
  const { config, steps, signal } = start;
  const { model, broker } = config;
  const released = await steps.run(
    "key released",
    async () => {
      const caPem = await readFile(broker.caFile, "utf8");
      const cancel = signal === undefined ? {} : { signal };
      return await requestRelease({ url: broker.url, caPem, model, platform, ...cancel });
    },
    () => `by ${broker.url} for model ${model}`,
  );
  try {
    const opened = await steps.run(
      "manifest verified",
      () => openPackage(config.packageDirectory, { ...released, modelName: model }),
      ({ manifest }) => `package version ${manifest.model.version}, ${manifest.files.length} files`,
    );
    const decrypted = await steps.run(
      "files decrypted",
      () => decryptPackage(opened, config.latestVersions),
      ({ versions }) => `in memory, version ${versions.map(({ version }) => version).join(", ")}`,
    );
    return { opened, decrypted };
  } finally {
    released.wrapKey.fill(0);
  }
}

async function loadServedModel({ config, steps, closers }: Start, decrypted: DecryptedPackage): Promise<ServedModel> {
  return await steps.run(
    "model loaded",
    async () => new ServedModel(config.model, await loadVersions(decrypted.versions, config.threads, closers)),
    ({ name, loaded }) => `${name} (${loaded[0]?.model.platform})`,
  );
}

async function openServingPorts(
  { config, steps, closers, limits, log }: Start,
  decrypted: DecryptedPackage,
  model: ServedModel,
  evidence: EvidenceIssuer,
): Promise<Fronts> {
  return await steps.run(
    "ports open",
    () =>
      openFronts({
        listen: config.listen,
        tls: decrypted.tls,
        handler: new ModelHandler(model),
        evidence,
        limits,
        log,
        closers,
      }),
    ({ grpc, rest }) => `gRPC ${formatEndpoint(grpc.address)}, REST ${formatEndpoint(rest.address)}`,
  );
}
