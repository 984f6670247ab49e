// The public cases about the life of models, on servers that are started by flags and asked by a stock client.
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { type FlagServer, startFlagServer } from "../support/flag-server.ts";
import { publicModels, skipWithoutCases } from "../support/serving-cases.ts";
import { failureOf, type PlainMessage } from "../support/stock-client.ts";

const DEADLINE_MS = 20_000;
const ONE_POLL_A_SECOND = "--file_system_poll_wait_seconds=1";
const NO_RETRIES = "--max_num_load_retries=0";

let directory = "";
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "sealserve-life-"));
});
after(async () => await rm(directory, { recursive: true }));

interface VersionState {
  readonly version: string;
  readonly state: string;
  readonly status?: { readonly errorCode?: number; readonly errorMessage?: string };
}

/** y of a model that takes x. */
async function predict({ client }: FlagServer, name: string, x: number): Promise<{ y: number; version: unknown }> {
  const inputs = { x: { dtype: "DT_FLOAT", tensorShape: { dim: [{ size: "1" }] }, floatVal: [x] } };
  const answer = await client.call("PredictionService", "Predict", { modelSpec: { name }, inputs });
  const { outputs, modelSpec } = answer as {
    outputs: { y: { floatVal: number[] } };
    modelSpec: { version: { value: string } };
  };
  return { y: outputs.y.floatVal[0] ?? Number.NaN, version: modelSpec.version.value };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => "OK",
    (error: unknown) => failureOf(error).code,
  );
}

async function versions({ client }: FlagServer, name = "default"): Promise<readonly VersionState[]> {
  const answer = await client.call("ModelService", "GetModelStatus", { modelSpec: { name } });
  return answer["modelVersionStatus"] as VersionState[];
}

/** `124 AVAILABLE, 123 END`. */
async function states(server: FlagServer): Promise<string> {
  return (await versions(server)).map(({ version, state }) => `${version} ${state}`).join(", ");
}

/** Asks again until the answer is the expected one. */
async function until(expected: string, ask: () => Promise<string>): Promise<void> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  for (let found = await ask(); found !== expected; found = await ask()) {
    assert.ok(!signal.aborted, `${found} instead of ${expected}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function reload({ client }: FlagServer, models: Readonly<Record<string, string>>): Promise<PlainMessage> {
  const config = Object.entries(models).map(([name, model]) => ({
    name,
    basePath: join(publicModels, model),
    modelPlatform: "tensorflow",
  }));
  return await client.call("ModelService", "HandleReloadConfigRequest", { config: { modelConfigList: { config } } });
}

const baseFlags = (model: string): string[] => [`--model_base_path=${join(publicModels, model)}`];

/** Runs a test on a server that is closed behind it. */
async function serving(flags: readonly string[], check: (server: FlagServer) => Promise<void>): Promise<void> {
  const server = await startFlagServer(...flags);
  try {
    await check(server);
  } finally {
    await server.close();
  }
}

/** A model config file with the public template's placeholders filled in, or parts of it. */
async function configFile(name: string, edit: (text: string) => string = (text) => text): Promise<string> {
  const template = await readFile(join(publicModels, "_config/good_model_config.txt"), "utf8");
  const text = template
    .replace(/\$\{\w*HALF_PLUS_TWO\w*\}/, join(publicModels, "half_plus_two_cpu"))
    .replace(/\$\{\w*HALF_PLUS_THREE\w*\}/, join(publicModels, "half_plus_three"));
  const file = join(directory, name);
  await writeFile(file, edit(text));
  return file;
}

/** Leaves one of the two models of the template. */
const only = (model: string) => (text: string) => {
  const entry = text.split(/(?=config: \{\s*name)/).find((part) => part.includes(`"${model}"`)) ?? "";
  return `model_config_list { ${entry.slice(0, entry.indexOf("}") + 1)} }`;
};

/** A test of a public case. */
function runCase(id: string, what: string, check: () => Promise<void>): void {
  test(`${id}: ${what}`, check);
}

describe("the life of models", { skip: skipWithoutCases }, () => {
  runCase("srv-good-config", "every model of the file is served", async () => {
    await serving([`--model_config_file=${await configFile("good")}`], async (server) => {
      assert.equal((await predict(server, "half_plus_two", 2)).y, 3);
      assert.equal((await predict(server, "half_plus_three", 2)).y, 4);
    });
  });

  runCase("srv-bad-config", "a file that cannot be read ends the start", async () => {
    const file = join(publicModels, "_config/bad_model_config.txt");
    await assert.rejects(
      startFlagServer(`--model_config_file=${file}`),
      /Error parsing text-format tensorflow\.serving\.ModelServerConfig/,
    );
  });

  runCase("srv-config-poll", "a changed file changes what is served", async () => {
    const file = await configFile("polled", only("half_plus_two"));
    await serving([`--model_config_file=${file}`, "--model_config_file_poll_wait_seconds=1"], async (server) => {
      assert.equal((await predict(server, "half_plus_two", 2)).y, 3);
      await configFile("polled", only("half_plus_three"));
      await until("NOT_FOUND", () => codeOf(predict(server, "half_plus_two", 2)));
      assert.equal((await predict(server, "half_plus_three", 2)).y, 4);
    });
  });

  runCase("srv-new-version-appears", "it takes over and no request fails", async () => {
    const source = join(publicModels, "half_plus_two_2_versions");
    const basePath = join(directory, "growing");
    await cp(join(source, "00000123"), join(basePath, "00000123"), { recursive: true });
    await serving([`--model_base_path=${basePath}`, ONE_POLL_A_SECOND], async (server) => {
      const stop = new AbortController();
      let answered = 0;
      const busy = async (): Promise<void> => {
        for (; !stop.signal.aborted; answered++) {
          assert.equal((await predict(server, "default", 2)).y, 3);
        }
      };
      const traffic = Promise.all([busy(), busy(), busy(), busy()]);
      await cp(join(source, "00000124"), join(basePath, "copying"), { recursive: true });
      await rename(join(basePath, "copying"), join(basePath, "00000124"));
      await until("124 AVAILABLE, 123 END", () => states(server));
      stop.abort();
      await traffic;
      assert.ok(answered > 0);
      assert.equal((await predict(server, "default", 2)).version, "124");
    });
  });

  runCase("srv-latest-two", "both serve", async () => {
    const policy = "model_version_policy { latest { num_versions: 2 } }";
    const file = join(directory, "latest-two");
    const basePath = join(publicModels, "half_plus_two_2_versions");
    await writeFile(
      file,
      `model_config_list { config { name: "default" base_path: "${basePath}" model_platform: "tensorflow" ${policy} } }`,
    );
    await serving([`--model_config_file=${file}`], async (server) => {
      await until("124 AVAILABLE, 123 AVAILABLE", () => states(server));
    });
  });

  runCase("srv-bad-model", "it ends the start, and a reload that adds it; what served goes on", async () => {
    const notAvailable = /: 1 servable\(s\) did not become available: \{\{name: default version: 123\} due to error: /;
    await assert.rejects(startFlagServer(...baseFlags("bad_half_plus_two"), NO_RETRIES), notAvailable);
    await serving([...baseFlags("half_plus_two_cpu"), NO_RETRIES], async (server) => {
      const models = { default: "half_plus_two_cpu", bad: "bad_half_plus_two" };
      const { code, message } = await reload(server, models).then(() => assert.fail("loaded"), failureOf);
      assert.equal(code, "UNKNOWN");
      assert.match(
        message,
        /^1 model\(s\) did not become available: \{\{name: bad version: 123\} due to error: .+\}, \}$/,
      );
      assert.equal((await versions(server, "bad"))[0]?.state, "END");
      assert.equal(await codeOf(predict(server, "bad", 2)), "NOT_FOUND");
      assert.equal((await predict(server, "default", 2)).y, 3);
    });
  });

  runCase("srv-warmup-ok", "a version whose requests succeed serves", async () => {
    await serving([...baseFlags("half_plus_two_warmup_ok"), NO_RETRIES], async (server) => {
      assert.equal(await states(server), "123 AVAILABLE");
    });
  });

  runCase("srv-warmup-bad", "a version whose requests fail does not, unless there is no warm-up", async () => {
    const failed = /Serving signature key "no_such_signature" not found\./;
    await assert.rejects(startFlagServer(...baseFlags("half_plus_two_warmup_bad"), NO_RETRIES), failed);
    await serving([...baseFlags("half_plus_two_cpu"), NO_RETRIES], async (server) => {
      await assert.rejects(reload(server, { default: "half_plus_two_cpu", bad: "half_plus_two_warmup_bad" }), failed);
      const [version] = await versions(server, "bad");
      assert.equal(version?.state, "END");
      assert.equal(version.status?.errorCode, status.FAILED_PRECONDITION);
      assert.match(version.status.errorMessage ?? "", failed);
    });
    await serving([...baseFlags("half_plus_two_warmup_bad"), "--enable_model_warmup=false"], async (server) => {
      assert.equal(await states(server), "123 AVAILABLE");
    });
  });

  test("a base path as in a volume of Kubernetes is followed through its links, also when they change", async () => {
    const source = join(publicModels, "half_plus_two_2_versions");
    const basePath = join(directory, "volume");
    await mkdir(basePath);
    await symlink(join(source, "00000123"), join(basePath, "123"));
    await serving([`--model_base_path=${basePath}`, ONE_POLL_A_SECOND], async (server) => {
      assert.equal(await states(server), "123 AVAILABLE");
      await symlink(join(source, "00000124"), join(basePath, "124"));
      await until("124 AVAILABLE, 123 END", () => states(server));
      await rm(join(basePath, "124"));
      await until("124 END, 123 AVAILABLE", () => states(server));
    });
  });
});
