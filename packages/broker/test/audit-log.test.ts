import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { mountSmallDisk } from "../../../tests/support/small-disk.ts";
import { openAuditLog } from "../src/log/audit-log.ts";
import type { NoticeRecord } from "../src/log/log-record.ts";

function notice(message: string): NoticeRecord {
  return { kind: "notice", time: "2026-01-01T00:00:00.000Z", message, simulated: true };
}

describe("audit log in a file", () => {
  let directory: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "sealserve-audit-"));
  });

  after(() => rm(directory, { recursive: true }));

  it("keeps whole lines in their order, and says so only when they are in the file", async () => {
    const path = join(directory, "order.jsonl");
    const log = await openAuditLog(path);
    const inFile = async (): Promise<string[]> => (await readFile(path, "utf8")).split("\n").slice(0, -1);
    const messages = Array.from({ length: 300 }, (_, index) => `${index} ${"x".repeat(200)}`);
    await Promise.all(
      messages.map(async (message, index) => {
        await new Promise((resolve) => setTimeout(resolve, index % 7));
        await log.write(notice(message));
        assert.ok((await inFile()).includes(JSON.stringify(notice(message))));
      }),
    );
    await Promise.all(["last", "but one"].map((message) => log.write(notice(message))));
    await log.close();
    const lines = await inFile();
    assert.equal(lines.length, 302);
    assert.deepEqual(
      lines.slice(-2).map((line) => JSON.parse(line).message),
      ["last", "but one"],
    );
  });

  it("fails each write that the disk does not take, and tries again with the next", async () => {
    const log = await openAuditLog("/dev/full");
    const results = await Promise.allSettled(["a", "b", "c"].map((message) => log.write(notice(message))));
    assert.ok(results.every(({ status }) => status === "rejected"));
    await assert.rejects(log.write(notice("d")), /ENOSPC/);
    await log.close();
  });

  it("keeps a line that the disk took in part apart from the next", async (t) => {
    const disk = await mountSmallDisk(16);
    if (disk === undefined) {
      t.skip("this process may not mount a disk");
      return;
    }
    const [path, ballast] = [join(disk.path, "audit.jsonl"), join(disk.path, "ballast")];
    await writeFile(ballast, Buffer.alloc(8192));
    const log = await openAuditLog(path);
    await log.write(notice("first"));
    await assert.rejects(log.write(notice("y".repeat(9000))), /ENOSPC/);
    await assert.rejects(log.write(notice("lost")), /ENOSPC/);
    await rm(ballast);
    await log.write(notice("again"));
    await log.close();
    const lines = (await readFile(path, "utf8")).split("\n").slice(0, -1);
    const whole = lines.filter((line) => line.endsWith("}")).map((line) => JSON.parse(line).message);
    assert.deepEqual([whole, lines.length], [["first", "again"], 3]);
    await disk.remove();
  });
});
