import type { Seal, Servables } from "../core/servables.ts";
import type { CertifiedPorts } from "../evidence/attested-certificate.ts";
import type { EvidenceIssuer } from "../evidence/issuer.ts";
import type { ConfiguredModels } from "../life/configured-models.ts";
import type { ChannelSecurity } from "../transport/tls.ts";

/** What is sealed about a node. */
export interface SealedFacts {
  /** Newest version that is served, decimal. */
  readonly version: string;
  /** SHA-256 of the package's manifest, lower-case hex. */
  readonly manifestDigest: string;
  /** True when no hardware stands behind the evidence: nothing is protected. */
  readonly simulated: boolean;
}

/** The models of a node when they are available, and what its ports need for them. */
export interface ServedModels {
  readonly servables: Servables;
  /** Whether calls are answered at this moment. */
  isServing(): boolean;
  readonly tls: ChannelSecurity;
  /** Undefined for models that anybody with write access to their folder could exchange. */
  readonly sealed: { readonly facts: SealedFacts; readonly seal: Seal; readonly evidence: EvidenceIssuer } | undefined;
  /** What HandleReloadConfigRequest changes. */
  readonly configured: Pick<ConfiguredModels, "reload">;
  /** Looks again at the files that say which models are served. What cannot be read is logged and changes nothing. */
  rereadModels(): Promise<void>;
  /** Reads the TLS material again; undefined where it never changes. @throws what makes it unusable */
  rereadTls(): Promise<ChannelSecurity | undefined>;
  /** Renews TLS material that ages by itself on the open ports, until the node closes. */
  keepTls(ports: CertifiedPorts): void;
}
