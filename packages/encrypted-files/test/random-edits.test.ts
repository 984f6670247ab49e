import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes } from "@sealserve/core";
import fc from "fast-check";
import type { ByteSource } from "../src/byte-source.ts";
import { decryptBytes, encryptBytes } from "../src/bytes.ts";
import { type EncryptedContent, openEncryptedContent } from "../src/encrypted-content.ts";
import { EncryptedFilesError } from "../src/errors.ts";
import { generateWrapKey } from "../src/wrap-key.ts";
import { flipped, sampleBytes } from "./scratch.ts";

const NODE_SIZE = 4096;
const wrapKey = generateWrapKey();
const plain = sampleBytes(410_000);
const files = ([1, 2] as const).map((version) => encryptBytes(plain, { wrapKey, embeddedPath: "a/b", version }));
const siblings = ([1, 2] as const).map((version) => encryptBytes(plain, { wrapKey, embeddedPath: "a/b", version }));
const nodes = (files[0]?.length ?? 0) / NODE_SIZE;

const anyVersion = fc.constantFrom(0, 1);
const anyNode = fc.nat(nodes - 1);

/** Bytes that the format does not authenticate: minor version, feature flags, padding of the first node. */
function isUnauthenticated(version: number, offset: number): boolean {
  return offset === 9 || (version === 1 && offset === 58) || (offset >= 3942 + version && offset < NODE_SIZE);
}

function assertRefused(bytes: Uint8Array): void {
  assert.throws(
    () => decryptBytes(bytes, { wrapKey }),
    (error: unknown) => error instanceof EncryptedFilesError,
  );
}

function withNode(bytes: Uint8Array, at: number, node: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(node, at * NODE_SIZE);
  return copy;
}

function nodeOf(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.subarray(at * NODE_SIZE, (at + 1) * NODE_SIZE);
}

function fileOf(list: readonly Uint8Array[], version: number): Uint8Array {
  return list[version] ?? assert.fail();
}

test("any changed bit is refused, but for bytes that the format leaves open, which change nothing", () => {
  const offset = fc.oneof(fc.nat(NODE_SIZE - 1), fc.nat(nodes * NODE_SIZE - 1));
  fc.assert(
    fc.property(anyVersion, offset, fc.nat(7), (version, at, bit) => {
      const changed = flipped(fileOf(files, version), at, 1 << bit);
      if (isUnauthenticated(version, at)) {
        assert.equal(Buffer.compare(decryptBytes(changed, { wrapKey }).content, plain), 0);
      } else {
        assertRefused(changed);
      }
    }),
    { numRuns: 150 },
  );
});

test("any cut is refused", () => {
  fc.assert(
    fc.property(
      anyVersion,
      fc.oneof(
        fc.nat(nodes * NODE_SIZE - 1),
        anyNode.map((n) => n * NODE_SIZE),
      ),
      (version, size) => assertRefused(fileOf(files, version).subarray(0, size)),
    ),
    { numRuns: 60 },
  );
});

test("any two exchanged nodes are refused", () => {
  fc.assert(
    fc.property(anyVersion, anyNode, anyNode, (version, a, b) => {
      fc.pre(a !== b);
      const file = fileOf(files, version);
      assertRefused(withNode(withNode(file, a, nodeOf(file, b)), b, nodeOf(file, a)));
    }),
    { numRuns: 60 },
  );
});

test("any node of another file of the same key, path and content is refused", () => {
  fc.assert(
    fc.property(anyVersion, anyNode, (version, at) =>
      assertRefused(withNode(fileOf(files, version), at, nodeOf(fileOf(siblings, version), at))),
    ),
    { numRuns: 60 },
  );
});

test("any node replaced by zeros, and any node left out, is refused", () => {
  fc.assert(
    fc.property(anyVersion, anyNode, (version, at) => {
      const file = fileOf(files, version);
      assertRefused(withNode(file, at, new Uint8Array(NODE_SIZE)));
      const rest = file.subarray((at + 1) * NODE_SIZE);
      assertRefused(concatBytes(file.subarray(0, at * NODE_SIZE), rest));
    }),
    { numRuns: 40 },
  );
});

test("of a file with any changed bit, any read gives the genuine bytes or is refused", async () => {
  const reads = fc.array(fc.tuple(fc.nat(plain.length), fc.nat(9000)), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(anyVersion, fc.nat(nodes * NODE_SIZE - 1), fc.nat(7), reads, async (version, at, bit, ranges) => {
      const changed = flipped(fileOf(files, version), at, 1 << bit);
      const content = await openEncryptedContent(sourceOf(changed), { wrapKey }).catch(refusal);
      for (const [offset, wanted] of content instanceof EncryptedFilesError ? [] : ranges) {
        const length = Math.min(wanted, plain.length - offset);
        const bytes = await (content as EncryptedContent).read(offset, length).catch(refusal);
        if (!(bytes instanceof EncryptedFilesError)) {
          assert.equal(Buffer.compare(bytes, plain.subarray(offset, offset + length)), 0);
        }
      }
    }),
    { numRuns: 100 },
  );
});

test("of a file with any changed bit, the chunks before the damage are genuine, and the end is never told", async () => {
  await fc.assert(
    fc.asyncProperty(anyVersion, fc.nat(nodes * NODE_SIZE - 1), fc.nat(7), async (version, at, bit) => {
      fc.pre(!isUnauthenticated(version, at));
      const changed = flipped(fileOf(files, version), at, 1 << bit);
      let seen = 0;
      await assert.rejects(
        async () => {
          for await (const chunk of (await openEncryptedContent(sourceOf(changed), { wrapKey })).chunks()) {
            assert.equal(Buffer.compare(chunk, plain.subarray(seen, seen + chunk.length)), 0);
            seen += chunk.length;
          }
        },
        (error: unknown) => error instanceof EncryptedFilesError,
      );
      assert.ok(seen < plain.length);
    }),
    { numRuns: 60 },
  );
});

function refusal(error: unknown): EncryptedFilesError {
  assert.ok(error instanceof EncryptedFilesError, String(error));
  return error;
}

function sourceOf(bytes: Uint8Array): ByteSource {
  return {
    name: "edited",
    size: bytes.length,
    read: async (position, target) => target.set(bytes.subarray(position, position + target.length)),
  };
}

test("any content of any length comes back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20_000, size: "max" }), fc.constantFrom<1 | 2>(1, 2), (content, version) => {
      const encrypted = encryptBytes(content, { wrapKey, embeddedPath: "x", version });
      assert.equal(Buffer.compare(decryptBytes(encrypted, { wrapKey }).content, content), 0);
    }),
    { numRuns: 60 },
  );
});
