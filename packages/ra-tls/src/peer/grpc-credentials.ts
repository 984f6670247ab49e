import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { ProvenEvidence } from "../certificate/verify.ts";
import { connectRaTls, type RaTlsConnectOptions } from "./connect.ts";

/** What is used of the module `@grpc/grpc-js`, which this package does not depend on. */
export interface GrpcModule<Credentials, CallCredentials> {
  readonly ChannelCredentials: { readonly prototype: Credentials };
  readonly CallCredentials: { createEmpty(): CallCredentials };
}

/** How a gRPC channel proves itself and judges servers; the channel knows where to. */
export type RaTlsChannelOptions<Proof extends ProvenEvidence> = Omit<RaTlsConnectOptions<Proof>, "to" | "protocols">;

interface SecureConnector<CallCredentials> {
  connect(socket: Socket): Promise<{ socket: TLSSocket; secure: true }>;
  waitForReady(): Promise<void>;
  getCallCredentials(): CallCredentials;
  destroy(): void;
}

/**
 * Credentials of a gRPC channel (`@grpc/grpc-js` 1.14 and later) whose servers are verified by their evidence: each
 * connection before the first byte of HTTP/2 is sent on it. A call on a channel whose server is refused fails with
 * UNAVAILABLE and says why.
 *
 * @param grpc the module `@grpc/grpc-js`
 */
export function raTlsChannelCredentials<Credentials extends object, CallCredentials, Proof extends ProvenEvidence>(
  grpc: GrpcModule<Credentials, CallCredentials>,
  options: RaTlsChannelOptions<Proof>,
): Credentials {
  const connectorFor = (
    target: { readonly path: string },
    channel: { readonly "grpc.ssl_target_name_override"?: string },
    callCredentials?: CallCredentials,
  ): SecureConnector<CallCredentials> => {
    const serverName = options.serverName ?? channel["grpc.ssl_target_name_override"] ?? hostOf(target.path);
    return {
      connect: async (to) => {
        const { socket } = await connectRaTls({ ...options, to, serverName, protocols: ["h2"] });
        return { socket, secure: true };
      },
      waitForReady: async () => undefined,
      getCallCredentials: () => callCredentials ?? grpc.CallCredentials.createEmpty(),
      destroy: () => undefined,
    };
  };
  const credentials = Object.create(grpc.ChannelCredentials.prototype) as Credentials;
  return Object.assign(credentials, {
    _isSecure: () => true,
    // Channels share connections when their credentials are equal: these verified theirs by nobody else's rules.
    _equals: (other: object) => other === credentials,
    _createSecureConnector: connectorFor,
  });
}

/** Host of `host:port`, `[address]:port` or a host alone. */
function hostOf(path: string): string {
  return /^\[([^\]]*)\]/.exec(path)?.[1] ?? path.replace(/:\d+$/, "");
}
