import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigError } from "@sealserve/config";
import { parseBrokerConfig } from "../src/config/broker-config.ts";
import { BrokerError } from "../src/errors.ts";
import { brokerYaml, DEFAULT_PARTS, MR_ENCLAVE } from "./setup.ts";

const FILE = "/etc/sealserve/broker.yaml";

type Parts = Partial<typeof DEFAULT_PARTS>;

/** The message names the file, the line that `lineOf` stands on, and the member. */
function refuses(parts: Parts, lineOf: string, member: string, problem: RegExp): void {
  const yaml = brokerYaml(parts);
  const line = yaml.slice(0, yaml.indexOf(lineOf)).split("\n").length;
  assert.throws(
    () => parseBrokerConfig(yaml, FILE),
    (error) => {
      assert.ok(error instanceof ConfigError || error instanceof BrokerError);
      assert.ok(error.message.startsWith(`${FILE}:${line}: ${member}: `), error.message);
      assert.match(error.message, problem);
      assert.match(error.message, /; \S/);
      return true;
    },
  );
}

function withModel(change: (model: string) => string): Parts {
  return { models: change(DEFAULT_PARTS.models) };
}

function withPolicy(policy: string): Parts {
  return withModel((models) => models.replace(`sgx: { mrEnclave: ["${MR_ENCLAVE}"] }`, policy));
}

describe("broker configuration", () => {
  it("is read whole, with paths relative to its folder", () => {
    const config = parseBrokerConfig(brokerYaml(), FILE);
    const listen = { host: "127.0.0.1", port: 0 };
    const tls = { key: "/etc/sealserve/server.key", certificate: "/etc/sealserve/server.crt" };
    assert.deepEqual(config.releasePort, { listen, tls });
    assert.deepEqual(config.secretProvisioning, {
      listen,
      tls,
      allowTls13: false,
      maxConnections: undefined,
      maxConnectionsPerAddress: undefined,
      secrets: [],
      raConfig: undefined,
    });
    assert.deepEqual(config.collateral, { kind: "file", path: "/etc/sealserve/collateral.json" });
    assert.equal(config.simulatedRootFile, "/etc/sealserve/root.pem");
    assert.equal(config.auditLogFile, "/etc/sealserve/audit.jsonl");
    assert.deepEqual(config.models[0], {
      name: "alpha",
      packageDirectory: "/etc/sealserve/sealed-alpha",
      wrapKeyFile: "/etc/sealserve/wrap.key",
      keyFormat: "raw",
      ownerKeyFile: "/etc/sealserve/owner.pub",
      minimumVersion: 2,
      leaseSeconds: undefined,
      policy: { sgx: { mrEnclave: [MR_ENCLAVE] } },
    });
    assert.equal(config.models.length, 2);
  });

  it("takes either form of the key on the provisioning port, and no other", () => {
    const form = (word: string): Parts =>
      withModel((models) => models.replace("wrapKey: wrap.key", `wrapKey: wrap.key\n    keyFormat: ${word}`));
    assert.equal(parseBrokerConfig(brokerYaml(form("hex-nul")), FILE).models[0]?.keyFormat, "hex-nul");
    assert.equal(parseBrokerConfig(brokerYaml(form("raw")), FILE).models[0]?.keyFormat, "raw");
    refuses(form("hex"), "keyFormat", "models[0].keyFormat", /raw, hex-nul/);
  });

  it("takes a lease with its unit, of a second to two weeks", () => {
    const lease = (text: string): Parts =>
      withModel((models) => models.replace("minimumVersion: 2", `minimumVersion: 2\n    lease: ${text}`));
    for (const [text, seconds] of [
      ["1s", 1],
      ["90s", 90],
      ["15m", 900],
      ["12h", 43_200],
      ["14d", 1_209_600],
    ] as const) {
      const [alpha, beta] = parseBrokerConfig(brokerYaml(lease(text)), FILE).models;
      assert.deepEqual([alpha?.leaseSeconds, beta?.leaseSeconds], [seconds, undefined]);
    }
    for (const text of ["", "0s", "60", "1", "15d", "1w", "-1h", "1.5h", "1h30m", "'1 h'", "never", "9999999999s"]) {
      refuses(lease(text), "lease", "models[0].lease", /expected a time.*such as 90s.*from 1s to 1209600s/);
    }
  });

  it("needs neither provisioning port nor audit log nor simulated root", () => {
    const config = parseBrokerConfig(brokerYaml({ secretProvisioning: "", auditLog: "", simulatedRoot: "" }), FILE);
    assert.equal(config.secretProvisioning, undefined);
    assert.equal(config.auditLogFile, undefined);
    assert.equal(config.simulatedRootFile, undefined);
  });

  it("takes a PCCS, and another TLS identity for the provisioning port", () => {
    const tls = "{ key: /rsa.key, certificate: /rsa.crt }";
    const config = parseBrokerConfig(
      brokerYaml({
        collateral: `collateral: { pccs: "https://localhost:8081" }`,
        secretProvisioning: `secretProvisioning: { listen: 4433, tls: ${tls} }`,
      }),
      FILE,
    );
    assert.deepEqual(config.collateral, { kind: "pccs", url: "https://localhost:8081" });
    assert.deepEqual(config.secretProvisioning?.tls, { key: "/rsa.key", certificate: "/rsa.crt" });
    assert.equal(config.secretProvisioning?.listen.port, 4433);
  });

  for (const member of ["listen", "tls", "collateral", "models"] as const) {
    it(`is refused without ${member}`, () => {
      const parts: Parts = { [member]: "" };
      refuses(parts, brokerYaml(parts).slice(0, 5), member, /is missing/);
    });
  }

  for (const member of ["name", "package", "wrapKey", "ownerKey", "minimumVersion"]) {
    it(`is refused when a model has no ${member}`, () => {
      const parts = withModel((models) =>
        models.replace(new RegExp(`(- |  )${member}: .*`), (_, start: string) => `${start}x: 1`),
      );
      const first = member === "name" ? "x: 1" : "name: alpha";
      refuses(parts, first, `models[0].${member}`, /is missing/);
    });
  }

  it("is refused when a model has no policy", () => {
    const models = DEFAULT_PARTS.models.split("\n").slice(0, 6).join("\n");
    refuses({ models }, "name: alpha", "models[0].policy", /is missing/);
  });

  it("is refused with unknown members at every level", () => {
    refuses({ auditLog: "auditlog: x" }, "auditlog", "auditlog", /is not a known member/);
    refuses({ tls: "tls: { key: a, certificate: b, ca: c }" }, "tls", "tls.ca", /is not a known member/);
    refuses({ collateral: "collateral: { file: a, url: b }" }, "collateral", "collateral.url", /is not a known member/);
    const provisioning = "secretProvisioning: { listen: 1, key: b }";
    refuses({ secretProvisioning: provisioning }, "secretProv", "secretProvisioning.key", /is not a known member/);
    const parts = withModel((models) => models.replace("ownerKey:", "ownerkey: x\n    ownerKey:"));
    refuses(parts, "ownerkey", "models[0].ownerkey", /is not a known member/);
  });

  it("is refused with values of the wrong kind", () => {
    refuses({ listen: "listen: nowhere" }, "listen", "listen", /HOST:PORT/);
    refuses({ listen: "listen: 70000" }, "listen", "listen", /HOST:PORT/);
    refuses({ tls: "tls: server.key" }, "tls", "tls", /a mapping/);
    refuses({ tls: "tls: { key: 1, certificate: b }" }, "tls", "tls.key", /a text/);
    refuses({ simulatedRoot: "simulatedRoot: true" }, "simulatedRoot", "simulatedRoot", /a text/);
    refuses({ collateral: `collateral: { pccs: "ftp://x" }` }, "collateral", "collateral.pccs", /URL/);
    refuses({ models: "models: []" }, "models", "models", /at least one/);
    for (const version of ["0", "-1", "1.5", `"2"`, "99999999999999999999"]) {
      const parts = withModel((models) => models.replace("minimumVersion: 2", `minimumVersion: ${version}`));
      refuses(parts, "minimumVersion", "models[0].minimumVersion", /a whole number/);
    }
  });

  it("is refused with both or neither source of collateral", () => {
    refuses({ collateral: `collateral: { file: a, pccs: "https://x" }` }, "collateral", "collateral", /exactly one/);
    refuses({ collateral: "collateral: {}" }, "collateral", "collateral", /exactly one/);
  });

  it("is refused with names of models that stand twice or cannot be names", () => {
    const twice = withModel((models) => models.replace("name: beta", "name: alpha # again"));
    refuses(twice, "alpha # again", "models[1].name", /another model or secret has this name/);
    for (const name of [`""`, `"../a"`, `"a b"`, `"${"a".repeat(129)}"`]) {
      const parts = withModel((models) => models.replace("name: alpha", `name: ${name}`));
      refuses(parts, "- name", "models[0].name", /name|text/);
    }
  });
});

describe("port for Gramine's protocol in a broker configuration", () => {
  const sgx = `sgx: { mrEnclave: ["${MR_ENCLAVE}"] }`;
  const secret = `{ name: word, file: word.txt, policy: { ${sgx} } }`;
  const rules = "{ file: ra_config.json, wrapKey: wrap_key }";

  function port(members: string, parts: Parts = {}): Parts {
    return { secretProvisioning: `secretProvisioning:\n  listen: 0.0.0.0:4433\n${members}`, ...parts };
  }

  it("can have secrets and rules of its own", () => {
    const members = `  allowTls13: true\n  maxConnections: 9\n  maxConnectionsPerAddress: 3\n  secrets: [${secret}]\n  raConfig: ${rules}`;
    const { secretProvisioning } = parseBrokerConfig(brokerYaml(port(members)), FILE);
    const { listen: _, tls: __, ...rest } = secretProvisioning ?? assert.fail();
    assert.deepEqual(rest, {
      allowTls13: true,
      maxConnections: 9,
      maxConnectionsPerAddress: 3,
      secrets: [
        { name: "word", file: "/etc/sealserve/word.txt", format: "raw", policy: { sgx: { mrEnclave: [MR_ENCLAVE] } } },
      ],
      raConfig: {
        file: "/etc/sealserve/ra_config.json",
        wrapKeyFile: "/etc/sealserve/wrap_key",
        keyFormat: "raw",
        platform: {},
        insecureAcceptAnyEnclave: false,
      },
    });
  });

  it("can stand alone with them, and not without", () => {
    const alone: Parts = { listen: "", models: "" };
    for (const members of [`  secrets: [${secret}]`, `  raConfig: ${rules}`]) {
      const config = parseBrokerConfig(brokerYaml(port(members, alone)), FILE);
      assert.equal(config.releasePort, undefined);
      assert.deepEqual(config.models, []);
    }
    refuses(port("", alone), "tls", "models", /is missing/);
    refuses(port(`  raConfig: ${rules}`, { listen: "" }), "tls", "listen", /is missing/);
    refuses(port(`  raConfig: ${rules}`, { models: "" }), "listen", "models", /is missing/);
    const own = "  tls: { key: a, certificate: b }";
    assert.ok(parseBrokerConfig(brokerYaml(port(`${own}\n  raConfig: ${rules}`, { ...alone, tls: "" })), FILE));
    refuses(port(`  raConfig: ${rules}`, { ...alone, tls: "" }), "listen:", "secretProvisioning.tls", /is missing/);
  });

  it("is refused with members that are missing, unknown or of another kind", () => {
    const place = "secretProvisioning";
    refuses(port("  secrets: []"), "secrets", `${place}.secrets`, /at least one/);
    refuses(port("  allowTls13: yes"), "allowTls13", `${place}.allowTls13`, /true or false/);
    refuses(port("  maxConnections: 0"), "maxConnections", `${place}.maxConnections`, /whole number/);
    refuses(port(`  secrets: [{ name: x, policy: { ${sgx} } }]`), "secrets", `${place}.secrets[0].file`, /is missing/);
    refuses(port("  secrets: [{ name: x, file: y }]"), "secrets", `${place}.secrets[0].policy`, /is missing/);
    refuses(port("  raConfig: ra_config.json"), "raConfig", `${place}.raConfig`, /a mapping/);
    refuses(port("  raConfig: { file: x }"), "raConfig", `${place}.raConfig.wrapKey`, /is missing/);
    const format = secret.replace("policy", "format: hex, policy");
    refuses(port(`  secrets: [${format}]`), "secrets", `${place}.secrets[0].format`, /raw, hex-nul, string/);
  });

  it("is refused with a name that a model has", () => {
    refuses(
      port(`  secrets: [${secret.replace("word", "alpha")}]`),
      "- name: alpha",
      "models[0].name",
      /has this name/,
    );
  });

  it("is refused with a secret for any software, or software in the policy beside the rules", () => {
    refuses(
      port("  secrets: [{ name: x, file: y, policy: {} }]"),
      "secrets",
      "secretProvisioning.secrets[0].policy",
      /no software/,
    );
    const policy = `  raConfig:\n    file: x\n    wrapKey: y\n    policy:\n      ${sgx}`;
    refuses(port(policy), "sgx", "secretProvisioning.raConfig.policy.sgx", /names software/);
  });
});

describe("policy in a broker configuration", () => {
  function code(parts: Parts): string {
    try {
      parseBrokerConfig(brokerYaml(parts), FILE);
    } catch (error) {
      return error instanceof BrokerError ? error.code : "another error";
    }
    return "accepted";
  }

  it("is refused when it pins no software", () => {
    for (const policy of ["debug: refuse", "sgx: {}", "tcb: { statuses: [UpToDate] }", "{}"]) {
      assert.equal(code(withPolicy(policy)), "policy-unpinned");
    }
    refuses(withPolicy("debug: refuse"), "debug: refuse", "models[0].policy", /no software is pinned.*mrEnclave/);
  });

  it("is refused when it pins the signer alone", () => {
    const parts = withPolicy(`sgx:\n        mrSigner: ["${MR_ENCLAVE}"]`);
    assert.equal(code(parts), "policy-unpinned");
    refuses(parts, "mrSigner", "models[0].policy.sgx.mrSigner", /isvProdId/);
  });

  it("is refused when it accepts nothing that could get a key: SEV-SNP guests alone", () => {
    const snp = `snp: { images: [{ measurement: "${"a1".repeat(48)}", hostData: "${"b2".repeat(32)}" }] }`;
    assert.equal(code(withPolicy(snp)), "policy-invalid");
    refuses(withPolicy(snp), "snp:", "models[0].policy.snp", /get no key yet/);
    assert.equal(code(withPolicy(`${snp}\n      sgx: { mrEnclave: ["${MR_ENCLAVE}"] }`)), "accepted");
    const secrets = `secrets: [{ name: word, file: word.txt, policy: { ${snp} } }]`;
    const secretProvisioning = `secretProvisioning: { listen: "127.0.0.1:0", ${secrets} }`;
    assert.equal(code({ secretProvisioning }), "policy-invalid");
  });

  it("is refused with the line of the member that is wrong", () => {
    const short = withPolicy(`sgx:\n        mrEnclave:\n          - "${MR_ENCLAVE}"\n          - "11"`);
    assert.equal(code(short), "policy-invalid");
    refuses(short, `- "11"`, "models[0].policy.sgx.mrEnclave[1]", /64 hex digits/);
    const unknown = withPolicy(`sgx: { mrEnclave: ["${MR_ENCLAVE}"] }\n      debugging: allow`);
    refuses(unknown, "debugging", "models[0].policy.debugging", /unknown/);
    const empty = withPolicy("sgx: { mrEnclave: [] }");
    refuses(empty, "sgx: { mrEnclave: []", "models[0].policy.sgx.mrEnclave", /list/);
    const status = withPolicy(`sgx: { mrEnclave: ["${MR_ENCLAVE}"] }\n      tcb:\n        statuses: [Revoked]`);
    refuses(status, "statuses", "models[0].policy.tcb.statuses[0]", /UpToDate/);
  });
});
