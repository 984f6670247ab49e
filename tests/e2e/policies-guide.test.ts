// The guide to policies: its example is a policy, and its tables name every member that a policy can have, and no other.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { AttestationError, coverageGaps, parsePolicy } from "@sealserve/attestation";
import { parseYamlDocument } from "@sealserve/config";

const guide = await readFile(new URL("../../docs/policies.md", import.meta.url), "utf8");
const [, example] = /```yaml\n(.*?)```/s.exec(guide) ?? [];
const rows = guide.split("\n").filter((line) => line.startsWith("| `"));
const named = rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, name]) => name));

/** Names of the members at `path`, as a refusal of an unknown one lists them. */
function membersAt(path: string): string[] {
  const unknown = { noSuchMember: 1 };
  try {
    parsePolicy(path === "" ? unknown : { [path]: unknown });
  } catch (error) {
    assert.ok(error instanceof AttestationError);
    return (error.expected ?? "").split(", ").map((name) => (path === "" ? name : `${path}.${name}`));
  }
  return assert.fail("an unknown member was accepted");
}

describe("the guide to policies", () => {
  it("has an example that is a policy, with one register left open on purpose", () => {
    const waived = coverageGaps(parsePolicy(parseYamlDocument(example ?? "", "policies.md").json())).filter(
      (gap) => gap.waived,
    );
    assert.deepEqual(
      waived.map(({ member }) => member),
      ["tdx.images[0].rtMr3"],
    );
  });

  it("names every member", () => {
    const groups = ["sgx", "tdx", "snp", "tcb"];
    const members = [...membersAt("").filter((name) => !groups.includes(name)), ...groups.flatMap(membersAt)];
    assert.deepEqual([...named].sort(), members.sort());
  });
});
