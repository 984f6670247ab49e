import { encodeUtf8 } from "@sealserve/core";
import { ProtocolError, parseSslConfig } from "@sealserve/protocol";
import { fileRoles, readBoundedFile } from "../config/bounded-file.ts";
import { NodeError } from "../errors.ts";
import type { ListenOptions, TlsOptions } from "../options/server-options.ts";
import { type ChannelSecurity, checkTlsMaterial, type TlsMaterial } from "../transport/tls.ts";
import { checkedOrWiped } from "./tls-key.ts";

/**
 * How the ports of a server without a sealed package are secured: by its SSL configuration, or in plaintext where that is
 * allowed by name. A Unix socket alone needs neither: nobody is on the way.
 *
 * @throws NodeError `plaintext-not-allowed`, `tls-files-unusable`, `file-too-large`
 */
export async function readChannelSecurity(tls: TlsOptions, listen: ListenOptions): Promise<ChannelSecurity> {
  const { sslConfigFile, minimumVersion } = tls;
  if (sslConfigFile !== undefined) {
    return await readSslConfig(sslConfigFile, minimumVersion);
  }
  const hasPorts = [listen.grpc, listen.rest, listen.admin].some((endpoint) => endpoint !== undefined);
  if (hasPorts && !tls.allowInsecurePlaintext) {
    throw new NodeError("plaintext-not-allowed", "there is no TLS key and certificate for the ports", {
      remedy:
        "give --ssl_config_file=FILE (sealserve certs --ssl-cfg FILE makes one), " +
        "or accept that everyone on the way can read and change the data: --allow-insecure-plaintext",
    });
  }
  return "plaintext";
}

async function readSslConfig(file: string, minimumVersion: TlsOptions["minimumVersion"]): Promise<TlsMaterial> {
  const { serverKeyPem, serverCertificatePem, clientCaPem } = parse(
    await readBoundedFile(file, fileRoles.sslConfig),
    file,
  );
  const material = {
    key: encodeUtf8(serverKeyPem),
    certificate: encodeUtf8(serverCertificatePem),
    clientCa: clientCaPem === undefined ? undefined : encodeUtf8(clientCaPem),
    minimumVersion,
  };
  return checkedOrWiped(material, checkTlsMaterial);
}

function parse(bytes: Uint8Array, file: string): ReturnType<typeof parseSslConfig> {
  try {
    return parseSslConfig(bytes);
  } catch (error) {
    if (!(error instanceof ProtocolError)) {
      throw error;
    }
    throw new NodeError("tls-files-unusable", `${file}: ${error.message}`, {
      expected: error.expected,
      remedy: "correct the file, or make one with sealserve certs --ssl-cfg",
    });
  }
}
