import type { Readable } from "node:stream";
import { concatBytes } from "@sealserve/core";
import { ClientError } from "../errors.ts";

/** All bytes of an answer. @throws ClientError `bad-answer` above `limit` bytes */
export async function collect(stream: Readable, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const bytes: Uint8Array = chunk;
    length += bytes.length;
    if (length > limit) {
      throw new ClientError("bad-answer", "the answer is too large", { expected: `at most ${limit} bytes` });
    }
    chunks.push(bytes);
  }
  return concatBytes(...chunks);
}
