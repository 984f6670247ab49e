import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseTcbInfo } from "@sealserve/attestation";
import { type Candidate, selectPckCertificate } from "../src/selection/select-pck-certificate.ts";
import { isAtLeast, tcbOf } from "../src/selection/tcb.ts";
import { vendor } from "./support/documents.ts";

const ZEROS = Array<number>(14).fill(0);
const components = (first: number, second: number): number[] => [first, second, ...ZEROS];
const { fmspc, ppid } = vendor.machine;

const candidate = (tcbm: string, first: number, second: number, changes: Partial<Candidate["extension"]> = {}) => ({
  tcbm,
  extension: { components: components(first, second), pceSvn: 5, pceId: "0000", fmspc, ppid, ...changes },
});
const raw = (first: number, second: number) => ({
  cpuSvn: Buffer.from(components(first, second)).toString("hex"),
  pceSvn: "0500",
});

async function tcbInfoOf(...levels: readonly (readonly [number, number])[]) {
  const tcbLevels = levels.map(([first, second]) => ({
    componentSvns: components(first, second),
    pceSvn: 5,
    status: "UpToDate",
  }));
  return parseTcbInfo((await vendor.collateral({ tcbLevels })).tcbInfo);
}

const tcbInfo = await tcbInfoOf([5, 5], [2, 2]);
const select = (certificates: readonly Candidate[], of = raw(9, 9)): string | undefined =>
  selectPckCertificate(of, "0000", certificates, tcbInfo)?.tcbm;

describe("the certificate for a raw TCB", () => {
  test("is of the best level, even when a larger one is of a lower", () => {
    assert.equal(select([candidate("low", 9, 4), candidate("high", 5, 5)]), "high");
  });

  test("is the largest within a level", () => {
    assert.equal(select([candidate("small", 5, 5), candidate("large", 6, 6), candidate("middle", 6, 5)]), "large");
  });

  test("is not above what the platform has", () => {
    const certificates = [candidate("above", 6, 6), candidate("below", 3, 3)];
    assert.equal(select(certificates, raw(5, 9)), "below");
    assert.equal(select(certificates, raw(2, 9)), undefined);
  });

  test("may reach no level at all", () => {
    assert.equal(select([candidate("none", 1, 1)]), "none");
  });

  test("is none without certificates, or when one is not of the same platform", () => {
    assert.equal(select([]), undefined);
    for (const changes of [{ fmspc: "ffffffffffff" }, { pceId: "0001" }, { ppid: "00".repeat(16) }]) {
      assert.equal(select([candidate("own", 5, 5), candidate("foreign", 6, 6, changes)]), undefined);
    }
    assert.equal(selectPckCertificate(raw(9, 9), "0001", [candidate("own", 5, 5)], tcbInfo), undefined);
  });
});

test("incomparable TCBs are not at least each other", () => {
  const [one, other] = [tcbOf(raw(1, 2)), tcbOf(raw(2, 1))];
  assert.deepEqual([isAtLeast(one, other), isAtLeast(other, one), isAtLeast(one, one)], [false, false, true]);
  assert.equal(tcbOf({ cpuSvn: "00".repeat(16), pceSvn: "0D01" }).pceSvn, 0x010d);
});
