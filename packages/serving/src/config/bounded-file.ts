import { open } from "node:fs/promises";
import { NodeError } from "../errors.ts";

const KIB = 1 << 10;
const MIB = 1 << 20;

/** What a file is to the server, and the most that it may hold. */
export interface FileRole {
  /** For messages, such as "the monitoring configuration". */
  readonly what: string;
  readonly maxBytes: number;
}

/** Files of an operator. Each bound is far above what anybody writes, and far below what would hurt. */
export const fileRoles = {
  serveConfig: { what: "the configuration of the node", maxBytes: MIB },
  modelConfig: { what: "the model configuration", maxBytes: 4 * MIB },
  batchingParameters: { what: "the batching parameters", maxBytes: 256 * KIB },
  monitoringConfig: { what: "the monitoring configuration", maxBytes: 64 * KIB },
  sslConfig: { what: "the TLS configuration", maxBytes: MIB },
  tlsKey: { what: "the TLS key", maxBytes: 256 * KIB },
  certificates: { what: "the file of certificates", maxBytes: MIB },
} as const satisfies Readonly<Record<string, FileRole>>;

/**
 * The bytes of a file, of which no copy stays here: it may hold a key. Of one that is larger than it may be, no more is read than it takes to know that: it may be a device, or
 * grow while it is read.
 *
 * @throws NodeError `file-too-large`
 * @throws Error of the file system
 */
export async function readBoundedFile(path: string, role: FileRole): Promise<Uint8Array> {
  await using file = await open(path, "r");
  const stat = await file.stat();
  refuseAbove(role, path, stat.isFile() ? stat.size : 0);
  const chunks: Uint8Array[] = [];
  let total = 0;
  // The end is the last byte that is read: one more than may be there.
  for await (const chunk of file.createReadStream({ end: role.maxBytes, autoClose: false })) {
    const bytes = chunk as Uint8Array;
    chunks.push(bytes);
    total += bytes.length;
  }
  refuseAbove(role, path, total);
  const whole = Buffer.concat(chunks);
  for (const chunk of chunks) {
    chunk.fill(0);
  }
  return whole;
}

/** As {@link readBoundedFile}, as text. */
export async function readBoundedText(path: string, role: FileRole): Promise<string> {
  return Buffer.from(await readBoundedFile(path, role)).toString("utf8");
}

function refuseAbove({ what, maxBytes }: FileRole, path: string, size: number): void {
  if (size > maxBytes) {
    throw new NodeError("file-too-large", `${path}: ${what} is too large`, {
      expected: `at most ${maxBytes} bytes`,
      actual: size === maxBytes + 1 ? "more" : `${size} bytes`,
      remedy: "check that the path names the right file",
    });
  }
}
