/** What a service records line by line on its output, on a disk that has no room, and then has again. */
import assert from "node:assert/strict";
import { createWriteStream } from "node:fs";
import { open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { mountSmallDisk, type SmallDisk } from "../../../tests/support/small-disk.ts";
import { LineOutput } from "../src/output/line-output.ts";

const full = { code: "ENOSPC" };
let disk: SmallDisk | undefined;

before(async () => {
  disk = await mountSmallDisk(16);
});

after(async () => await disk?.remove());

test("a line of which a file takes a part is told as lost, and the next stands on a line of its own", async (t) => {
  if (disk === undefined) {
    t.skip("this process may not mount a disk");
    return;
  }
  const [path, ballast] = [join(disk.path, "output"), join(disk.path, "ballast")];
  await writeFile(ballast, Buffer.alloc(8192));
  const file = await open(path, "a");
  const output = new LineOutput({ fd: file.fd, write: () => assert.fail("files are written to without a stream") });
  await output.write("x".repeat(3000));
  await assert.rejects(output.write("y".repeat(9000)), full);
  await assert.rejects(output.write("z"), full);
  await rm(ballast);
  await output.write("whole");
  await output.write("again");
  const lines = (await readFile(path, "utf8")).split("\n");
  assert.deepEqual([lines[0], ...lines.slice(-3)], ["x".repeat(3000), "whole", "again", ""]);
  assert.match(lines[1] ?? "", /^y+$/);
  await file.close();
});

test("what is no file is written to by its stream, whose failures are told too", async () => {
  for (const [path, failure] of [
    ["/dev/null", undefined],
    ["/dev/full", full],
  ] as const) {
    const stream = createWriteStream(path);
    stream.on("error", () => undefined);
    const fd = await new Promise<number>((resolve) => stream.once("open", resolve));
    const output = new LineOutput({ fd, write: stream.write.bind(stream) });
    await (failure === undefined ? output.write("line") : assert.rejects(output.write("line"), failure));
    stream.destroy();
  }
});
