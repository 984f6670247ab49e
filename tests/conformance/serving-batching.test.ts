// TensorFlow Serving's batching on servers that are started by flags, over both of their ports.
import assert from "node:assert/strict";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type FlagServer, startFlagServer } from "../support/flag-server.ts";
import { publicModels, servingCases, skipWithoutCases } from "../support/serving-cases.ts";
import { failureOf } from "../support/stock-client.ts";

const HALF_PLUS_TWO = join(publicModels, "half_plus_two_2_versions");
/** Batches that only run when they are full. */
const FULL_ONLY = "batch_timeout_micros { value: 600000000 } num_batch_threads { value: 2 }";

let directory = "";
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "sealserve-batching-"));
});
after(async () => await rm(directory, { recursive: true }));

/** Runs a check on a server with these batching parameters, which is closed behind it. */
async function batching(
  parameters: string,
  check: (server: FlagServer) => Promise<void>,
  { model = HALF_PLUS_TWO, flags = [] as readonly string[] } = {},
): Promise<void> {
  const file = join(directory, "batching.txt");
  await writeFile(file, parameters);
  const batchingFlags = ["--enable_batching", `--batching_parameters_file=${file}`];
  await serving([`--model_base_path=${model}`, ...batchingFlags, ...flags], check);
}

async function serving(flags: readonly string[], check: (server: FlagServer) => Promise<void>): Promise<void> {
  const server = await startFlagServer(...flags);
  try {
    await check(server);
  } finally {
    await server.close();
  }
}

/** y for the rows of x over gRPC. */
async function predict({ client }: FlagServer, x: readonly number[], shape = [x.length]): Promise<readonly number[]> {
  const tensorShape = { dim: shape.map((size) => ({ size: String(size) })) };
  const inputs = { x: { dtype: "DT_FLOAT", tensorShape, floatVal: x } };
  const { outputs } = await client.call("PredictionService", "Predict", { modelSpec: { name: "default" }, inputs });
  return (outputs as { y: { floatVal: number[] } }).y.floatVal;
}

/** The same over REST: the status, and y or the error. */
async function predictRest({ rest }: FlagServer, x: readonly number[]): Promise<readonly [number, unknown]> {
  const body = JSON.stringify({ instances: x });
  const answer = await rest.send({ method: "POST", path: "/v1/models/default:predict", body });
  const { predictions, error } = JSON.parse(String(answer.body)) as { predictions?: number[]; error?: string };
  return [answer.status, predictions ?? error];
}

const halved = (x: readonly number[]): number[] => x.map((value) => value / 2 + 2);

async function failure(work: Promise<unknown>): Promise<string> {
  const { code, message } = await work.then(() => assert.fail("it was answered"), failureOf);
  return `${code}: ${message}`;
}

function errorOf(id: string): string {
  const expect = servingCases.find((known) => known.id === id)?.expect as { readonly error_contains: string };
  return expect.error_contains;
}

describe("TensorFlow Serving's batching", { skip: skipWithoutCases }, () => {
  test("a request of more rows than a batch may have", async () => {
    await batching("max_batch_size { value: 4 }", async (server) => {
      const error = errorOf("srv-batch-too-large");
      assert.equal(await failure(predict(server, [1, 2, 3, 4, 5])), `INVALID_ARGUMENT: ${error}`);
      assert.deepEqual(await predictRest(server, [1, 2, 3, 4, 5]), [400, error]);
      assert.deepEqual(await predict(server, [1, 2, 3, 4]), halved([1, 2, 3, 4]));
    });
  });

  test("allowed sizes that do not end with the largest", async () => {
    const parameters = "max_batch_size { value: 8 } allowed_batch_sizes: [2, 4]";
    const error = errorOf("srv-batch-allowed-sizes-mismatch");
    await assert.rejects(
      batching(parameters, async () => undefined),
      ({ message }: Error) => message.includes(error),
    );
  });

  test("requests of both ports share a batch, and each gets its own rows", async () => {
    await batching(`max_batch_size { value: 6 } ${FULL_ONLY}`, async (server) => {
      const answers = await Promise.all([
        predict(server, [1, 2]),
        predictRest(server, [3]),
        predict(server, [4, 5, 6]),
      ]);
      assert.deepEqual(answers, [halved([1, 2]), [200, halved([3])], halved([4, 5, 6])]);
    });
  });

  test("shapes that do not go together", async () => {
    const message =
      "Tensors with name 'x:0' from different tasks have different shapes and padding is turned off. " +
      "Set pad_variable_length_inputs to true, or ensure that all tensors with the same name have equal dimensions " +
      "starting with the first dim.";
    await batching(`max_batch_size { value: 3 } ${FULL_ONLY}`, async (server) => {
      const failures = await Promise.all([predict(server, [1, 2], [2]), predict(server, [1, 2], [1, 2])].map(failure));
      assert.deepEqual(failures, [`FAILED_PRECONDITION: ${message}`, `FAILED_PRECONDITION: ${message}`]);
    });
    await batching(`max_batch_size { value: 3 } pad_variable_length_inputs: true ${FULL_ONLY}`, async (server) => {
      const answers = await Promise.all([predict(server, [1, 2], [2, 1]), predict(server, [3, 4], [1, 2])]);
      assert.deepEqual(answers, [halved([1, 1, 2, 1]), halved([3, 4])]);
    });
  });

  test("a queue that is full", async () => {
    const parameters = `max_batch_size { value: 3 } max_enqueued_batches { value: 1 } ${FULL_ONLY}`;
    await batching(parameters, async (server) => {
      const asked = [predictRest(server, [1, 2]), predictRest(server, [3, 4])] as const;
      const [status, error] = await Promise.race(asked);
      assert.equal(status, 503, "one waits and the other finds no place");
      assert.match(String(error), /^The batch scheduling queue to which this task was submitted is full/);
      assert.deepEqual(await predict(server, [5]), halved([5]));
      const statuses = (await Promise.all(asked)).map(([answer]) => answer);
      assert.deepEqual(new Set(statuses), new Set([200, 503]));
    });
  });

  test("a deadline that passes while the request waits", async () => {
    const flags = ["--rest_api_timeout_in_ms=50"];
    await batching(
      `max_batch_size { value: 3 } ${FULL_ONLY}`,
      async (server) => {
        assert.deepEqual(await predictRest(server, [1]), [
          429,
          "Run() timeout exceeded while waiting in batching queue",
        ]);
      },
      { flags },
    );
  });

  test("large requests are cut, run and put together", async () => {
    const parameters = `max_batch_size { value: 100 } max_execution_batch_size { value: 8 }
      enable_large_batch_splitting { value: true } allowed_batch_sizes: [4, 8]`;
    await batching(parameters, async (server) => {
      const rows = Array.from({ length: 50 }, (_, index) => index);
      assert.deepEqual(await predict(server, rows), halved(rows));
      assert.match(
        await failure(
          predict(
            server,
            Array.from({ length: 101 }, () => 0),
          ),
        ),
        /^INVALID_ARGUMENT: Task size 101/,
      );
    });
  });

  test("inputs without rows of their own", async () => {
    await batching("", async (server) => {
      const message = "INVALID_ARGUMENT: Batching Run() input tensors must have at least one dimension";
      assert.equal(await failure(predict(server, [1], [])), message);
    });
  });

  test("a model's own parameters", async () => {
    const own = join(directory, "own");
    await cp(HALF_PLUS_TWO, own, { recursive: true });
    await writeFile(join(own, "00000124", "batching_params.pbtxt"), "max_batch_size { value: 2 }");
    const flags = ["--enable_per_model_batching_parameters"];
    await batching(
      "max_batch_size { value: 50 }",
      async (server) => {
        assert.match(await failure(predict(server, [1, 2, 3])), /larger than maximum input batch size 2$/);
      },
      { model: own, flags },
    );
  });
});

describe("batches under load", { skip: skipWithoutCases }, () => {
  for (const [what, flags] of [
    ["by default parameters", ["--enable_batching"]],
    ["that tune themselves", ["--batching=auto"]],
  ] as const) {
    test(`${what}: no answer holds another request's values (E3)`, async () => {
      await serving([`--model_base_path=${HALF_PLUS_TWO}`, ...flags], async (server) => {
        await Promise.all(
          Array.from({ length: 300 }, async (_, index) => {
            const x = Array.from({ length: 1 + (index % 5) }, (__, row) => 16 * index + row);
            const answer = index % 3 === 0 ? (await predictRest(server, x))[1] : await predict(server, x);
            assert.deepEqual(answer, halved(x));
          }),
        );
      });
    });
  }
});
