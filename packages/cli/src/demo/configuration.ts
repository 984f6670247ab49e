import type { DemoModel, DemoWorkspace } from "./workspace.ts";

/** What the simulated platform said when it was ready. */
export interface PlatformFacts {
  readonly mrEnclave: string;
  readonly pccs: string;
  readonly root: string;
}

/** JSON strings are YAML strings. */
const quoted = (text: string): string => JSON.stringify(text);

/** The owner's broker configuration: one entry a model, each pinned to the measured program. */
export function brokerConfiguration(
  workspace: DemoWorkspace,
  models: readonly DemoModel[],
  platform: PlatformFacts,
  policy = pinnedPolicy(platform.mrEnclave),
): string {
  const entries = models.map(
    (model) => `  - name: ${quoted(model.name)}
    package: ${quoted(workspace.path("sealed", model.name))}
    wrapKey: ${quoted(workspace.path("owner", "wrap.key"))}
    ownerKey: ${quoted(workspace.path("owner", "owner.pub"))}
    minimumVersion: 1
    policy:
${indent(policy, 6)}`,
  );
  return `listen: "127.0.0.1:0"
tls:
  key: ${quoted(workspace.path("broker-tls", "server.key"))}
  certificate: ${quoted(workspace.path("broker-tls", "server.crt"))}
collateral:
  pccs: ${quoted(platform.pccs)}
simulatedRoot: ${quoted(platform.root)}
auditLog: ${quoted(workspace.path("audit.jsonl"))}
models:
${entries.join("\n")}
`;
}

/** Pins the program, refuses debug enclaves, accepts up-to-date platforms only. */
export function pinnedPolicy(mrEnclave: string): string {
  return `sgx:
  mrEnclave: [${quoted(mrEnclave)}]
debug: refuse
tcb:
  statuses: [UpToDate]`;
}

/** The same without the pin: what the broker must not start with. */
export const UNPINNED_POLICY = `debug: refuse
tcb:
  statuses: [UpToDate]`;

/** Where one serving node finds its parts. */
export interface NodeParts {
  readonly model: string;
  readonly packageDirectory: string;
  readonly socket: string;
  readonly brokerUrl: string;
}

/** A serving node's configuration, on ports that the system chooses. */
export function nodeConfiguration(workspace: DemoWorkspace, parts: NodeParts): string {
  return `model: ${quoted(parts.model)}
package: ${quoted(parts.packageDirectory)}
listen:
  grpc: "127.0.0.1:0"
  rest: "127.0.0.1:0"
broker:
  url: ${quoted(parts.brokerUrl)}
  ca: ${quoted(workspace.path("broker-tls", "ca.crt"))}
platform:
  simulated: ${quoted(parts.socket)}
`;
}

function indent(text: string, columns: number): string {
  return text
    .split("\n")
    .map((line) => " ".repeat(columns) + line)
    .join("\n");
}
