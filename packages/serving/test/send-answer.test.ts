import assert from "node:assert/strict";
import { once } from "node:events";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { test } from "node:test";
import { sendAnswer } from "../src/http/send-answer.ts";
import { CallScope } from "../src/transport/call-scope.ts";
import { quickLimits } from "./support/quick-limits.ts";

/** A connection whose other end takes nothing. */
class StuckSocket extends Socket {
  override _write(): void {
    // Never done.
  }

  override _writev(): void {
    // Never done.
  }
}

for (const [kind, size] of [
  ["small", 10],
  ["large", 1 << 16],
] as const) {
  test(`a connection that does not take a ${kind} answer is ended`, { timeout: 10_000 }, async (context) => {
    const socket = new StuckSocket();
    const incoming = new IncomingMessage(socket);
    incoming.complete = true;
    const response = new ServerResponse(incoming);
    response.assignSocket(socket);
    // As the server has it.
    socket.on("timeout", () => response.emit("timeout"));
    const limits = quickLimits({ stallTimeoutMs: 40 });
    const answer = { status: 200, body: new Uint8Array(size) };
    sendAnswer(incoming, response, answer, { keepAlive: true, limits, scope: new CallScope(response) });
    assert.ok(!socket.destroyed);
    // The time that all small answers share keeps no process alive.
    const waiting = setInterval(() => undefined, 1000);
    context.after(() => clearInterval(waiting));
    await once(socket, "close");
    assert.ok(!response.writableFinished);
  });
}
