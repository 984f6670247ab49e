import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AppraisalPolicy, parsePolicy, type TrustedRoot, trustedRootFromPem } from "@sealserve/attestation";
import { type BrokerConfig, parseBrokerConfig, type RunningBroker, startBroker } from "@sealserve/broker";
import { type CollateralSource, pccsSource } from "@sealserve/collateral";
import { generateOwnerKey, generateWrapKey, type SealedPackage, sealPackage } from "@sealserve/encrypted-files";
import { writeExampleModels } from "@sealserve/models";
import { type SimulatedPlatform, startSimulatedPlatform } from "@sealserve/simulator";
import { createAuthority, type TestAuthority } from "../../../../tests/support/tls-authority.ts";
import { parseServeConfig, type SealedNodeOptions } from "../../src/config/serve-config.ts";

type Identity = Awaited<ReturnType<TestAuthority["issue"]>>;

/** What a broker's configuration says in place of the usual. */
export interface BrokerChanges {
  readonly mrEnclave?: string;
  readonly minimumVersion?: number;
  readonly package?: string;
  /** Without one a key has no end. */
  readonly lease?: string;
  /** Default any that is free. */
  readonly port?: number;
}

/** Everything around a serving node: an owner with her package and broker, and a simulated platform. */
export interface World {
  readonly directory: string;
  readonly authority: TestAuthority;
  /** The TLS identity that was sealed into the package. */
  readonly identity: Identity;
  readonly platform: SimulatedPlatform;
  readonly packageDirectory: string;
  readonly manifestDigest: string;
  readonly root: TrustedRoot;
  readonly collateral: CollateralSource;
  /** Accepts exactly the program that the platform measured. */
  readonly policy: AppraisalPolicy;
  /** What the broker logged, as text. */
  readonly brokerLog: string[];
  /** Seals another package with the same keys. @param options.content the example model in it, where the name is of another */
  seal(
    name: string,
    options: { version: number; model?: string; content?: string; tls?: boolean },
  ): Promise<SealedPackage & { path: string }>;
  brokerConfig(changes?: BrokerChanges): BrokerConfig;
  startBroker(changes?: BrokerChanges): Promise<RunningBroker>;
  serveConfig(
    broker: { readonly url: string | undefined },
    changes?: { package?: string; model?: string; more?: string },
  ): SealedNodeOptions;
  close(): Promise<void>;
}

/** @param model one of the example models */
export async function createWorld(model = "half_plus_two"): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), "sealserve-serving-"));
  const authority = await createAuthority();
  const identity = await authority.issue();
  const models = await writeExampleModels(join(directory, "models"));
  const owner = generateOwnerKey();
  const wrapKey = generateWrapKey();
  const seal: World["seal"] = async (name, { version, model: sealed = model, content = sealed, tls = true }) => {
    const path = join(directory, name);
    const modelDirectory = models.get(content) ?? "";
    const result = await sealPackage({
      modelDirectory,
      output: path,
      wrapKey,
      signingKeyPem: owner.privateKeyPem,
      model: { name: sealed, version },
      tls: tls ? identity : undefined,
    });
    return { ...result, path };
  };
  const sealed = await seal("package", { version: 2 });
  await writeFile(join(directory, "wrap.key"), wrapKey, { mode: 0o600 });
  await writeFile(join(directory, "owner.pub"), owner.publicKeyPem);
  await writeFile(join(directory, "ca.pem"), authority.caPem);
  const brokerIdentity = await authority.issue();
  await writeFile(join(directory, "broker.key"), brokerIdentity.keyPem, { mode: 0o600 });
  await writeFile(join(directory, "broker.crt"), brokerIdentity.certificatePem);
  await mkdir(join(directory, "program"));
  await writeFile(join(directory, "program", "main.js"), "the measured program");
  const platform = await startSimulatedPlatform({
    stateDirectory: join(directory, "vendor"),
    socketPath: join(directory, "platform.sock"),
    programDirectory: join(directory, "program"),
    pccs: {},
  });
  const { mrEnclave } = platform.measurement;
  const pccsUrl = platform.pccsUrl ?? "";
  const brokerLog: string[] = [];
  const brokerConfig = (changes: BrokerChanges = {}): BrokerConfig => {
    const usual = { minimumVersion: 2, package: "package", lease: "", port: 0 };
    const values = { pccsUrl, rootFile: platform.rootFile, model, mrEnclave, ...usual, ...changes };
    return parseBrokerConfig(brokerYaml(values), join(directory, "broker.yaml"));
  };
  return {
    directory,
    authority,
    identity,
    platform,
    packageDirectory: sealed.path,
    manifestDigest: sealed.manifestDigest,
    root: await trustedRootFromPem(await readFile(platform.rootFile, "utf8")),
    collateral: pccsSource({ url: pccsUrl }),
    policy: parsePolicy({ sgx: { mrEnclave: [mrEnclave] } }),
    brokerLog,
    seal,
    brokerConfig,
    startBroker: (changes) =>
      startBroker(brokerConfig(changes), { log: (record) => brokerLog.push(JSON.stringify(record)) }),
    serveConfig: (broker, changes = {}) => {
      const yaml = [
        "listen: { grpc: 0, rest: 0 }",
        `broker: { url: "${broker.url ?? ""}", ca: ca.pem }`,
        `package: ${changes.package ?? "package"}`,
        `model: ${changes.model ?? model}`,
        "platform: { simulated: platform.sock }",
        "threads: 1",
        changes.more ?? "",
      ];
      return parseServeConfig(yaml.join("\n"), join(directory, "serve.yaml"));
    },
    close: async () => {
      await platform.close();
      await rm(directory, { recursive: true });
    },
  };
}

function brokerYaml(values: Required<BrokerChanges> & { pccsUrl: string; rootFile: string; model: string }): string {
  return `
listen: 127.0.0.1:${values.port}
tls: { key: broker.key, certificate: broker.crt }
collateral: { pccs: "${values.pccsUrl}" }
simulatedRoot: ${values.rootFile}
models:
  - name: ${values.model}
    package: ${values.package}
    wrapKey: wrap.key
    ownerKey: owner.pub
    minimumVersion: ${values.minimumVersion}
    ${values.lease === "" ? "" : `lease: ${values.lease}`}
    policy:
      sgx: { mrEnclave: ["${values.mrEnclave}"] }
`;
}
