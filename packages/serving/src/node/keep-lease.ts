import type { ReleasedKey } from "@sealserve/broker/client";
import { SealserveError } from "@sealserve/core";
import type { OpenedPackage } from "@sealserve/encrypted-files";
import type { Lease } from "../lease/lease.ts";
import { LeaseKeeper } from "../lease/lease-keeper.ts";
import type { AskBroker } from "./ask-broker.ts";
import type { SealedPackage } from "./sealed-package.ts";
import type { SealedVersions } from "./sealed-versions.ts";
import type { StartContext } from "./start-context.ts";

/** What {@link keepLease} needs. */
export interface LeasedNode extends Pick<StartContext, "closers" | "readiness" | "log"> {
  readonly lease: Lease;
  readonly released: ReleasedKey;
  readonly opened: OpenedPackage;
  readonly sealed: SealedPackage;
  readonly versions: SealedVersions;
  readonly askBroker: AskBroker;
}

/**
 * Renews the lease until the node closes. While there is none the node is not ready and has no model; with a new one it loads
 * the same package again.
 */
export function keepLease(node: LeasedNode): void {
  const { lease, released, opened, sealed, versions, askBroker, readiness, closers, log } = node;
  const { manifestDigest, manifest } = opened;
  const ending = new AbortController();
  const keeper = new LeaseKeeper({
    lease,
    served: { manifestDigest, ownerPublicKeyPem: released.ownerPublicKeyPem, version: manifest.model.version },
    request: askBroker,
    onLapsed: async () => {
      readiness.enter("starting");
      await versions.drop();
    },
    onRestored: async (key) => {
      try {
        await sealed.open(key);
        await versions.load(ending.signal);
        readiness.enter("ready");
      } finally {
        sealed.forgetKey();
      }
    },
    log,
  });
  // The lease itself ends without its keeper: nothing is served for longer when this fails.
  const kept = keeper.keep(ending.signal).catch((error: unknown) => {
    log("lease-not-kept", { code: error instanceof SealserveError ? error.code : "internal" });
  });
  closers.add({
    close: async () => {
      ending.abort();
      await kept;
    },
  });
}
