import type { BrokerConfig } from "./config/broker-config.ts";
import { BrokerError } from "./errors.ts";
import { loadModels } from "./keys/load-models.ts";
import type { ProvisionedSecret } from "./keys/provisioned-secret.ts";
import type { ReleasableModel } from "./keys/releasable-model.ts";
import { loadProvisionedSecrets } from "./provisioning/provisioned-secrets.ts";

/** All that one reading of a configuration lets a broker release. */
export interface Holdings {
  /** For Sealserve's own protocol. */
  readonly models: readonly ReleasableModel[];
  /** For Gramine's protocol, as the rules are at the moment; an enclave gets the first that accepts it. */
  readonly secrets: () => Promise<readonly ProvisionedSecret[]>;
  /** Forgets all keys and secrets. */
  readonly wipe: () => void;
}

/**
 * Reads all keys and secrets that a configuration names.
 * @param notice told about traps in it
 * @throws BrokerError
 */
export async function loadHoldings(
  { models: configs, secretProvisioning }: BrokerConfig,
  notice: (message: string) => void,
): Promise<Holdings> {
  const models = await loadModels(configs);
  const provisioned =
    secretProvisioning === undefined ? undefined : await loadProvisionedSecrets(secretProvisioning, { models, notice });
  return {
    models,
    secrets: async () => provisioned?.secrets() ?? [],
    wipe: () => {
      provisioned?.wipe();
      for (const { wrapKey } of models) {
        wrapKey.wipe();
      }
    },
  };
}

/** What a broker holds by the configuration as it was read last. */
export class CurrentHoldings {
  #current: Holdings | undefined;

  constructor(first: Holdings) {
    this.#current = first;
  }

  /** @throws BrokerError `configuration-unusable` */
  get models(): readonly ReleasableModel[] {
    return this.#expect().models;
  }

  /** @throws BrokerError `configuration-unusable` */
  readonly secrets = async (): Promise<readonly ProvisionedSecret[]> => this.#expect().secrets();

  /** @param next undefined when the configuration cannot be used: nothing is held until it can */
  replace(next: Holdings | undefined): void {
    const previous = this.#current;
    this.#current = next;
    // A decision and the use of its key happen in one turn, so those made before this one are through by then.
    setImmediate(() => previous?.wipe());
  }

  #expect(): Holdings {
    if (this.#current === undefined) {
      throw new BrokerError("configuration-unusable", "the configuration was read again and cannot be used", {
        remedy: "correct it and send SIGHUP again; the notice in the log names the fault",
      });
    }
    return this.#current;
  }
}
