import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";
import { RaTlsError } from "../src/errors.ts";
import { inTime } from "../src/peer/wait.ts";

function isLost(error: unknown): boolean {
  return error instanceof RaTlsError && error.code === "peer-lost";
}

describe("work for a connection", () => {
  it("is returned, or fails as it does", async () => {
    const socket = new PassThrough();
    assert.equal(await inTime(socket, Promise.resolve("done"), 1000), "done");
    await assert.rejects(inTime(socket, Promise.reject(new Error("its own")), 1000), /its own/);
    assert.deepEqual([socket.listenerCount("close"), socket.listenerCount("error")], [0, 0]);
  });

  it("is void when the connection is gone, even if nobody was told yet", async () => {
    const socket = new PassThrough();
    const done = Promise.resolve("done").then((result) => {
      socket.destroy();
      return result;
    });
    await assert.rejects(inTime(socket, done, 1000), isLost);
  });

  it("is not waited for when the connection fails or the time is up", async () => {
    const socket = new PassThrough();
    const never = new Promise<never>(() => undefined);
    const waiting = inTime(socket, never, 10_000);
    socket.destroy(new Error("reset"));
    await assert.rejects(waiting, isLost);
    await assert.rejects(inTime(new PassThrough(), never, 5), isLost);
  });
});
