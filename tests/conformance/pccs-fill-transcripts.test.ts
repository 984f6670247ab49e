// Intel's recorded dialogues in the modes LAZY and REQ: the same answers, and upstream is asked for nothing that it was not asked for.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { vendorRoot } from "@sealserve/attestation";
import { openUpstream } from "../../packages/collateral-service/src/open-upstream.ts";
import { upstreamParts } from "../../packages/collateral-service/src/server/upstream-parts.ts";
import { INTEL_PCS } from "../../packages/collateral-service/src/upstream/pcs-address.ts";
import { startService, type TestService } from "../../packages/collateral-service/test/support/service.ts";
import { startUpstream, type UpstreamServer } from "../../packages/collateral-service/test/support/upstream-server.ts";
import {
  type Essence,
  essenceOfAnswer,
  essenceOfRecorded,
  readTranscript,
  replay,
} from "../support/pccs-transcripts.ts";
import { type RecordedFill, recordedUpstream } from "../support/recorded-upstream.ts";
import { skipWithoutVectors } from "../support/vectors.ts";

/** Before the end of everything in the recordings: nothing is fetched again for its age. */
const now = (): Date => new Date("2024-07-01T00:00:00Z");
const KEY = "0123456789abcdef0123456789abcdef";

/** Intel's PCCS failed by the certificates that are not available. */
const INSTEAD: Readonly<Record<string, Partial<Essence>>> = {
  "REQ register-not-available": { status: 200, body: "Operation successful." },
};

/** So its registration stayed in the first queue, and belongs into the other. */
const MISPLACED = "DEDEDEDEDEDEDEDEDEDEDEDEDEDEDEDE";
const QUEUES: Readonly<Record<string, (row: string) => boolean>> = {
  "REQ queue-after": (row) => !row.includes(MISPLACED),
  "REQ queue-na-after": (row) => row.includes(MISPLACED),
};

/** What a queue should have answered: some of the rows that all stood in the first one. */
function properQueue(all: Essence, belongs: (row: string) => boolean): Essence {
  const rows = (JSON.parse(all.body) as string[]).filter(belongs);
  return { ...all, headers: { ...all.headers, "platform-count": `${rows.length}` }, body: JSON.stringify(rows) };
}

const tcbInfos = (...tees: readonly string[]): string[] =>
  tees.flatMap((tee) =>
    ["early", "standard"].map(
      (update) => `GET api.trustedservices.intel.com/${tee}/certification/v4/tcb?fmspc=00606A000000&update=${update}`,
    ),
  );
/** Intel's PCCS did not refresh the platform that had registered with a manifest, nor store the one that it failed by. */
const MANIFEST = ["POST api.trustedservices.intel.com/sgx/certification/v4/pckcerts"];
const MORE: Readonly<Record<string, readonly string[]>> = {
  "LAZY refresh-certs": MANIFEST,
  "REQ refresh-certs": MANIFEST,
  "REQ register-not-available": tcbInfos("sgx", "tdx"),
  "REQ refresh": tcbInfos("sgx"),
  "REQ refresh-get": tcbInfos("sgx"),
  "REQ v3-refresh-via-v3-path": tcbInfos("sgx"),
};

for (const [name, mode] of [
  ["08-lazy-upstream-A", "LAZY"],
  ["08-req-upstream-A", "REQ"],
] as const) {
  const cases = skipWithoutVectors ? [] : ((await readTranscript(name)) as readonly RecordedFill[]);
  describe(`the dialogue ${name} of Intel's service`, { skip: skipWithoutVectors }, () => {
    let upstream: UpstreamServer;
    let service: TestService;

    before(async () => {
      upstream = await startUpstream(await recordedUpstream(cases));
      const options = { ...upstream.settings, url: INTEL_PCS, apiKeys: [KEY], root: vendorRoot, now };
      service = await startService({
        windows: "any",
        now,
        fill: async (database) => {
          const opened = openUpstream({ ...options, mode, windows: "any", onFailure: () => undefined }, database);
          return upstreamParts(opened);
        },
      });
    });
    after(async () => {
      await service?.stop();
      await upstream?.close();
    });

    for (const recorded of cases) {
      const { id } = recorded;
      test(id, async () => {
        const earlier = upstream.seen.length;
        const answer = await replay(service.client, recorded);
        const belongs = QUEUES[`${mode} ${id}`];
        const firstQueue = cases.find((one) => one.id === "queue-after") as RecordedFill;
        const shown =
          belongs === undefined ? essenceOfRecorded(recorded) : properQueue(essenceOfRecorded(firstQueue), belongs);
        const expected = { ...shown, ...INSTEAD[`${mode} ${id}`] };
        assert.deepEqual(essenceOfAnswer(answer, recorded), expected);
        const asked = upstream.seen.slice(earlier).map(line);
        const theirs = [...recorded.upstream.map(line), ...(MORE[`${mode} ${id}`] ?? [])];
        assert.deepEqual(without(asked, theirs), [], "asked for more, or more often");
        assert.equal(asked.length > 0, theirs.length > 0);
        for (const { path, headers } of upstream.seen.slice(earlier)) {
          assert.equal(headers["ocp-apim-subscription-key"], path.includes("/pckcerts") ? KEY : undefined);
        }
      });
    }
  });
}

/** What is left of `all` when each of `others` is taken away once. */
function without(all: readonly string[], others: readonly string[]): string[] {
  const rest = [...others];
  return all.filter((one) => {
    const place = rest.indexOf(one);
    if (place >= 0) {
      rest.splice(place, 1);
    }
    return place < 0;
  });
}

/** Encrypted PPIDs are compared in either case. */
function line({ method, host, path }: { method: string; host: string; path: string }): string {
  return `${method} ${host}${path.replace(/encrypted_ppid=[0-9A-Fa-f]+/, (ppid) => ppid.toUpperCase())}`;
}
