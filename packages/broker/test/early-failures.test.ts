import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { EarlyFailures } from "../src/log/early-failures.ts";

const PREFIX = "attempts without a record of their own:";

describe("attempts without a record", () => {
  let notices: string[];
  let failures: EarlyFailures;

  beforeEach(() => {
    mock.timers.enable({ apis: ["setTimeout"] });
    notices = [];
    failures = new EarlyFailures({ intervalMs: 60_000, notice: (message) => notices.push(message) });
  });

  afterEach(() => mock.timers.reset());

  it("are told at once, then no more than once an interval, and then again at once", () => {
    failures.count("wrong-request", "10.0.0.1");
    assert.deepEqual(notices.splice(0), [`${PREFIX} wrong-request 1; addresses: 1`]);
    failures.count("wrong-request", "10.0.0.1");
    failures.count("closed-early", "10.0.0.2");
    failures.count("wrong-request", "10.0.0.2");
    mock.timers.tick(59_999);
    assert.deepEqual(notices, []);
    mock.timers.tick(1);
    assert.deepEqual(notices.splice(0), [`${PREFIX} wrong-request 2, closed-early 1; addresses: 2`]);
    mock.timers.tick(60_000);
    mock.timers.tick(60_000);
    assert.deepEqual(notices, []);
    failures.count("closed-early", "10.0.0.1");
    assert.equal(notices.length, 1);
  });

  it("are told before their time at the end, if there are any", () => {
    failures.flush();
    failures.count("closed-early", "10.0.0.1");
    failures.count("closed-early", "10.0.0.1");
    failures.flush();
    failures.flush();
    assert.deepEqual(notices, [`${PREFIX} closed-early 1; addresses: 1`, `${PREFIX} closed-early 1; addresses: 1`]);
    mock.timers.tick(120_000);
    assert.equal(notices.length, 2);
  });

  it("cost no memory without end when they come from everywhere", () => {
    for (let index = 0; index <= 5000; index++) {
      failures.count("closed-early", `10.0.${index >> 8}.${index & 255}`);
    }
    failures.flush();
    assert.equal(notices.at(-1), `${PREFIX} closed-early 5000; addresses: 1000 or more`);
  });
});
