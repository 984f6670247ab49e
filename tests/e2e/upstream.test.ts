import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { COMMAND } from "./command.ts";
import { makeServerFolder, predictGrpc, type ServerFolder } from "./model-server.ts";
import { processesNaming } from "./processes.ts";

let folder: ServerFolder;
let place: string;

before(async () => {
  folder = await makeServerFolder();
  place = await mkdtemp("/dev/shm/sealserve-test-");
  // Our own server in the place of tensorflow_model_server: it takes the same flags.
  const program = folder.at("tensorflow_model_server");
  await writeFile(program, `#!/bin/sh\nexec ${process.execPath} ${COMMAND} serve "$@"\n`);
  await chmod(program, 0o755);
});

after(async () => {
  await folder.remove();
  await rm(place, { recursive: true, force: true });
});

function engineFlags(): readonly string[] {
  const engine = ["--engine=upstream", `--upstream-program=${folder.at("tensorflow_model_server")}`];
  return ["--port=0", `--grpc_socket_path=${folder.at("s")}`, `--private-directory=${place}`, ...engine];
}

async function goneWithin(text: string, ms: number): Promise<boolean> {
  for (const deadline = Date.now() + ms; Date.now() < deadline; ) {
    if ((await processesNaming(text)).length === 0) {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

test("the model server ends with us, even when we are killed, and the next start removes what it was given", async () => {
  // The model server's own messages say the like of its socket.
  const serves = `serving half: gRPC unix:${folder.at("s")}`;
  const killed = folder.start(...engineFlags());
  await killed.says(serves);
  const answer = await predictGrpc(`unix:${folder.at("s")}`, grpc.credentials.createInsecure());
  assert.deepEqual(answer, [2.5, 3, 4.5]);
  const [left = ""] = await readdir(place);
  assert.equal((await processesNaming(`grpc_socket_path=${place}`)).length, 1);
  await killed.stop("SIGKILL");
  assert.ok(await goneWithin(`grpc_socket_path=${place}`, 10_000), "the model server outlived us");
  const next = folder.start(...engineFlags());
  await next.says(serves);
  assert.ok(!(await readdir(place)).includes(left), "plaintext of the killed server is still there");
  assert.equal((await next.stop("SIGTERM")).code, 0);
  assert.deepEqual([await readdir(place), await processesNaming(`grpc_socket_path=${place}`)], [[], []]);
});

test("flags of another engine, and an engine without its program, are refused by name", async () => {
  const socket = `--grpc_socket_path=${folder.at("r")}`;
  for (const [flags, message] of [
    [["--engine=tensorrt"], /--engine cannot be used.*\n?.*onnxruntime/],
    [["--engine=upstream"], /--engine=upstream needs a file/],
    [["--engine=tensorflow"], /--engine=tensorflow needs a file.*\n?.*--libtensorflow=/],
    [["--libtensorflow=/bin/true"], /--libtensorflow does not go with --engine=onnxruntime/],
    [
      ["--engine=tensorflow", "--upstream-program=/bin/true"],
      /--upstream-program does not go with --engine=tensorflow/,
    ],
    [["--upstream-program=/bin/true"], /--upstream-program does not go with --engine=onnxruntime/],
    [["--engine=upstream", "--upstream-program=bin/true", "--max_num_load_retries=0"], /needs an absolute path/],
  ] as const) {
    const { code, stderr } = await folder.start("--port=0", socket, ...flags).finished;
    assert.notEqual(code, 0);
    assert.match(stderr, message);
  }
});
