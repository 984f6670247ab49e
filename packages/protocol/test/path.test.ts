import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isRestTarget, parseRestPath } from "../src/rest/path.ts";

describe("REST paths", () => {
  it("name a model, a version or a label, and a verb", () => {
    assert.deepEqual(parseRestPath("POST", "/v1/models/m:predict"), { kind: "predict", model: { name: "m" } });
    assert.deepEqual(parseRestPath("POST", "/v1/models/m/versions/007:classify"), {
      kind: "classify",
      model: { name: "m", version: 7n },
    });
    assert.deepEqual(parseRestPath("POST", "/v1/models/m/labels/stable:regress"), {
      kind: "regress",
      model: { name: "m", versionLabel: "stable" },
    });
    assert.deepEqual(parseRestPath("GET", "/v1/models/m"), { kind: "status", model: { name: "m" } });
    assert.deepEqual(parseRestPath("GET", "/v1/models/m/versions/9223372036854775807/metadata"), {
      kind: "metadata",
      model: { name: "m", version: 2n ** 63n - 1n },
    });
  });

  it("are the same in upper and lower case, but for the verb", () => {
    assert.equal(isRestTarget("/V1/MODELS/M:predict"), true);
    assert.deepEqual(parseRestPath("POST", "/V1/MODELS/M:predict"), { kind: "predict", model: { name: "M" } });
    assert.throws(() => parseRestPath("POST", "/v1/models/m:PREDICT"), {
      message: "Malformed request: POST /v1/models/m:PREDICT",
    });
  });

  it("are decoded once, in names and labels", () => {
    assert.deepEqual(parseRestPath("GET", "/v1/models/a%20b%2525"), { kind: "status", model: { name: "a b%25" } });
    assert.deepEqual(parseRestPath("GET", "/v1/models/m/labels/%C3%A9"), {
      kind: "status",
      model: { name: "m", versionLabel: "é" },
    });
    assert.deepEqual(parseRestPath("GET", "/v1/models/50%"), { kind: "status", model: { name: "50%" } });
    assert.deepEqual(parseRestPath("GET", "/v1/models/é"), { kind: "status", model: { name: "é" } });
    assert.throws(() => parseRestPath("GET", "/v1/models/%ff"), { message: "Malformed request: GET /v1/models/%ff" });
  });

  it("leave a query aside", () => {
    assert.deepEqual(parseRestPath("GET", "/v1/models/m?a=/b:c"), { kind: "status", model: { name: "m" } });
  });

  it("outside /v1/ are not of this API", () => {
    for (const path of ["/", "/v1", "/v2/models", "/x/v1/models/m", "/monitoring/prometheus/metrics", ""]) {
      assert.equal(isRestTarget(path), false);
      assert.throws(() => parseRestPath("GET", path), { message: `Malformed request: GET ${path}` });
    }
  });

  it("can be asked for with OPTIONS, whatever they are", () => {
    assert.deepEqual(parseRestPath("OPTIONS", "/v1/anything"), { kind: "preflight" });
  });

  it("are refused when they match nothing", () => {
    for (const [method, path] of [
      ["GET", "/v1/foo"],
      ["GET", "/v1/models/m:predict"],
      ["POST", "/v1/models/m"],
      ["POST", "/v1/models:predict"],
      ["POST", "/v1/models/m/versions/1/labels/a:predict"],
      ["POST", "/v1/models/m/versions/x:predict"],
      ["POST", "/v1/models/m/versions/-1:predict"],
      ["POST", "/v1/models/a/b:predict"],
      ["POST", "/v1/models/m:predict/"],
      ["POST", "/v1/models/m:predict\n"],
      ["GET", "/v1/models/m/labels/"],
      ["PUT", "/v1/models/m:predict"],
      ["HEAD", "/v1/models/m"],
    ] as const) {
      assert.throws(() => parseRestPath(method, path), {
        code: "INVALID_ARGUMENT",
        message: `Malformed request: ${method} ${path}`,
      });
    }
  });

  it("are refused without a model, or, without a message, with a version that no integer holds", () => {
    assert.throws(() => parseRestPath("GET", "/v1/models"), { message: "Missing model name in request." });
    for (const version of ["9223372036854775808", "18446744073709551615", "9".repeat(100_000)]) {
      assert.throws(() => parseRestPath("POST", `/v1/models/m/versions/${version}:predict`), {
        code: "INVALID_ARGUMENT",
        message: "",
      });
    }
  });
});
