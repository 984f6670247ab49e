import type { AppraisalPolicy } from "@sealserve/attestation";
import type { BrokerConfig } from "./config/broker-config.ts";
import { policyNotices } from "./config/policy.ts";
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
export async function loadHoldings(config: BrokerConfig, notice: (message: string) => void): Promise<Holdings> {
  const { secretProvisioning } = config;
  const models = await loadModels(config.models);
  const provisioned =
    secretProvisioning === undefined ? undefined : await loadProvisionedSecrets(secretProvisioning, { models, notice });
  for (const [name, policy] of namedPolicies(config)) {
    for (const message of policyNotices(policy)) {
      notice(`the policy of ${name} ${message}`);
    }
  }
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

function namedPolicies({ models, secretProvisioning }: BrokerConfig): [name: string, policy: AppraisalPolicy][] {
  const { secrets = [], raConfig } = secretProvisioning ?? {};
  return [
    ...models.map(({ name, policy }): [string, AppraisalPolicy] => [`model ${name}`, policy]),
    ...secrets.map(({ name, policy }): [string, AppraisalPolicy] => [`secret ${name}`, policy]),
    ...(raConfig === undefined ? [] : [["raConfig", raConfig.platform] as [string, AppraisalPolicy]]),
  ];
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
  readonly secrets = async (): Promise<readonly ProvisionedSecret[]> => {
    const asked = this.#expect();
    const secrets = await asked.secrets();
    // Their rules were read from a file: a configuration that was read meanwhile counts, and has these wiped.
    return asked === this.#current ? secrets : await this.secrets();
  };

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
