// What a server is configured by: command lines, one argument a line, and SSL configurations.
import { encodeUtf8 } from "@sealserve/core";
import { encodeSslConfig } from "@sealserve/protocol";
import { pems } from "./corpus.ts";

export const commandLines: readonly string[] = [
  "--port=8500\n--rest_api_port=8501\n--model_name=m\n--model_base_path=/models/m\n--ssl_config_file=ssl.cfg",
  "--enable_batching\n--batching_parameters_file=b.txt\n--load_retry_interval_micros=-1\n--nonsense=1\nword",
  "--allow-insecure-plaintext\n--bind-address\n::1\n--max-connections=5\n--drain-timeout-seconds=.5\n--json",
  "--tls_min_version=1.3",
];

export const sslConfigs: readonly Uint8Array[] = [
  encodeUtf8(
    encodeSslConfig({
      serverKeyPem: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
      serverCertificatePem: pems[0] ?? "",
      clientCaPem: pems[1],
    }),
  ),
  encodeUtf8("server_key: 'a' 'b', server_cert: \"\\n\\x41\\101\"; client_verify: true # comment"),
];
