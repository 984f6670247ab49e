import { readFile } from "node:fs/promises";
import { type AppraisalPolicy, type CoverageGap, coverageGaps, parsePolicy } from "@sealserve/attestation";
import { parseBrokerConfig, policyNotices } from "@sealserve/broker";
import { parseYamlDocument } from "@sealserve/config";
import type { Command } from "commander";
import { paint, printJson, tell } from "../output/terminal.ts";

interface NamedPolicy {
  /** Of the model or secret; `policy` for a file that holds one policy alone. */
  readonly name: string;
  readonly policy: AppraisalPolicy;
  /** What the broker says about it when it starts. */
  readonly notices: readonly string[];
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
  const policies = readPolicies(await readFile(file, "utf8"), file).map(({ name, policy, notices }) => ({
    name,
    policy,
    notices,
    gaps: coverageGaps(policy),
  }));
  if (options.json) {
    printJson({ ok: true, models: policies });
    return;
  }
  for (const { name, notices, gaps } of policies) {
    tell(`${name}: ${paint("green", "pins its software")}`);
    for (const notice of notices) {
      tell(`  ${paint("yellow", notice)}`);
    }
    for (const gap of gaps) {
      tell(`  ${describeGap(gap)}`);
    }
  }
}

function readPolicies(text: string, file: string): readonly NamedPolicy[] {
  const document = parseYamlDocument(text, file).json();
  if (!isBrokerConfig(document)) {
    return [{ name: "policy", policy: parsePolicy(document), notices: [] }];
  }
  const { models, secretProvisioning } = parseBrokerConfig(text, file);
  const guarded = [...models, ...(secretProvisioning?.secrets ?? [])];
  return guarded.map(({ name, policy }) => ({ name, policy, notices: policyNotices(policy) }));
}

/** A broker's configuration lists models, or has the port for Gramine's protocol, which can stand alone. */
function isBrokerConfig(document: unknown): boolean {
  const isMapping = typeof document === "object" && document !== null;
  return isMapping && ("models" in document || "secretProvisioning" in document);
}

function describeGap({ member, reason, waived }: CoverageGap): string {
  return waived ? `${member}: left open by the owner (${reason})` : paint("yellow", `${member} is open: ${reason}`);
}
