import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { BrokerError, type ReleasedKey } from "@sealserve/broker/client";
import { Lease } from "../src/lease/lease.ts";
import { LeaseKeeper, type LeaseRequest } from "../src/lease/lease-keeper.ts";
import { Pauses } from "../src/lease/pauses.ts";
import { PassingClock } from "./support/passing-clock.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const served = { manifestDigest: "ab".repeat(32), ownerPublicKeyPem: "PEM", version: 3 };
const unreachable = new BrokerError("broker-unreachable", "down");
const refusal = new BrokerError("release-refused", "refused");

type Answer = Partial<ReleasedKey> | Error | "never";

let clock: PassingClock;
let lease: Lease;
/** What the broker answers: the first as often as asked, unless there are others behind it. */
let answers: Answer[];
let requests: LeaseRequest[];
let released: ReleasedKey[];
/** What the keeper told, and what it logged. */
let told: string[];
let log: string[];
let stop: AbortController;
let kept: Promise<void>;

async function answer(request: LeaseRequest): Promise<ReleasedKey> {
  requests.push(request);
  const next = (answers.length > 1 ? answers.shift() : answers[0]) ?? {};
  if (next === "never") {
    return await new Promise((_, reject) => request.signal.addEventListener("abort", () => reject(unreachable)));
  }
  if (next instanceof Error) {
    throw next;
  }
  const wrapKey = new Uint8Array(16).fill(7);
  const { manifestDigest, ownerPublicKeyPem } = served;
  const key = { wrapKey, manifestDigest, ownerPublicKeyPem, minimumVersion: 2, leaseSeconds: 60, ...next };
  released.push(key);
  return key;
}

function keep(seconds: number | "endless" = 60, restored: () => Promise<void> = async () => undefined): void {
  lease.grant(clock.now(), seconds === "endless" ? undefined : seconds);
  const keeper = new LeaseKeeper({
    lease,
    served,
    request: answer,
    onLapsed: async (reason) => void told.push(`lapsed ${reason} ${lease.held}`),
    onRestored: async ({ wrapKey }) => {
      assert.deepEqual([...wrapKey], Array(16).fill(7));
      await restored();
      told.push(`restored ${lease.held}`);
    },
    log: (event, fields) => log.push(`${event} ${Object.values(fields).join()}`),
    clock,
    random: () => 0.5,
  });
  kept = keeper.keep(stop.signal);
}

beforeEach(() => {
  clock = new PassingClock();
  lease = new Lease(clock);
  answers = [{}];
  [requests, released, told, log] = [[], [], [], []];
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  await kept;
  assert.deepEqual(clock.waits, [], "nothing is left behind");
});

describe("a lease", () => {
  it("is held from its grant to its end, counted from before the broker was asked", async () => {
    keep();
    assert.equal(new Lease(clock).held, false);
    const own = new Lease(clock);
    own.grant(clock.now() - 20 * SECOND, 60);
    await clock.pass(40 * SECOND - 1);
    assert.equal(own.held, true);
    await clock.pass(1);
    assert.equal(own.held, false);
  });

  it("is not prolonged by a clock of the host that goes back", (t) => {
    keep();
    t.mock.timers.enable({ apis: ["Date"], now: Date.now() - 86_400_000 });
    const own = new Lease();
    own.grant(performance.now() - 2 * SECOND, 2);
    assert.equal(own.held, false);
  });

  it("tells people when it ends, and that it has no end", () => {
    keep();
    const left = (lease.endsAt?.getTime() ?? 0) - Date.now();
    assert.ok(left > 59 * SECOND && left <= 60 * SECOND);
    const endless = new Lease(clock);
    endless.grant(clock.now(), undefined);
    assert.deepEqual([endless.held, endless.endsAt], [true, undefined]);
  });

  it("that is over does not look like one without end", () => {
    keep();
    for (const seconds of [60, undefined]) {
      const own = new Lease(clock);
      own.grant(clock.now(), seconds);
      own.end();
      const ended = own.endsAt;
      assert.ok(!own.held && ended !== undefined && ended.getTime() <= Date.now());
      own.end();
      assert.equal(own.endsAt, ended);
    }
  });
});

describe("keeping a lease", () => {
  it("renews it at half of its time, again and again, and wipes the keys that come along", async () => {
    keep();
    await clock.pass(29 * SECOND);
    assert.equal(requests.length, 0);
    await clock.pass(2 * SECOND);
    assert.equal(requests.length, 1);
    await clock.pass(10 * MINUTE);
    assert.equal(requests.length, 21);
    assert.ok(requests.every(({ servedManifestDigest }) => servedManifestDigest === served.manifestDigest));
    assert.ok(released.every(({ wrapKey }) => wrapKey.every((byte) => byte === 0)));
    assert.deepEqual([told, lease.held], [[], true]);
  });

  it("takes the length of the newest answer", async () => {
    answers = [{ leaseSeconds: 600 }];
    keep();
    await clock.pass(31 * SECOND);
    await clock.pass(9 * MINUTE);
    assert.equal(requests.length, 2);
    assert.equal(lease.held, true);
  });

  it("has nothing to do when no end is set, at first or later", async () => {
    keep("endless");
    await kept;
    answers = [{ leaseSeconds: undefined }];
    keep();
    await clock.pass(31 * SECOND);
    await kept;
    await clock.pass(100 * MINUTE);
    assert.deepEqual([requests.length, lease.held], [1, true]);
  });

  it("outlives a broker that is down for less than it lasts, with growing pauses", async () => {
    answers = [unreachable];
    keep();
    await clock.pass(50 * SECOND);
    assert.ok(requests.length > 3 && requests.length < 10, `${requests.length} attempts`);
    assert.ok(log.every((line) => line === "lease-renewal-failed broker-unreachable"));
    answers = [{}];
    await clock.pass(10 * MINUTE);
    assert.deepEqual([told, lease.held], [[], true]);
  });

  it("lapses at its end, not later, when no renewal comes", async () => {
    for (const silent of [
      unreachable,
      new BrokerError("collateral-unavailable", "none"),
      new Error("x"),
      "never",
    ] as const) {
      answers = [silent];
      keep();
      await clock.pass(MINUTE - 1);
      assert.deepEqual([told, lease.held], [[], true]);
      await clock.pass(1);
      assert.deepEqual([told, lease.held], [["lapsed expired false"], false]);
      stop.abort();
      await kept;
      stop = new AbortController();
      told = [];
    }
  });

  it("gains nothing by an answer that comes after its end", async () => {
    const late = Promise.withResolvers<ReleasedKey>();
    lease.grant(clock.now(), 60);
    const wrapKey = new Uint8Array(16).fill(7);
    const keeper = new LeaseKeeper({
      lease,
      served,
      request: () => late.promise,
      onLapsed: async () => void told.push("lapsed"),
      onRestored: async () => void told.push("restored"),
      log: () => undefined,
      clock,
    });
    kept = keeper.keep(stop.signal);
    await clock.pass(MINUTE);
    late.resolve({ ...served, wrapKey, minimumVersion: 1, leaseSeconds: 60 });
    await clock.pass(0);
    assert.deepEqual([told, lease.held, wrapKey.every((byte) => byte === 0)], [["lapsed"], false, true]);
  });

  it("gives an attempt a part of the lease, within bounds", async () => {
    for (const [seconds, timeoutMs] of [
      [10, 5000],
      [80, 10_000],
      [3600, 60_000],
    ] as const) {
      answers = [{ leaseSeconds: seconds }];
      keep(seconds);
      await clock.pass(0.6 * seconds * SECOND);
      assert.equal(requests.at(-1)?.timeoutMs, timeoutMs);
      stop.abort();
      await kept;
      stop = new AbortController();
    }
  });

  it("lapses at once when the broker refuses", async () => {
    answers = [refusal];
    keep();
    await clock.pass(31 * SECOND);
    assert.deepEqual([told, lease.held], [["lapsed refused false"], false]);
  });

  it("lapses at once when the broker states another package, another owner or a newer minimum", async () => {
    for (const other of [{ manifestDigest: "cd".repeat(32) }, { ownerPublicKeyPem: "other" }, { minimumVersion: 4 }]) {
      answers = [other];
      keep();
      await clock.pass(31 * SECOND);
      assert.deepEqual([told, lease.held], [["lapsed replaced false"], false]);
      assert.ok(released.every(({ wrapKey }) => wrapKey.every((byte) => byte === 0)));
      stop.abort();
      await kept;
      stop = new AbortController();
      told = [];
    }
  });

  it("goes on with a newer minimum that the package meets", async () => {
    answers = [{ minimumVersion: 3 }];
    keep();
    await clock.pass(5 * MINUTE);
    assert.deepEqual([told, lease.held], [[], true]);
  });
});

describe("a lease that has lapsed", () => {
  it("is asked for on, for the key now, and held again once the broker accepts", async () => {
    answers = [refusal, refusal, unreachable, {}];
    keep();
    await clock.pass(MINUTE);
    assert.deepEqual([told, lease.held], [["lapsed refused false", "restored true"], true]);
    assert.deepEqual(
      requests.map(({ servedManifestDigest }) => servedManifestDigest === undefined),
      [false, true, true, true],
    );
    await clock.pass(10 * MINUTE);
    assert.ok(requests.length > 20);
    assert.deepEqual([told.length, lease.held], [2, true]);
  });

  it("is asked for ever more seldom, down to once in a few minutes", async () => {
    answers = [refusal];
    keep();
    await clock.pass(60 * MINUTE);
    const before = requests.length;
    assert.ok(before < 30, `${before} requests in the first hour`);
    await clock.pass(60 * MINUTE);
    assert.ok(requests.length - before >= 12 && requests.length - before <= 24);
  });

  it("is not regained for another package, whose key is wiped", async () => {
    answers = [refusal, { manifestDigest: "cd".repeat(32) }];
    keep();
    await clock.pass(10 * MINUTE);
    assert.deepEqual([told, lease.held], [["lapsed refused false"], false]);
    assert.ok(released.length > 3 && released.every(({ wrapKey }) => wrapKey.every((byte) => byte === 0)));
    assert.ok(log.includes("lease-not-regained replaced"));
  });

  it("stays lapsed when the package cannot be opened again, until it can", async () => {
    answers = [refusal, {}];
    let broken = true;
    keep(60, async () => {
      if (broken) {
        throw new Error("damaged");
      }
    });
    await clock.pass(MINUTE);
    assert.deepEqual([told, lease.held], [["lapsed refused false"], false]);
    broken = false;
    await clock.pass(2 * MINUTE);
    assert.deepEqual([told.at(-1), lease.held], ["restored true", true]);
  });

  it("lapses again when it is not renewed", async () => {
    answers = [refusal, {}, unreachable];
    keep();
    await clock.pass(3 * MINUTE);
    assert.deepEqual(told, ["lapsed refused false", "restored true", "lapsed expired false"]);
  });
});

describe("pauses", () => {
  it("double up to their maximum, and are shortened by up to a half", () => {
    const full = new Pauses(1000, 5000, () => 1);
    assert.deepEqual([full.next(), full.next(), full.next(), full.next(), full.next()], [1000, 2000, 4000, 5000, 5000]);
    const half = new Pauses(1000, 5000, () => 0);
    assert.deepEqual([half.next(), half.next()], [500, 1000]);
    assert.equal(new Pauses(1000, 250, () => 1).next(), 250);
  });
});
