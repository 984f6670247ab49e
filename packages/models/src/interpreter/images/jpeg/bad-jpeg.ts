import { invalidArgument } from "@sealserve/protocol";

/** @param reason completes "the JPEG image cannot be decoded: " */
export function badJpeg(reason: string): Error {
  return invalidArgument(`the JPEG image cannot be decoded: ${reason}`);
}
