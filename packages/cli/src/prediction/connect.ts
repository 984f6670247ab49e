import { parseCollateralFile } from "@sealserve/attestation";
import {
  type AttestedNode,
  connectNode,
  connectWithoutEvidence,
  type EvidenceExpectations,
  type NodePrediction,
  type ProvenNode,
  type UnattestedNode,
} from "@sealserve/client";
import { type CollateralSource, fileSource } from "@sealserve/collateral";
import { CliError } from "../errors.ts";
import { openPccs } from "../evidence/pccs-option.ts";
import { loadPolicy, loadRoot } from "../evidence/reference-values.ts";
import { readNamedText } from "../named-file.ts";

/** Where a prediction is asked for, and what the server must prove before. */
export interface TargetOptions {
  readonly model: string;
  readonly grpcPort: number;
  readonly restPort: number;
  readonly ca?: string;
  readonly raTls?: true;
  readonly serverName?: string;
  readonly policy?: string;
  readonly pccs?: string;
  readonly pccsCa?: string;
  readonly collateral?: string;
  readonly root?: string;
  readonly manifest?: string;
  readonly insecureWithoutEvidence?: true;
}

/** A server that has proved itself, or one that need not. */
export type TargetNode = AttestedNode | UnattestedNode;

/** An answer, with the proof where there is one. */
export type TargetPrediction = NodePrediction<ProvenNode | undefined>;

/**
 * Connects to the server; a node that has to prove itself has done so then.
 *
 * @throws CliError `usage` when it is not clear what the server is held to
 * @throws ClientError
 */
export async function connectTarget(host: string, options: TargetOptions, signal: AbortSignal): Promise<TargetNode> {
  const { grpcPort, restPort, serverName, raTls } = options;
  const place = { host, grpcPort, restPort, serverName, signal };
  if (options.insecureWithoutEvidence) {
    return await connectWithoutEvidence({ ...place, caPem: await readAuthority(options.ca) });
  }
  const caPem = raTls ? undefined : await readAuthority(options.ca);
  return await connectNode({ ...place, caPem, raTls, evidence: await readExpectations(options) });
}

async function readAuthority(ca: string | undefined): Promise<string> {
  if (ca === undefined) {
    throw new CliError("usage", "it is not clear what the node's certificate is held to", {
      remedy: "give --ca FILE, or --ra-tls with --manifest HEX",
    });
  }
  return await readNamedText(ca);
}

async function readExpectations(options: TargetOptions): Promise<EvidenceExpectations> {
  if (options.policy === undefined) {
    throw new CliError("usage", "no policy says what the node's evidence must be", {
      remedy: "give --policy FILE; for a server that gives no evidence there is --insecure-without-evidence",
    });
  }
  const [policy, root, collateral] = await Promise.all([
    loadPolicy(options.policy),
    loadRoot(options.root),
    readCollateralSource(options),
  ]);
  return { root, collateral, policy, model: options.model, manifestDigest: options.manifest };
}

async function readCollateralSource({ pccs, pccsCa, collateral }: TargetOptions): Promise<CollateralSource> {
  if (pccs !== undefined) {
    return openPccs(pccs, pccsCa);
  }
  if (pccsCa !== undefined) {
    throw new CliError("usage", "--pccs-ca is for a PCCS, and none was given", { remedy: "add --pccs URL" });
  }
  if (collateral !== undefined) {
    return fileSource(parseCollateralFile(await readNamedText(collateral)));
  }
  throw new CliError("usage", "no source of collateral was given", { remedy: "add --pccs URL or --collateral FILE" });
}
