import { type AppraisalPolicy, type CoverageGap, coverageGaps } from "@sealserve/attestation";
import { leaseNotices, parseBrokerConfig, policyNotices, type RaConfigSource } from "@sealserve/broker";
import { parseYamlDocument } from "@sealserve/config";
import type { Command } from "commander";
import { policyIn } from "../evidence/reference-values.ts";
import { readNamedText } from "../named-file.ts";
import { JSON_OPTION, paint, printJson, tell } from "../output/terminal.ts";

interface NamedPolicy {
  /** Of the model or secret; `policy` for a file that holds one policy alone. */
  readonly name: string;
  readonly policy: AppraisalPolicy;
  /** What the owner should know beside what it leaves open. */
  readonly notices: readonly string[];
  /** Whether it pins the software itself. */
  readonly pinned: boolean;
}

/** `sealserve policy …`: looks at policies without running anything. */
export function addPolicyCommands(program: Command): void {
  const policy = program.command("policy").summary("check a policy");
  policy
    .command("lint")
    .argument("<file>", "a broker's configuration, or a single appraisal policy (YAML or JSON)")
    .description("Names what the broker or verifier would refuse, and what the policy leaves open.")
    .option(...JSON_OPTION)
    .addHelpText("after", "\nExample:\n  sealserve policy lint broker.yaml")
    .action(lintPolicy);
}

async function lintPolicy(file: string, options: { readonly json?: true }): Promise<void> {
  const policies = (await readPolicies(await readNamedText(file), file)).map((named) => ({
    ...named,
    gaps: coverageGaps(named.policy),
  }));
  if (options.json) {
    printJson({ ok: true, models: policies });
    return;
  }
  for (const { name, notices, gaps, pinned } of policies) {
    tell(`${name}: ${pinned ? paint("green", "pins its software") : "guarded by rules of its own"}`);
    for (const notice of notices) {
      tell(`  ${paint("yellow", notice)}`);
    }
    for (const gap of gaps) {
      tell(`  ${describeGap(gap)}`);
    }
  }
}

async function readPolicies(text: string, file: string): Promise<readonly NamedPolicy[]> {
  const document = parseYamlDocument(text, file).json();
  if (!isBrokerConfig(document)) {
    return [{ name: "policy", policy: await policyIn(document, file), notices: [], pinned: true }];
  }
  const { models, secretProvisioning } = parseBrokerConfig(text, file);
  const named = [
    ...models.map((model) => pinnedPolicy(model, leaseNotices(model))),
    ...(secretProvisioning?.secrets ?? []).map((secret) => pinnedPolicy(secret)),
  ];
  const rules = secretProvisioning?.raConfig;
  return rules === undefined ? named : [...named, lintRules(rules)];
}

function pinnedPolicy(
  { name, policy }: Pick<NamedPolicy, "name" | "policy">,
  more: readonly string[] = [],
): NamedPolicy {
  return { name, policy, notices: [...policyNotices(policy), ...more], pinned: true };
}

/** The rules pin the software and are read by the broker itself; what stands beside them is here. */
function lintRules({ file, platform, insecureAcceptAnyEnclave }: RaConfigSource): NamedPolicy {
  const any = insecureAcceptAnyEnclave ? ["may accept any enclave, NOT SECURE"] : [];
  const notices = [...any, ...policyNotices(platform), "its rules are checked when the broker starts"];
  return { name: file, policy: platform, notices, pinned: false };
}

/** A broker's configuration lists models, or has the port for Gramine's protocol, which can stand alone. */
function isBrokerConfig(document: unknown): boolean {
  const isMapping = typeof document === "object" && document !== null;
  return isMapping && ("models" in document || "secretProvisioning" in document);
}

function describeGap({ member, reason, waived }: CoverageGap): string {
  return waived ? `${member}: left open by the owner (${reason})` : paint("yellow", `${member} is open: ${reason}`);
}
