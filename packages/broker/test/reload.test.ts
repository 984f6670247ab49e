import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { type ReleaseOptions, requestRelease } from "../src/client/request-release.ts";
import { parseBrokerConfig } from "../src/config/broker-config.ts";
import { GENERATIONS, provision } from "./gramine-client.ts";
import {
  brokerYaml,
  createOwner,
  DEFAULT_PARTS,
  MR_ENCLAVE,
  OTHER_MR_ENCLAVE,
  type Owner,
  platformOf,
  startTestBroker,
  type TestBroker,
} from "./setup.ts";

const CURRENT = GENERATIONS.find(({ name }) => name.startsWith("1.9")) ?? assert.fail();
const [ALPHA = "", BETA = ""] = DEFAULT_PARTS.models.split(/(?= {2}- name: beta)/);
const ONLY_BETA = `models:\n${BETA}`;

describe("a broker whose configuration is read again", () => {
  let owner: Owner;
  let broker: TestBroker;
  let options: ReleaseOptions;

  before(async () => {
    owner = await createOwner();
  });

  beforeEach(async () => {
    broker = await startTestBroker(owner);
    options = { url: broker.url, caPem: owner.caPem, model: "alpha", platform: platformOf(owner.vendor) };
  });

  after(() => owner.dispose());

  async function provisioned(): Promise<Buffer> {
    const target = { address: broker.provisioningAddress, caPem: owner.caPem };
    return provision(target, CURRENT, await CURRENT.identity(owner.vendor));
  }

  async function reload(parts: Partial<typeof DEFAULT_PARTS> | string): Promise<string[]> {
    const earlier = broker.records.length;
    const yaml = typeof parts === "string" ? parts : brokerYaml(parts);
    await broker.reload(async () => parseBrokerConfig(yaml, owner.path("broker.yaml")));
    return broker.records.slice(earlier).flatMap((record) => (record.kind === "notice" ? [record.message] : []));
  }

  it("releases no key any more of a model that was removed, and goes on with the others", async () => {
    await requestRelease(options);
    assert.match((await reload({ models: ONLY_BETA }))[0] ?? "", /read again; models: beta$/);
    const renewal = { ...options, servedManifestDigest: owner.manifestDigest };
    for (const request of [options, renewal]) {
      await assert.rejects(requestRelease(request), { code: "release-refused" });
      assert.equal(broker.lastAttempt().code, "unknown-model");
    }
    const platform = platformOf(owner.vendor, { mrEnclave: OTHER_MR_ENCLAVE });
    const { wrapKey } = await requestRelease({ ...options, model: "beta", platform });
    assert.deepEqual(wrapKey, owner.otherWrapKey);
  });

  it("judges by the new policy, and states the new lease, minimum and key", async () => {
    await reload({ models: DEFAULT_PARTS.models.replace(MR_ENCLAVE, "33".repeat(32)) });
    await assert.rejects(requestRelease(options), { code: "release-refused" });
    assert.equal(broker.lastAttempt().code, "policy-not-met");
    const changed = ALPHA.replace("minimumVersion: 2", "minimumVersion: 3\n    lease: 2m").replace(
      "wrapKey: wrap.key",
      "wrapKey: other-wrap.key",
    );
    await reload({ models: changed });
    const { leaseSeconds, minimumVersion, wrapKey } = await requestRelease(options);
    assert.deepEqual([leaseSeconds, minimumVersion, wrapKey], [120, 3, owner.otherWrapKey]);
  });

  it("releases nothing by a configuration that cannot be used, which is no refusal, until it can", async () => {
    const unusable: [parts: Partial<typeof DEFAULT_PARTS> | string, fault: RegExp][] = [
      ["models: [", /broker\.yaml:1/],
      [{ models: DEFAULT_PARTS.models.replace("policy:", "policies:") }, /models\[0\]\.policy: is missing/],
      [{ models: DEFAULT_PARTS.models.replace("wrap.key", "gone.key") }, /gone\.key/],
      [
        { models: DEFAULT_PARTS.models.replace("minimumVersion: 2", "minimumVersion: 9") },
        /older than the owner allows/,
      ],
    ];
    for (const [parts, fault] of unusable) {
      const [notice = ""] = await reload(parts);
      assert.match(notice, /^the configuration cannot be used: .*until it can, no key is released$/);
      assert.match(notice, fault);
      await assert.rejects(requestRelease(options), { code: "broker-answer-invalid" });
      const { outcome, code } = broker.lastAttempt();
      assert.deepEqual([outcome, code], ["failed", "configuration-unusable"]);
      await assert.rejects(provisioned(), /closed after 0 bytes/);
    }
    await reload({});
    assert.deepEqual((await requestRelease(options)).wrapKey, owner.wrapKey);
  });

  it("says nothing of the cause where the configuration cannot even be read", async () => {
    const earlier = broker.records.length;
    await broker.reload(() => Promise.reject(new Error("canary")));
    const [notice] = broker.records.slice(earlier);
    assert.ok(notice?.kind === "notice" && !notice.message.includes("canary"));
    await assert.rejects(requestRelease(options), { code: "broker-answer-invalid" });
  });

  it("refuses a caller whose model was removed while its evidence was made", async () => {
    const quote = async (reportData: Uint8Array): Promise<Uint8Array> => {
      await reload({ models: ONLY_BETA });
      return await options.platform.quote(reportData);
    };
    const platform = { ...options.platform, quote };
    const renewal = { ...options, platform, servedManifestDigest: owner.manifestDigest };
    await assert.rejects(requestRelease(renewal), { code: "release-refused" });
    assert.equal(broker.lastAttempt().code, "unknown-model");
  });

  it("refuses a caller whose model was removed while its evidence was judged", async () => {
    const collateral = await owner.vendor.collateral();
    broker = await startTestBroker(
      owner,
      {},
      {
        collateral: {
          fetchCollateral: async () => {
            await reload({ models: ONLY_BETA });
            return collateral;
          },
        },
      },
    );
    await assert.rejects(requestRelease({ ...options, url: broker.url }), { code: "release-refused" });
    assert.equal(broker.lastAttempt().code, "unknown-model");
  });

  it("takes back what enclaves get by Gramine's protocol, too", async () => {
    assert.deepEqual(await provisioned(), Buffer.from(owner.wrapKey));
    await reload({ models: ONLY_BETA });
    await assert.rejects(provisioned(), /closed after 0 bytes/);
    await reload({});
    assert.deepEqual(await provisioned(), Buffer.from(owner.wrapKey));
    await reload({ secretProvisioning: "" });
    await assert.rejects(provisioned(), /closed after 0 bytes/);
  });

  it("warns of a policy that protects nothing, as at a start", async () => {
    const notices = await reload({
      models: DEFAULT_PARTS.models.replace("policy:", "policy:\n      debug: allow-insecure"),
    });
    assert.match(notices.join("\n"), /the policy of model alpha accepts debug enclaves, NOT SECURE/);
  });

  it("names what takes effect at the next start only", async () => {
    const [, ...later] = await reload({
      collateral: `collateral: { pccs: "https://localhost:1" }`,
      secretProvisioning: `secretProvisioning: { listen: "127.0.0.1:0", allowTls13: true }`,
      auditLog: "",
    });
    assert.deepEqual(
      later.filter((message) => message.includes("next start")).map((message) => message.split(" ")[0]),
      ["collateral", "auditLog", "secretProvisioning"],
    );
  });

  it("reads one configuration after the other", async () => {
    const order: string[] = [];
    const read = (name: string, models: string) => async () => {
      order.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(`${name} ends`);
      return parseBrokerConfig(brokerYaml({ models }), owner.path("broker.yaml"));
    };
    await Promise.all([broker.reload(read("first", ONLY_BETA)), broker.reload(read("second", DEFAULT_PARTS.models))]);
    assert.deepEqual(order, ["first begins", "first ends", "second begins", "second ends"]);
    assert.deepEqual((await requestRelease(options)).wrapKey, owner.wrapKey);
  });
});
