import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startService, type TestService } from "../../packages/collateral-service/test/support/service.ts";
import {
  type Essence,
  essenceOfAnswer,
  essenceOfRecorded,
  type RecordedCase,
  readSelection,
  readTranscript,
  replay,
} from "../support/pccs-transcripts.ts";
import { skipWithoutVectors } from "../support/vectors.ts";

/** Collected at different times: no clock finds all of it in its window, so everything comes with this warning. */
const options = { windows: "any", stale: "warn" } as const;
const STALE = '110 - "Response is Stale"';

/** Passed on where there is an upstream, which these recordings have not. */
const NOT_CACHED = { status: 404, body: "No cache data for this platform." };

/** Where the specification says "do instead"; the table in `docs/collateral-service.md` has the reasons. */
const INSTEAD: Readonly<Record<string, Partial<Essence>>> = {
  "tcb-evaluation-number-ignored": {
    status: 410,
    headers: { "content-type": "text/html" },
    body: "The TCB evaluation data number is no longer available.",
  },
  "fmspcs-not-implemented": NOT_CACHED,
  "tcbevalnumbers-not-implemented": NOT_CACHED,
  "pckcerts-not-implemented": NOT_CACHED,
  "path-uppercase-version": { status: 404, body: "a page" },
  "pckcrl-ca-object": { status: 400, body: "Invalid request parameters." },
  "tcb-update-object": { status: 400, body: "Invalid request parameters." },
  "put-collateral-charset-utf16": { status: 400, body: "Invalid request parameters." },
  "refresh-certs-list-fmspc": { status: 503, body: "Server is currently unable to process the request." },
};

function withoutStaleWarning({ headers, ...rest }: Essence): Essence {
  const { warning = "", ...others } = headers;
  const left = warning
    .split(", ")
    .filter((one) => one !== STALE)
    .join(", ");
  return { ...rest, headers: left === "" ? others : { ...others, warning: left } };
}

async function compare(service: TestService, recorded: RecordedCase): Promise<void> {
  const actual = withoutStaleWarning(essenceOfAnswer(await replay(service.client, recorded), recorded));
  assert.deepEqual(actual, { ...essenceOfRecorded(recorded), ...INSTEAD[recorded.id] });
}

const suites = [
  { name: "01-offline-empty", loaded: false },
  { name: "02-errors", loaded: false },
  { name: "03-dataset-A", loaded: false },
  { name: "05-platforms-queue-A", loaded: true },
  { name: "06-appraisal-policy-A", loaded: true },
  { name: "07-v3", loaded: false },
];

/** What the databases of some recordings held before: the fixture, and raw TCBs that had been asked for. */
async function load({ client }: TestService): Promise<void> {
  const [upload, ...others] = await readTranscript("03-dataset-A");
  const highest = others.filter(({ id }) => id.startsWith("pckcert-tcb-max"));
  for (const recorded of [upload as RecordedCase, ...highest]) {
    await replay(client, recorded);
  }
  for (const { path } of await readSelection()) {
    await client.send({ path });
  }
}

for (const { name, loaded } of suites) {
  const cases = skipWithoutVectors ? [] : await readTranscript(name);
  describe(`the dialogue ${name} of Intel's service`, { skip: skipWithoutVectors }, () => {
    let service: TestService;
    before(async () => {
      service = await startService(options);
      if (loaded) {
        await load(service);
      }
    });
    after(() => service.stop());
    for (const recorded of cases) {
      test(recorded.id, () => compare(service, recorded));
    }
  });
}

describe("the certificate for each recorded raw TCB, over the socket", { skip: skipWithoutVectors }, () => {
  test("is the recorded one", async () => {
    const service = await startService(options);
    const [upload] = await readTranscript("03-dataset-A");
    await replay(service.client, upload as RecordedCase);
    const answers = [];
    for (const { path, status, tcbm } of await readSelection()) {
      const answer = await service.client.send({ path });
      answers.push([answer.status, answer.headers["sgx-tcbm"] ?? null]);
      assert.deepEqual(answers.at(-1), [status, tcbm]);
    }
    await service.stop();
    assert.equal(answers.length, 158);
  });
});
