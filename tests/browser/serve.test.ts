import assert from "node:assert/strict";
import { request } from "node:http";
import { after, describe, it } from "node:test";
import { startServer } from "./serve.ts";

const server = await startServer(new Map([["/a.js", new TextEncoder().encode("1")]]));
after(() => server.close());

/** Status of the answer to a path that is sent as it is. */
function statusOf(path: string): Promise<number | undefined> {
  return new Promise((done, fail) => {
    const { port } = new URL(server.origin);
    request({ host: "127.0.0.1", port, path }, (response) => done(response.resume().statusCode))
      .on("error", fail)
      .end();
  });
}

describe("the server of the browser run", () => {
  it("serves the page and the scripts", async () => {
    assert.equal(await statusOf("/"), 200);
    const response = await fetch(`${server.origin}/a.js`);
    assert.equal(response.headers.get("content-type"), "text/javascript");
    assert.equal(await response.text(), "1");
  });

  it("serves nothing outside the vectors", async () => {
    for (const path of [
      "/b.js",
      "/package.json",
      "/vectors/",
      "/vectors/../design.md",
      "/vectors/%2e%2e/design.md",
      "/vectors/..%2fdesign.md",
      "/vectors/%2fetc%2fpasswd",
      "/vectors/%zz",
    ]) {
      assert.equal(await statusOf(path), 404, path);
    }
  });
});
