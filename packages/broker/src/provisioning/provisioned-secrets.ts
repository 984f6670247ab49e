import type { ProvisioningConfig } from "../config/provisioning-config.ts";
import { findSharedEnclaves } from "../config/shared-enclaves.ts";
import { loadSecrets, secretOfModel } from "../keys/load-secrets.ts";
import type { ProvisionedSecret } from "../keys/provisioned-secret.ts";
import type { ReleasableModel } from "../keys/releasable-model.ts";
import { RaConfigFile } from "./ra-config/ra-config-file.ts";

/** Size of a key for encrypted files, in bytes. */
const KEY_SIZE = 16;

/** What the port for Gramine's protocol has to give. */
export interface ProvisionedSecrets {
  /** Every secret, as the rules for it are now. An enclave gets the first that accepts it. */
  readonly secrets: () => Promise<readonly ProvisionedSecret[]>;
  /** Forgets all secrets. */
  readonly wipe: () => void;
}

/** What {@link loadProvisionedSecrets} takes beside the configuration. */
export interface ProvisionedSecretsOptions {
  readonly models: readonly ReleasableModel[];
  /** Tells the owner about traps in what she configured. */
  readonly notice: (message: string) => void;
}

/** Reads and checks every secret of the port, and the rules for them. @throws BrokerError */
export async function loadProvisionedSecrets(
  config: ProvisioningConfig,
  { models, notice }: ProvisionedSecretsOptions,
): Promise<ProvisionedSecrets> {
  const own = await loadSecrets(config.secrets);
  const rules = config.raConfig === undefined ? undefined : await RaConfigFile.open(config.raConfig, notice);
  const ofModels = models.map(secretOfModel);
  const secrets = async (): Promise<readonly ProvisionedSecret[]> => {
    if (rules === undefined) {
      return [...own, ...ofModels];
    }
    const guarded = await rules.current();
    // An enclave that these rules might accept must not get what comes after them instead.
    return rules.isUsable ? [...own, guarded, ...ofModels] : [...own, guarded];
  };
  for (const message of [...sizeNotices(config, own), ...sharingNotices(await secrets())]) {
    notice(message);
  }
  const wipe = (): void => {
    rules?.wipe();
    for (const { secret } of [...own, ...ofModels]) {
      secret.wipe();
    }
  };
  return { secrets, wipe };
}

function sizeNotices({ secrets }: ProvisioningConfig, loaded: readonly ProvisionedSecret[]): string[] {
  const raw = new Set(secrets.filter(({ format }) => format === "raw").map(({ name }) => name));
  return loaded
    .filter(({ name, secret }) => raw.has(name) && secret.length !== KEY_SIZE)
    .map(
      ({ name, secret }) =>
        `secret ${name} has ${secret.length} bytes: enclaves cannot use it as a key for encrypted files, which has ${KEY_SIZE}`,
    );
}

/** Gramine's protocol names nothing, so an enclave always gets the first secret that accepts it. */
function sharingNotices(secrets: readonly ProvisionedSecret[]): string[] {
  return findSharedEnclaves(secrets).map(
    ([first, second]) =>
      `${first.name} and ${second.name} have policies that one enclave can meet: on the port for Gramine's protocol it ` +
      `gets the secret of ${first.name}; pin different enclaves`,
  );
}
