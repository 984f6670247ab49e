// Intel's service knows neither 405 nor 415; they are sent where the configuration asks for them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { asAdmin, asUser, startService } from "./support/service.ts";
import { BASE } from "./support/upload.ts";

const requests = [
  { method: "DELETE", path: `${BASE}/tcb`, headers: {}, body: "" },
  { method: "POST", path: `${BASE}/tcb`, headers: {}, body: "" },
  { method: "POST", path: `${BASE}/platforms`, headers: { ...asUser, "content-type": "text/plain" }, body: "{}" },
  { method: "POST", path: `${BASE}/platforms`, headers: asUser, body: "{}" },
  {
    method: "PUT",
    path: `${BASE}/platformcollateral`,
    headers: { ...asAdmin, "content-type": "application/json; charset=utf-16" },
    body: "{}",
  },
  { method: "POST", path: `${BASE}/platforms`, headers: asUser, body: "" },
  { method: "DELETE", path: `${BASE}/platformcollateral`, headers: {}, body: "" },
  { method: "DELETE", path: `${BASE}/nothing`, headers: {}, body: "" },
];

for (const [strict, expected] of [
  [false, [404, 404, 400, 400, 400, 400, 401, 404]],
  [true, [405, 405, 415, 415, 415, 400, 401, 404]],
] as const) {
  test(`wrong methods and media types where the service is ${strict ? "strict" : "as Intel's"}`, async () => {
    const service = await startService({ strict });
    const answers = [];
    for (const request of requests) {
      answers.push(await service.client.send(request));
    }
    assert.deepEqual(
      answers.map(({ status }) => status),
      expected,
    );
    assert.equal(answers[0]?.headers["allow"], strict ? "GET,HEAD" : undefined);
    await service.stop();
  });
}
