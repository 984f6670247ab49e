import type { TlsTarget } from "./connection/tls.ts";
import { ClientError } from "./errors.ts";
import { proveByEvidence } from "./evidence/exchange.ts";
import { EvidenceJudge } from "./evidence/judge.ts";
import type { NodeOptions, UnattestedOptions } from "./options.ts";
import { type AttestedNode, ServingNode, type UnattestedNode } from "./serving-node.ts";

/**
 * Connects to a serving node: its TLS chain is checked, then it is asked for evidence on that very connection, and only
 * when the policy accepts that does anything else go out. The gRPC port is connected at once, or the REST port where it is
 * the only one.
 *
 * @throws ClientError, with what failed: `unreachable`, `chain-not-trusted`, `tls-refused`, `evidence-missing`,
 * `collateral-unavailable`, `evidence-not-genuine`, `evidence-refused` (as EvidenceRefusedError), `package-not-accepted`
 * @throws AttestationError `policy-unpinned` for a policy that pins no software
 * @throws the reason of `options.signal` when it fires first
 */
export async function connectNode(options: NodeOptions): Promise<AttestedNode> {
  const node = new ServingNode(options, authorityOf(options), proveByEvidence(new EvidenceJudge(options.evidence)));
  await (options.grpcPort === undefined ? node.proveRest() : node.proveGrpc());
  return node;
}

/**
 * Connects to a server that gives no evidence, such as one with models in plain folders. Its certificate is checked, but
 * whoever runs the machine can read all data.
 *
 * @throws ClientError `unreachable`, `chain-not-trusted`, `tls-refused`
 */
export async function connectWithoutEvidence(options: UnattestedOptions): Promise<UnattestedNode> {
  const node = new ServingNode(options, { caPem: options.caPem }, async () => undefined);
  await (options.grpcPort === undefined ? node.proveRest() : node.proveGrpc());
  return node;
}

/** @throws ClientError `bad-target` unless it is clear what a server's certificate is held to */
function authorityOf({ caPem, raTls = false, evidence }: NodeOptions): TlsTarget["authority"] {
  if (raTls === (caPem !== undefined)) {
    throw new ClientError("bad-target", "it is not clear what the node's certificate is held to", {
      expected: "either caPem or raTls",
      actual: raTls ? "both" : "neither",
    });
  }
  if (caPem !== undefined) {
    return { caPem };
  }
  if (evidence.manifestDigest === undefined) {
    throw new ClientError("bad-target", "no authority vouches for the node, and no package is pinned", {
      remedy: "give evidence.manifestDigest, which the model's owner has from sealing",
    });
  }
  return "ra-tls";
}
