import type { ReleasedKey } from "@sealserve/broker/client";
import { decodeHex } from "@sealserve/core";
import { openPlatform, type Platform } from "@sealserve/platform";
import { ModelSpec, ServingError } from "@sealserve/protocol";
import type { Seal } from "../core/servables.ts";
import { EvidenceIssuer } from "../evidence/issuer.ts";
import { Lease } from "../lease/lease.ts";
import { LeasedServables } from "../lease/leased-servables.ts";
import type { SealedModelOption } from "../options/server-options.ts";
import { brokerOf, releaseKey } from "./ask-broker.ts";
import { LeasedModel } from "./leased-model.ts";
import { type ReleaseKey, SealedPackage } from "./sealed-package.ts";
import { openSealedTls, type SealedTls } from "./sealed-tls.ts";
import { SealedVersions } from "./sealed-versions.ts";
import type { ServedModels } from "./served-models.ts";
import type { StartContext } from "./start-context.ts";

/**
 * Attests the node, has the package's key released, verifies it and loads its versions in memory. The lease that comes with
 * the key is renewed; when it lapses the model goes until the broker accepts the node again.
 *
 * @param given a platform that is open already; its caller closes it
 * @throws the error of the failed step
 */
export async function serveSealedModel(
  context: StartContext,
  option: SealedModelOption,
  given: Platform | undefined,
): Promise<ServedModels> {
  const { store } = context;
  const platform = given ?? (await openConfiguredPlatform(context, option));
  const askBroker = brokerOf(option, platform);
  const lease = new Lease(context.clock);
  const release: ReleaseKey = async (signal) => await askBroker({ signal });
  const sealed = new SealedPackage({ option, release, load: context.load, lease });
  const released = await releaseKey(context, option, askBroker, lease);
  try {
    const { opened, seal } = await openPackage(context, sealed, released);
    const tls = await openSealedTls(context, option.tls, opened, platform);
    const versions = new SealedVersions(store, option, sealed, opened.manifest);
    const leased = new LeasedModel({ ...context, lease, released, opened, sealed, versions, askBroker });
    leased.keep();
    await loadModel(context, option.model, leased);
    return describe({ context, option, platform, lease, leased, versions, seal }, tls);
  } finally {
    sealed.forgetKey();
    released.wrapKey.fill(0);
  }
}

async function openConfiguredPlatform({ steps, closers }: StartContext, option: SealedModelOption): Promise<Platform> {
  return await steps.run(
    "platform opened",
    async () => closers.add(await openPlatform(option.platform)),
    ({ name }) => name,
  );
}

async function openPackage(
  { steps }: StartContext,
  sealed: SealedPackage,
  released: ReleasedKey,
): ReturnType<SealedPackage["open"]> {
  return await steps.run(
    "manifest verified",
    () => sealed.open(released),
    ({ opened: { manifest } }) => `package version ${manifest.model.version}, ${manifest.files.length} files`,
  );
}

async function loadModel({ steps, store, signal }: StartContext, model: string, leased: LeasedModel): Promise<void> {
  await steps.run(
    "model loaded",
    () => leased.load(signal),
    () => {
      const numbers = store.versions(model).map(({ version }) => version);
      const { platform } = store.find(ModelSpec.create({ name: model })).model;
      return `${model} version ${numbers.join(", ")} (${platform})`;
    },
  );
}

/** Parts of {@link describe}. */
interface Served {
  readonly context: StartContext;
  readonly option: SealedModelOption;
  readonly platform: Platform;
  readonly lease: Lease;
  readonly leased: LeasedModel;
  readonly versions: SealedVersions;
  readonly seal: Seal;
}

function describe(
  { context: { store, options }, option: { model }, platform, lease, leased, versions, seal }: Served,
  tls: SealedTls,
): ServedModels {
  const { manifestDigest } = seal;
  const served = { model, manifestDigest: decodeHex(manifestDigest) };
  const version = String(store.find(ModelSpec.create({ name: model })).version);
  return {
    servables: new LeasedServables(store, lease, versions),
    isServing: () => leased.serving,
    tls: tls.material,
    sealed: {
      seal,
      facts: { version, manifestDigest, simulated: platform.simulated },
      evidence: new EvidenceIssuer(platform, served, options.limits, { lease }),
    },
    configured: { reload: refuseReload },
    rereadModels: async () => undefined,
    rereadTls: () => tls.reread(),
    keepTls: (ports) => tls.keep(ports),
  };
}

async function refuseReload(): Promise<void> {
  throw new ServingError("PERMISSION_DENIED", "What a sealed node serves is decided by its package");
}
