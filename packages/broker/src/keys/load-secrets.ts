import type { SecretConfig } from "../config/provisioning-config.ts";
import { readNeededFile } from "../needed-file.ts";
import { encodeSecret } from "./encode-secret.ts";
import type { ProvisionedSecret } from "./provisioned-secret.ts";
import type { ReleasableModel } from "./releasable-model.ts";
import { SecretKey } from "./secret-key.ts";

/** Bytes. A copy is made for every answer. */
const MAX_SECRET_SIZE = 1 << 20;

/** Reads the secrets of the configuration. @throws BrokerError `file-unreadable`, `secret-invalid` */
export function loadSecrets(configs: readonly SecretConfig[]): Promise<ProvisionedSecret[]> {
  return Promise.all(
    configs.map(async ({ name, file, format, policy }) => {
      const what = `secret ${name}`;
      const content = await readNeededFile(file, { what, member: "file", maxSize: MAX_SECRET_SIZE });
      const secret = new SecretKey(encodeSecret(content, format, what));
      content.fill(0);
      return { name, policies: [{ name, policy }], secret };
    }),
  );
}

/** The wrap key of a model, for enclaves that ask by Gramine's protocol. */
export function secretOfModel({ name, policies, wrapKey, keyFormat }: ReleasableModel): ProvisionedSecret {
  const key = wrapKey.reveal();
  const secret = new SecretKey(encodeSecret(key, keyFormat, `wrap key of model ${name}`));
  key.fill(0);
  return { name, policies, secret };
}
