import type { Endpoint } from "@sealserve/config";
import type { ListenAddress } from "@sealserve/ra-tls";
import type { TlsMaterial } from "./tls.ts";

/** A server that answers requests: gRPC or REST. */
export interface Front<Address extends ListenAddress = Endpoint> {
  /** Where it listens, with the true port. */
  readonly address: Address;
  /**
   * Takes other TLS material for the connections that come from now on. Whether clients are asked for a certificate stays.
   *
   * @throws NodeError `tls-files-unusable`, `bad-option`; the material that served before stays
   */
  replaceTls(tls: TlsMaterial): void;
  /** Refuses all TLS handshakes until {@link replaceTls} is called: the material that served before counts no longer. */
  refuseTls(): void;
  /** Connections that are open now. */
  connections(): number;
  /**
   * Has the connections that are open end, once the requests on them have: whoever is on the other end asks for evidence
   * again, or goes to another node, before sending more. Those that have not ended after the time for draining are cut, and
   * what runs for them is given up.
   */
  disconnect(): void;
  /** Takes no new requests, lets those in flight end for a bounded time, then closes. */
  close(): Promise<void>;
}
