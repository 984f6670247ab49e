import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { capConnections } from "../src/server/cap-connections.ts";
import { type OpenPort, openServerPort } from "../src/server/open-port.ts";

const ANY = { host: "127.0.0.1", port: 0 };
const noError = (): void => assert.fail("no error was expected");

/** A connection from one of the loopback addresses; tells whether the server kept it. */
async function join({ address }: OpenPort, localAddress: string): Promise<{ socket: Socket; kept: boolean }> {
  const socket = connect({ ...address, localAddress }).on("error", () => undefined);
  const greeted = once(socket, "data").then(() => true);
  const closed = once(socket, "close").then(() => false);
  return { socket, kept: await Promise.race([greeted, closed]) };
}

describe("the port of a server", () => {
  let server: Server;
  let port: OpenPort;

  beforeEach(async () => {
    server = createServer();
    capConnections(server, { maxConnections: 4, maxConnectionsPerAddress: 2 });
    server.on("connection", (socket) => socket.on("error", () => undefined).write("hello"));
    port = await openServerPort(server, ANY, noError);
  });

  afterEach(() => (server.listening ? port.close(0) : undefined));

  it("closes what one address opens beyond its cap, and leaves room for others", async () => {
    const first = await join(port, "127.0.0.1");
    assert.ok(first.kept);
    assert.ok((await join(port, "127.0.0.1")).kept);
    assert.equal((await join(port, "127.0.0.1")).kept, false);
    assert.ok((await join(port, "127.0.0.2")).kept);
    first.socket.destroy();
    await once(first.socket, "close");
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok((await join(port, "127.0.0.1")).kept);
    assert.equal((await join(port, "127.0.0.1")).kept, false);
  });

  it("closes what all addresses open beyond the common cap", async () => {
    for (const localAddress of ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"]) {
      assert.ok((await join(port, localAddress)).kept);
    }
    assert.equal((await join(port, "127.0.0.5")).kept, false);
  });

  it("cuts connections that do not end within the drain time", async () => {
    const { socket } = await join(port, "127.0.0.1");
    const gone = once(socket, "close");
    const steps: string[] = [];
    await port.close(50, () => steps.push("goodbye"));
    assert.deepEqual(steps, ["goodbye"]);
    await gone;
  });

  it("cannot be had twice", async () => {
    await assert.rejects(openServerPort(createServer(), port.address, noError), { code: "EADDRINUSE" });
  });
});
