import { type ReleasedKey, requestRelease } from "@sealserve/broker/client";
import type { Platform } from "@sealserve/platform";
import { fileRoles, readBoundedText } from "../config/bounded-file.ts";
import type { Lease } from "../lease/lease.ts";
import type { LeaseRequest } from "../lease/lease-keeper.ts";
import type { SealedModelOption } from "../options/server-options.ts";
import type { StartContext } from "./start-context.ts";

/** Asks the owner's broker, with fresh evidence. */
export type AskBroker = (request?: Partial<LeaseRequest>) => Promise<ReleasedKey>;

/** The node's end of the release protocol. */
export function brokerOf({ broker, model }: SealedModelOption, platform: Platform): AskBroker {
  return async (request = {}) => {
    const caPem = await readBoundedText(broker.caFile, fileRoles.certificates);
    return await requestRelease({ url: broker.url, caPem, model, platform, ...request });
  };
}

/**
 * Has the package's key released. The lease counts from before the broker was asked: its answer may be held up on its way.
 *
 * @throws BrokerError, PlatformError
 */
export async function releaseKey(
  { steps, signal, clock }: Pick<StartContext, "steps" | "signal" | "clock">,
  { broker, model }: SealedModelOption,
  askBroker: AskBroker,
  lease: Lease,
): Promise<ReleasedKey> {
  return await steps.run(
    "key released",
    async () => {
      const askedAt = clock.now();
      const released = await askBroker(signal === undefined ? {} : { signal });
      lease.grant(askedAt, released.leaseSeconds);
      return released;
    },
    ({ leaseSeconds }) =>
      `by ${broker.url} for model ${model}${leaseSeconds === undefined ? "" : `, for ${leaseSeconds} s`}`,
  );
}
