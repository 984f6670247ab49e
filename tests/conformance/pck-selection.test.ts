import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseTcbInfo, type TcbInfo } from "@sealserve/attestation";
import { candidatesOf } from "../../packages/collateral-service/src/selection/candidates.ts";
import { selectPckCertificate } from "../../packages/collateral-service/src/selection/select-pck-certificate.ts";
import { readVectorText, skipWithoutVectors } from "../support/vectors.ts";

interface Fixture {
  readonly collaterals: {
    readonly pck_certs: readonly {
      readonly qe_id: string;
      readonly pce_id: string;
      readonly certs: readonly { readonly tcbm: string; readonly cert: string }[];
    }[];
    readonly tcbinfos: readonly { readonly fmspc: string; readonly sgx_tcbinfo?: { readonly tcbInfo: unknown } }[];
  };
}

interface Row {
  readonly qeid: string;
  readonly pceid: string;
  readonly cpusvn: string;
  readonly pcesvn: string;
  readonly tcbm: string | null;
  readonly tcbmNativeLibraryRule?: string | null;
}

const json = async <Content>(path: string): Promise<Content> => JSON.parse(await readVectorText(`pccs/${path}`));

function tcbInfosOf({ collaterals }: Fixture): Map<string, TcbInfo> {
  return new Map(
    collaterals.tcbinfos.flatMap(({ fmspc, sgx_tcbinfo: signed }) =>
      signed === undefined ? [] : [[fmspc, parseTcbInfo(JSON.stringify(signed.tcbInfo))] as const],
    ),
  );
}

/** How many rows there are, and those in which another certificate was selected than was recorded. */
async function compare(transcript: string, fixture: string): Promise<{ rows: number; differing: Row[] }> {
  const { cases } = await json<{ cases: Row[] }>(transcript);
  const dataset = await json<Fixture>(fixture);
  const tcbInfos = tcbInfosOf(dataset);
  const platforms = new Map(
    dataset.collaterals.pck_certs.map(({ qe_id, certs }) => [
      qe_id,
      candidatesOf(certs.map(({ tcbm, cert }) => ({ tcbm: tcbm.toUpperCase(), pem: decodeURIComponent(cert) }))),
    ]),
  );
  const differing = cases.filter((row) => {
    const candidates = platforms.get(row.qeid) ?? [];
    const fmspc = candidates[0]?.extension.fmspc.toUpperCase() ?? "";
    const raw = { cpuSvn: row.cpusvn, pceSvn: row.pcesvn };
    const selected = selectPckCertificate(raw, row.pceid, candidates, tcbInfos.get(fmspc) as TcbInfo);
    const expected = row.tcbmNativeLibraryRule === undefined ? row.tcbm : row.tcbmNativeLibraryRule;
    return (selected?.tcbm ?? null) !== expected;
  });
  return { rows: cases.length, differing };
}

describe("the PCK certificate for a raw TCB", { skip: skipWithoutVectors }, () => {
  test("is the one that Intel's service answers with, for three real platforms", async () => {
    const result = await compare("04-pck-selection-A.json", "fixtures/dataset-A.json");
    assert.deepEqual(result, { rows: 158, differing: [] });
  });

  test("is the one of Intel's native library, for platforms with many incomparable TCBs", async () => {
    const result = await compare("09-pck-selection-synthetic-S.json", "fixtures/dataset-S.json");
    assert.deepEqual(result, { rows: 360, differing: [] });
  });
});
