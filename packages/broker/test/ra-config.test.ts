import assert from "node:assert/strict";
import files, { rename, rm, utimes, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { after, before, beforeEach, describe, it, mock } from "node:test";
import { parsePolicy } from "@sealserve/attestation";
import { BrokerError, type BrokerErrorCode } from "../src/errors.ts";
import { parseRaConfig } from "../src/provisioning/ra-config/parse-ra-config.ts";
import { policiesOfRules } from "../src/provisioning/ra-config/release-policies.ts";
import { GENERATIONS, type Generation, provision, type Report, type Target } from "./gramine-client.ts";
import {
  createOwner,
  DEFAULT_PARTS,
  MR_ENCLAVE,
  OTHER_MR_ENCLAVE,
  type Owner,
  startTestBroker,
  type TestBroker,
} from "./setup.ts";

const MR_SIGNER = "ab".repeat(32);

/** As CCZoo ships it, with changes; members that are undefined are left out. */
function rules(changes: Readonly<Record<string, unknown>> = {}, ...entries: readonly object[]): string {
  return JSON.stringify({
    verify_mr_enclave: "on",
    verify_mr_signer: "on",
    verify_isv_prod_id: "on",
    verify_isv_svn: "on",
    mrs: entries.length === 0 ? [entry()] : entries,
    ...changes,
  });
}

function entry(changes: Readonly<Record<string, unknown>> = {}): object {
  return { mr_enclave: MR_ENCLAVE, mr_signer: MR_SIGNER, isv_prod_id: "0", isv_svn: "0", ...changes };
}

const platform = parsePolicy({}, { requireIdentity: false });
const options = { name: "ra_config.json", platform, insecureAcceptAnyEnclave: false };

function refuses(read: () => unknown, code: BrokerErrorCode, message: RegExp): void {
  assert.throws(read, (error) => {
    assert.ok(error instanceof BrokerError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
}

describe("ra_config.json", () => {
  it("is read as CCZoo ships it, without a warning", () => {
    const read = parseRaConfig(rules());
    assert.deepEqual(read, {
      compared: ["mrEnclave", "mrSigner", "isvProdId", "isvSvn"],
      entries: [{ mrEnclave: MR_ENCLAVE, mrSigner: MR_SIGNER, isvProdId: 0, isvSvn: 0 }],
      warnings: [],
    });
    assert.deepEqual(policiesOfRules(read, options), {
      policies: [
        {
          name: "ra_config.json mrs[0]",
          policy: { sgx: { mrEnclave: [MR_ENCLAVE], mrSigner: [MR_SIGNER], isvProdId: 0, minimumIsvSvn: 0 } },
          enclave: { isvSvn: 0 },
        },
      ],
      warnings: [],
    });
  });

  it("compares only what is switched on, whatever stands in the rest", () => {
    const off = { verify_mr_signer: "off", verify_isv_prod_id: "off", verify_isv_svn: false };
    const read = parseRaConfig(rules(off, entry({ mr_signer: "", isv_prod_id: null, isv_svn: undefined })));
    assert.deepEqual(read.entries, [{ mrEnclave: MR_ENCLAVE }]);
  });

  it("takes numbers and digits alike, and says where CCZoo's broker reads 0", () => {
    const read = parseRaConfig(rules({}, entry({ isv_prod_id: 7, isv_svn: "3" })));
    assert.deepEqual([read.entries[0]?.isvProdId, read.entries[0]?.isvSvn], [7, 3]);
    assert.deepEqual(read.warnings, [
      'mrs[0].isv_svn is the text "3", which CCZoo\'s broker takes for 0; read here as 3',
    ]);
  });

  it("takes digits of measurements in either case", () => {
    assert.equal(parseRaConfig(rules({}, entry({ mr_signer: "AB".repeat(32) }))).entries[0]?.mrSigner, MR_SIGNER);
  });

  it("is refused with a switch that is neither on nor off, which CCZoo's broker takes for off", () => {
    for (const value of ["On", "ON", "o", "", "true", "yes", 1, 0, null, "onn", " on"]) {
      refuses(
        () => parseRaConfig(rules({ verify_mr_enclave: value })),
        "ra-config-invalid",
        /^verify_mr_enclave is nei/,
      );
    }
  });

  it("takes a boolean switch for what it says, and warns that CCZoo's broker does not", () => {
    const read = parseRaConfig(rules({ verify_isv_svn: true, verify_isv_prod_id: false }));
    assert.deepEqual(read.compared, ["mrEnclave", "mrSigner", "isvSvn"]);
    assert.equal(read.warnings.length, 2);
    assert.match(read.warnings.join(), /verify_isv_svn is true, which CCZoo's broker takes for "off"/);
  });

  it("is refused when a switch is missing, or anything is unknown or stands twice", () => {
    for (const name of ["verify_mr_enclave", "verify_mr_signer", "verify_isv_prod_id", "verify_isv_svn"]) {
      refuses(
        () => parseRaConfig(rules({ [name]: undefined })),
        "ra-config-invalid",
        new RegExp(`^${name} is missing`),
      );
    }
    refuses(() => parseRaConfig(rules({ verify_tcb: "on" })), "ra-config-invalid", /verify_tcb is unknown/);
    refuses(() => parseRaConfig(rules({}, entry({ config_id: "" }))), "ra-config-invalid", /mrs\[0\]\.config_id/);
    const twice = rules().replace("{", '{"verify_mr_enclave":"off",');
    refuses(() => parseRaConfig(twice), "ra-config-invalid", /twice/);
  });

  it("is refused when it is no JSON, or cut off", () => {
    for (const text of ["", "{", "[]", "null", '"on"', rules().slice(0, -1), `${rules()} x`, `// note\n${rules()}`]) {
      refuses(() => parseRaConfig(text), "ra-config-invalid", /\S/);
    }
    refuses(() => parseRaConfig("[".repeat(100_000)), "ra-config-invalid", /nested/);
  });

  it("is refused with a measurement that is none", () => {
    const bad = [
      "",
      "11".repeat(31),
      "11".repeat(33),
      `${"11".repeat(31)}1g`,
      `0x${"11".repeat(31)}`,
      11,
      null,
      undefined,
    ];
    for (const value of bad) {
      refuses(
        () => parseRaConfig(rules({}, entry({ mr_enclave: value }))),
        "ra-config-invalid",
        /mrs\[0\]\.mr_enclave/,
      );
      refuses(() => parseRaConfig(rules({}, entry(), entry({ mr_signer: value }))), "ra-config-invalid", /mrs\[1\]/);
    }
  });

  it("is refused with a number that no enclave has", () => {
    for (const value of [-1, 1.5, 65_536, "65536", "-1", "1.0", "01", "0x1", " 1", "", null, undefined, true, []]) {
      refuses(() => parseRaConfig(rules({}, entry({ isv_svn: value }))), "ra-config-invalid", /mrs\[0\]\.isv_svn/);
    }
  });

  it("is refused without a list of measurements", () => {
    for (const mrs of [undefined, null, {}, "x", [null], [[]], ["x"]]) {
      refuses(() => parseRaConfig(rules({ mrs })), "ra-config-invalid", /mrs/);
    }
  });

  it("accepts nobody with an empty list, and says so", () => {
    const { policies, warnings } = policiesOfRules(parseRaConfig(rules({ mrs: [] })), options);
    assert.deepEqual(policies, []);
    assert.match(warnings.join(), /every enclave is refused/);
  });

  it("has a hundred entries at most, as for CCZoo's broker, and says that there are more", () => {
    const many = Array.from({ length: 101 }, (_, index) => entry({ isv_svn: index }));
    const { entries, warnings } = parseRaConfig(rules({}, ...many));
    assert.equal(entries.length, 100);
    assert.match(warnings.join(), /101 entries/);
    assert.equal(parseRaConfig(rules({}, ...many.slice(1))).warnings.length, 0);
  });

  it("says where a placeholder stands, and where the signer alone is named", () => {
    const read = parseRaConfig(rules({}, entry({ mr_signer: "00".repeat(32) }), entry()));
    assert.match(read.warnings.join(), /placeholder/);
    assert.deepEqual(
      policiesOfRules(read, options).policies.map(({ name }) => name),
      ["ra_config.json mrs[1]"],
    );
    const off = { verify_mr_enclave: "off" };
    assert.match(policiesOfRules(parseRaConfig(rules(off)), options).warnings.join(), /every enclave of these signers/);
  });

  it("is refused when it names a signer without product or version, whatever flag is set", () => {
    for (const name of ["verify_isv_prod_id", "verify_isv_svn"]) {
      const read = parseRaConfig(rules({ verify_mr_enclave: "off", [name]: "off" }));
      for (const insecureAcceptAnyEnclave of [false, true]) {
        const given = { ...options, insecureAcceptAnyEnclave };
        refuses(() => policiesOfRules(read, given), "ra-config-unpinned", /every enclave of that signer/);
      }
    }
  });

  it("is refused when it names no software, unless a flag for development says otherwise", () => {
    const off = { verify_mr_enclave: "off", verify_mr_signer: "off" };
    const allOff = { ...off, verify_isv_prod_id: "off", verify_isv_svn: "off" };
    for (const switches of [off, allOff]) {
      const read = parseRaConfig(rules(switches));
      refuses(() => policiesOfRules(read, options), "ra-config-unpinned", /any enclave is accepted/);
      const { policies, warnings } = policiesOfRules(read, { ...options, insecureAcceptAnyEnclave: true });
      assert.equal(policies.length, 1);
      assert.match(warnings.join(), /NOT SECURE/);
    }
  });
});

describe("broker with CCZoo's files", () => {
  const generation: Generation = GENERATIONS.find(({ name }) => name.startsWith("1.9")) ?? assert.fail();
  let owner: Owner;
  let broker: TestBroker;
  let file: string;

  before(async () => {
    owner = await createOwner();
    file = owner.path("ra_config.json");
  });

  after(() => owner.dispose());

  beforeEach(async () => {
    await writeFile(file, rules());
    broker = await start();
  });

  function start(members = "", wrapKey = "wrap.key"): Promise<TestBroker> {
    const raConfig = `raConfig: { file: ra_config.json, wrapKey: ${wrapKey}${members} }`;
    return startTestBroker(owner, {
      listen: "",
      models: "",
      secretProvisioning: `secretProvisioning: { listen: "127.0.0.1:0", ${raConfig} }`,
    });
  }

  async function ask(report: Report = {}, own = broker): Promise<Buffer> {
    const target: Target = { address: own.provisioningAddress, caPem: owner.caPem };
    const identity = await generation.identity(owner.vendor, { mrSigner: MR_SIGNER, ...report });
    return provision(target, generation, identity);
  }

  async function gets(report?: Report, own?: TestBroker): Promise<void> {
    assert.deepEqual(await ask(report, own), Buffer.from(owner.wrapKey));
  }

  async function refused(report: Report, ...codes: string[]): Promise<void> {
    await assert.rejects(ask(report), /-104/);
    assert.equal(broker.lastAttempt().code, "policy-not-met");
    assert.deepEqual(
      broker.lastAttempt().failedClaims.map(({ code }) => code),
      codes,
    );
  }

  const notices = (own = broker): string[] =>
    own.records.flatMap((record) => (record.kind === "notice" ? [record.message] : []));

  it("gives every generation its key, and has no other port", async () => {
    assert.equal(broker.url, "");
    for (const each of GENERATIONS) {
      const target = { address: broker.provisioningAddress, caPem: owner.caPem };
      const identity = await each.identity(owner.vendor, { mrSigner: MR_SIGNER });
      assert.deepEqual(await provision(target, each, identity), Buffer.from(owner.wrapKey), each.name);
    }
    assert.equal(broker.lastAttempt().model, "ra_config.json");
  });

  it("refuses every field that differs, ISVSVN also when it is higher", async () => {
    await refused({ mrEnclave: OTHER_MR_ENCLAVE }, "mrenclave-not-accepted");
    await refused({ mrSigner: "cd".repeat(32) }, "mrsigner-not-accepted");
    await refused({ isvProdId: 1 }, "isv-prod-id-mismatch");
    await refused({ isvSvn: 1 }, "isv-svn-mismatch");
  });

  it("refuses debug enclaves, which CCZoo's deployment accepts", async () => {
    await refused({ attributes: { flags: 0x07n } }, "debug-enclave");
  });

  it("takes what its own policy accepts beside the rules", async () => {
    const lenient = await start(", policy: { debug: allow-insecure }");
    await gets({ attributes: { flags: 0x07n } }, lenient);
    assert.ok(notices(lenient).some((message) => /raConfig accepts debug enclaves, NOT SECURE/.test(message)));
  });

  it("looks for the fields of one entry together, never across entries", async () => {
    await writeFile(file, rules({}, entry({ isv_svn: 1 }), entry({ mr_enclave: OTHER_MR_ENCLAVE })));
    await gets({ isvSvn: 1 });
    await gets({ mrEnclave: OTHER_MR_ENCLAVE });
    await refused({ mrEnclave: OTHER_MR_ENCLAVE, isvSvn: 1 }, "mrenclave-not-accepted");
    assert.equal(broker.lastAttempt().failedClaims[0]?.model, "ra_config.json mrs[0]");
  });

  it("goes by the file as it is now, replaced or written over, and says so", async () => {
    await gets();
    await writeFile(file, rules({}, entry({ mr_enclave: OTHER_MR_ENCLAVE })));
    await refused({}, "mrenclave-not-accepted");
    await gets({ mrEnclave: OTHER_MR_ENCLAVE });
    await writeFile(`${file}.new`, rules());
    await rename(`${file}.new`, file);
    await gets();
    await writeFile(file, rules({ mrs: [] }));
    await refused({}, "no-policy");
    assert.equal(notices().filter((message) => message.includes("has changed and was read anew")).length, 3);
  });

  it("refuses everybody while the file cannot be used, says so once a fault, and takes the next good rules", async () => {
    const bad = [rules().slice(0, 40), rules({ verify_mr_enclave: "On" }), "", rules({ verify_mr_signer: undefined })];
    for (const text of bad) {
      await writeFile(file, text);
      await refused({}, "no-policy");
      await refused({}, "no-policy");
      await refused({ mrEnclave: OTHER_MR_ENCLAVE }, "no-policy");
    }
    await rm(file);
    await refused({}, "no-policy");
    const faults = notices().filter((message) => message.includes("no enclave gets a key by them"));
    assert.equal(faults.length, bad.length + 1, faults.join("\n"));
    assert.match(faults.at(-1) ?? "", /ENOENT/);
    await writeFile(file, rules());
    await gets();
    assert.equal(notices().filter((message) => message.includes("can be used again")).length, 1);
  });

  it("judges a file that cannot be used once, and the same text anew where it comes back", async () => {
    await gets();
    const long = new Date(Date.now() - 3_600_000);
    await writeFile(file, "{");
    await utimes(file, long, long);
    await refused({}, "no-policy");
    const reads = mock.method(files, "open");
    syncBuiltinESMExports();
    await refused({}, "no-policy");
    const looked = reads.mock.calls.filter(({ arguments: [path] }) => path === file).length;
    reads.mock.restore();
    syncBuiltinESMExports();
    assert.equal(looked, 0);
    await writeFile(file, rules());
    await gets();
  });

  it("refuses everybody while the system cannot read the file, and looks again for the next client", async () => {
    await gets();
    await writeFile(file, rules({}, entry({ mr_enclave: OTHER_MR_ENCLAVE })));
    const long = new Date(Date.now() - 3_600_000);
    await utimes(file, long, long);
    const { open } = files;
    const failing = mock.method(files, "open", (...given: Parameters<typeof open>) =>
      given[0] === file ? Promise.reject(Object.assign(new Error("full"), { code: "EMFILE" })) : open(...given),
    );
    syncBuiltinESMExports();
    await refused({}, "no-policy").finally(() => {
      failing.mock.restore();
      syncBuiltinESMExports();
    });
    await refused({}, "mrenclave-not-accepted");
    await gets({ mrEnclave: OTHER_MR_ENCLAVE });
    assert.equal(notices().filter((message) => message.includes("EMFILE")).length, 1);
  });

  it("gives named secrets while the file cannot be used", async () => {
    await writeFile(owner.path("word.txt"), "open sesame\n");
    const policy = `policy: { sgx: { mrEnclave: ["${OTHER_MR_ENCLAVE}"] } }`;
    const own = await startTestBroker(owner, {
      listen: "",
      models: "",
      secretProvisioning:
        `secretProvisioning: { listen: "127.0.0.1:0", raConfig: { file: ra_config.json, wrapKey: wrap.key }, ` +
        `secrets: [{ name: word, file: word.txt, format: string, ${policy} }] }`,
    });
    await rm(file);
    assert.equal((await ask({ mrEnclave: OTHER_MR_ENCLAVE }, own)).toString(), "open sesame\0");
    await assert.rejects(ask({}, own), /-104/);
  });

  it("does not give the key of a model instead while the file cannot be used", async () => {
    const own = await startTestBroker(owner, {
      secretProvisioning: `secretProvisioning: { listen: "127.0.0.1:0", raConfig: { file: ra_config.json, wrapKey: other-wrap.key } }`,
    });
    assert.deepEqual(await ask({}, own), Buffer.from(owner.otherWrapKey));
    await rm(file);
    await assert.rejects(ask({}, own), /-104/);
  });

  it("never takes rules for any software while it runs", async () => {
    const off = { verify_mr_enclave: "off", verify_mr_signer: "off", verify_isv_prod_id: "off", verify_isv_svn: "off" };
    await writeFile(file, rules(off));
    await refused({ mrEnclave: OTHER_MR_ENCLAVE }, "no-policy");
    assert.ok(notices().some((message) => /any enclave is accepted.*no enclave gets a key/.test(message)));
  });

  it("does not start with rules that it cannot read for certain, or without its files", async () => {
    for (const [text, code] of [
      [rules({ verify_mr_enclave: "On" }), "ra-config-invalid"],
      [rules({ verify_mr_enclave: "off", verify_mr_signer: "off" }), "ra-config-unpinned"],
    ] as const) {
      await writeFile(file, text);
      await assert.rejects(start(), (error) => {
        assert.ok(error instanceof BrokerError && error.code === code && error.message.includes(file), String(error));
        return error.remedy !== undefined;
      });
    }
    await rm(file);
    await assert.rejects(start(), { code: "file-unreadable" });
    await writeFile(file, rules());
    await writeFile(owner.path("hex.key"), "00".repeat(16));
    await assert.rejects(start("", "hex.key"), { code: "wrap-key-invalid" });
  });

  it("accepts any enclave only under the flag for development, and says so", async () => {
    const off = { verify_mr_enclave: "off", verify_mr_signer: "off", verify_isv_prod_id: "off", verify_isv_svn: "off" };
    await writeFile(file, rules(off));
    const own = await start(", insecureAcceptAnyEnclave: true");
    await gets({ mrEnclave: "99".repeat(32) }, own);
    assert.ok(notices(own).some((message) => /any enclave can get the secret, NOT SECURE/.test(message)));
  });

  it("tells the traps in the rules when it starts", async () => {
    await writeFile(file, rules({}, entry({ isv_svn: "3" })));
    assert.ok(notices(await start()).some((message) => message.startsWith(`${file}: mrs[0].isv_svn`)));
  });

  it("gives the key in the form of the first generation where asked to", async () => {
    const own = await start(", keyFormat: hex-nul");
    assert.equal((await ask({}, own)).toString(), `${Buffer.from(owner.wrapKey).toString("hex")}\0`);
  });

  it("stands beside models and secrets: the secrets come first, then the rules, then the models", async () => {
    await writeFile(owner.path("word.txt"), "open sesame\n");
    await writeFile(file, rules({ verify_mr_signer: "off" }));
    const policy = `policy: { sgx: { mrEnclave: ["${OTHER_MR_ENCLAVE}"] } }`;
    const own = await startTestBroker(owner, {
      models: DEFAULT_PARTS.models,
      secretProvisioning:
        `secretProvisioning: { listen: "127.0.0.1:0", raConfig: { file: ra_config.json, wrapKey: other-wrap.key }, ` +
        `secrets: [{ name: word, file: word.txt, format: string, ${policy} }] }`,
    });
    assert.deepEqual(await ask({}, own), Buffer.from(owner.otherWrapKey));
    assert.equal((await ask({ mrEnclave: OTHER_MR_ENCLAVE }, own)).toString(), "open sesame\0");
    assert.ok(notices(own).some((message) => message.startsWith("word and beta have policies that one enclave")));
    assert.ok(notices(own).some((message) => message.startsWith("ra_config.json and alpha have policies that one")));
  });
});
