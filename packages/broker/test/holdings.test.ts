import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { parseBrokerConfig } from "../src/config/broker-config.ts";
import { CurrentHoldings, type Holdings, loadHoldings } from "../src/holdings.ts";
import type { ProvisionedSecret } from "../src/keys/provisioned-secret.ts";
import { SecretKey } from "../src/keys/secret-key.ts";
import { brokerYaml, createOwner } from "./setup.ts";

/** Holdings of one secret, whose rules are read by the time that `read` resolves. */
function holdingsOf(name: string, read: Promise<void> = Promise.resolve()): Holdings & { secret: ProvisionedSecret } {
  const secret = { name, policies: [], secret: new SecretKey(new Uint8Array(16).fill(7)) };
  return {
    secret,
    models: [],
    secrets: async () => {
      await read;
      return [secret];
    },
    wipe: () => secret.secret.wipe(),
  };
}

describe("what a broker holds", () => {
  it("is what the newest configuration says, also for those who were waiting for the rules of the one before", async () => {
    const read = Promise.withResolvers<void>();
    const next = holdingsOf("next");
    const holdings = new CurrentHoldings(holdingsOf("previous", read.promise));
    const asked = holdings.secrets();
    holdings.replace(next);
    await turn();
    read.resolve();
    assert.deepEqual(await asked, [next.secret]);
  });

  it("is nothing for them when the newest configuration cannot be used", async () => {
    const read = Promise.withResolvers<void>();
    const holdings = new CurrentHoldings(holdingsOf("previous", read.promise));
    const refused = assert.rejects(holdings.secrets(), { code: "configuration-unusable" });
    holdings.replace(undefined);
    read.resolve();
    await refused;
  });

  it("can be used in the turn in which it was asked for, and is wiped after it", async () => {
    const previous = holdingsOf("previous");
    const holdings = new CurrentHoldings(previous);
    const [asked] = await holdings.secrets();
    holdings.replace(undefined);
    assert.deepEqual(asked?.secret.reveal(), new Uint8Array(16).fill(7));
    await turn();
    assert.throws(() => asked?.secret.reveal(), /wiped/);
  });

  it("is gone altogether once it is wiped: keys of models, and secrets", async () => {
    const owner = await createOwner();
    const config = parseBrokerConfig(brokerYaml({}), owner.path("broker.yaml"));
    const { models, secrets, wipe } = await loadHoldings(config, () => undefined);
    const keys = [...models.map(({ wrapKey }) => wrapKey), ...(await secrets()).map(({ secret }) => secret)];
    assert.ok(keys.length > models.length && keys.every((key) => key.reveal().length > 0));
    wipe();
    for (const key of keys) {
      assert.throws(() => key.reveal(), /wiped/);
    }
    await owner.dispose();
  });
});
