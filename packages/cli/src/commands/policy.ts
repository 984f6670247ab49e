import { readFile } from "node:fs/promises";
import { type AppraisalPolicy, type CoverageGap, coverageGaps, parsePolicy } from "@sealserve/attestation";
import { parseBrokerConfig } from "@sealserve/broker";
import { parseYamlDocument } from "@sealserve/config";
import type { Command } from "commander";
import { paint, printJson, tell } from "../output/terminal.ts";

interface NamedPolicy {
  /** Of the model; `policy` for a file that holds one policy alone. */
  readonly name: string;
  readonly policy: AppraisalPolicy;
}

/** `sealserve policy …`: looks at policies without running anything. */
export function addPolicyCommands(program: Command): void {
  const policy = program.command("policy").summary("check a policy");
  policy
    .command("lint")
    .argument("<file>", "a broker's configuration, or a single appraisal policy (YAML or JSON)")
    .description("Names what the broker or verifier would refuse, and what the policy leaves open.")
    .option("--json", "print one JSON document on standard output")
    .addHelpText("after", "\nExample:\n  sealserve policy lint broker.yaml")
    .action(lintPolicy);
}

async function lintPolicy(file: string, options: { readonly json?: true }): Promise<void> {
  const models = readPolicies(await readFile(file, "utf8"), file).map(({ name, policy }) => ({
    name,
    policy,
    gaps: coverageGaps(policy),
  }));
  if (options.json) {
    printJson({ ok: true, models });
    return;
  }
  for (const { name, gaps } of models) {
    tell(`${name}: ${paint("green", "pins its software")}`);
    for (const gap of gaps) {
      tell(`  ${describeGap(gap)}`);
    }
  }
}

/** A broker's configuration is the one that lists models. */
function readPolicies(text: string, file: string): readonly NamedPolicy[] {
  const document = parseYamlDocument(text, file).json();
  const isBroker = typeof document === "object" && document !== null && "models" in document;
  return isBroker ? parseBrokerConfig(text, file).models : [{ name: "policy", policy: parsePolicy(document) }];
}

function describeGap({ member, reason, waived }: CoverageGap): string {
  return waived ? `${member}: left open by the owner (${reason})` : paint("yellow", `${member} is open: ${reason}`);
}
