import { paint } from "../output/terminal.ts";
import type { Verdict } from "./verdict.ts";

const NAMES = { sgx: "SGX quote", tdx: "TDX quote", snp: "SEV-SNP report" } as const;
const LABEL_WIDTH = 18;
const STATEMENT_WIDTH = 23;

/** A verdict for people: what was proven, what was judged, what it is about, until when it holds, what to do. */
export function verdictText(verdict: Verdict): string[] {
  return [
    headline(verdict),
    ...section("Proven", provenLines(verdict)),
    ...section("Judged", verdict.claims.map(claimLine)),
    ...section("Not judged", notJudged(verdict)),
    ...section("Reasons", verdict.reasons.map(reasonLine)),
    ...section("What to do", remedies(verdict)),
    ...(verdict.collateral === null ? [] : [`Holds until ${verdict.collateral.earliestExpiry}`]),
  ];
}

/** What evidence speaks for, for people. */
export function statementText(statement: Readonly<Record<string, string>> | undefined): string[] {
  return section(
    "It speaks for",
    Object.entries(statement ?? {}).map(([name, value]) => `${name.padEnd(STATEMENT_WIDTH)} ${value}`),
  );
}

function headline({ accepted, genuine, tee, simulated }: Verdict): string {
  const what = tee === null ? "evidence" : NAMES[tee];
  const decision = accepted ? paint("green", "accepted") : paint("red", "refused");
  const proof = genuine === null ? "whether it is genuine is unknown" : genuine ? "genuine" : "not genuine";
  return `${decision}: ${what}, ${proof}${simulated ? paint("yellow", " under a simulated root, which proves nothing about hardware") : ""}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [paint("bold", title), ...lines.map((line) => `  ${line}`)];
}

function provenLines({ genuine, signatureValid, platform, tcb, software, collateral }: Verdict): string[] {
  if (genuine !== true) {
    return [mark(signatureValid, "signatures", signatureValid ? "hold up to the trusted root" : "not proven")];
  }
  const revocation = collateral?.revocation ?? "unchecked";
  return [
    mark(true, "signatures", "hold up to the trusted root"),
    mark(revocation === "checked", "revocation", revocation === "checked" ? "nothing is on the lists" : "not checked"),
    ...Object.entries(platform ?? {}).map(([name, value]) => labelled(name, value)),
    ...(tcb === null ? [] : [labelled("TCB", tcbText(tcb)), ...tcb.advisories.map(advisoryLine)]),
    ...Object.entries(software ?? {}).map(([name, value]) => labelled(name, value)),
  ];
}

function tcbText({ status, platform, tdxModule, qe, date, evaluationNumber }: NonNullable<Verdict["tcb"]>): string {
  const parts = [
    `platform ${platform}`,
    ...(tdxModule === null ? [] : [`TDX module ${tdxModule}`]),
    `quoting enclave ${qe}`,
  ];
  return `${status} (${parts.join(", ")}), levels of ${date.slice(0, 10)}, evaluation ${evaluationNumber}`;
}

function advisoryLine({ id, sources }: NonNullable<Verdict["tcb"]>["advisories"][number]): string {
  return labelled("advisory", `${id} (${sources.join(", ")})`);
}

function claimLine({ claim, actual, expected, pass }: Verdict["claims"][number]): string {
  return mark(pass, claim, pass ? actual : `${actual}, expected ${expected}`);
}

function notJudged({ genuine, claims }: Verdict): string[] {
  if (genuine !== true) {
    return [];
  }
  const judged = (name: string): boolean => claims.some(({ claim }) => claim === name);
  return [
    ...(judged("tee") ? [] : ["which software runs: name a policy that pins it, --policy FILE"]),
    ...(judged("report-data") ? [] : ["for which exchange it was made: --expect-report-data HEX"]),
  ];
}

function reasonLine({ code, message, expected, actual }: Verdict["reasons"][number]): string {
  const facts = [expected && `expected ${expected}`, actual && `came ${actual}`].filter(Boolean).join(", ");
  return `${paint("red", code)}: ${message}${facts === "" ? "" : ` (${facts})`}`;
}

function remedies({ reasons }: Verdict): string[] {
  const found = reasons.flatMap(({ remedy }) => remedy ?? []);
  return [...new Set(found)].map((remedy) => `- ${remedy}`);
}

function mark(good: boolean, label: string, text: string): string {
  return `${good ? paint("green", "✓") : paint("red", "✗")} ${label.padEnd(LABEL_WIDTH)} ${text}`;
}

function labelled(label: string, text: string): string {
  return `  ${label.padEnd(LABEL_WIDTH)} ${text}`;
}
