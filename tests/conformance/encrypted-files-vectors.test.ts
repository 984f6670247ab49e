// Every entry of the public vectors for Gramine encrypted files, by the rules that its manifest states.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { decodeHex } from "@sealserve/core";
import {
  decryptBytes,
  decryptFile,
  EncryptedFilesError,
  encryptBytes,
  inspectFile,
  openEncryptedContent,
  openFileSource,
  readWrapKey,
} from "@sealserve/encrypted-files";

type Edit =
  | { readonly op: "xor"; readonly offset: number; readonly mask: number }
  | { readonly op: "swapNodes"; readonly a: number; readonly b: number }
  | { readonly op: "zeroNode"; readonly node: number }
  | { readonly op: "truncate"; readonly size: number };

type Verdict = {
  readonly result: "ok" | "rejected";
  readonly errors?: readonly string[];
  readonly outputSha256?: string;
};

type Expectation = "decrypt" | "reject" | "accept-unauthenticated" | "implementation-defined" | "random-access reads";

type Vector = {
  readonly id: string;
  readonly expect: Expectation;
  readonly wrapKey: string;
  readonly wrapKeyHexOverride?: string;
  readonly file?: string;
  readonly derivedFrom?: string | null;
  readonly edits?: readonly Edit[];
  readonly fileSha256?: string;
  readonly formatMajor?: 1 | 2;
  readonly plaintextSize?: number;
  readonly plaintextSha256?: string;
  readonly embeddedPath?: string;
  readonly openedAsPath?: string;
  readonly verdict?: { readonly current: Verdict };
  readonly bundle?: string;
  readonly fullFileSize?: number;
  readonly nodes?: readonly number[];
  readonly reads?: readonly { readonly offset: number; readonly length: number; readonly sha256: string }[];
};

type VectorManifest = { readonly wrapKeys: Record<string, string>; readonly vectors: readonly Vector[] };

const NODE_SIZE = 4096;
const folder = fileURLToPath(new URL("../../../shared/vectors/encrypted-files/", import.meta.url));
const skip = existsSync(join(folder, "manifest.json")) ? false : `public vectors are not there: ${folder}`;

// Where the format leaves the verdict to the reader, this is ours.
const OUR_CHOICE: Record<string, "decrypt" | "malformed-metadata"> = {
  "v1-name-dotted": "decrypt",
  "v2-name-dotted": "decrypt",
  "crafted-path-no-nul": "malformed-metadata",
};

// What the reference tool says, and the codes that say the same here.
const CODES_OF_TOOL_MESSAGES: readonly (readonly [string, readonly string[]])[] = [
  ["Invalid header", ["invalid-header"]],
  ["Invalid version", ["invalid-version"]],
  ["Invalid path", ["invalid-path"]],
  // A failed tag, or a file that is too short; of an empty one the tool says the same.
  ["Callback failed", ["authentication-failed", "corrupted", "invalid-header"]],
  ["File is corrupted", ["corrupted"]],
  ["Wrap key size", ["wrap-key-size"]],
];

describe("encrypted-files vectors", { skip }, () => {
  const manifest = skip === false ? readManifest() : { wrapKeys: {}, vectors: [] };
  const byId = new Map(manifest.vectors.map((vector) => [vector.id, vector]));
  let scratch = "";

  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), "sealserve-vectors-"));
  });
  after(() => rm(scratch, { recursive: true, force: true }));

  for (const vector of manifest.vectors) {
    test(`${vector.id}: ${vector.expect}`, async () => {
      const wrapKey = decodeHex(vector.wrapKeyHexOverride ?? manifest.wrapKeys[vector.wrapKey] ?? "");
      if (vector.expect === "random-access reads") {
        await checkReads(vector, wrapKey);
        return;
      }
      const bytes = hostFileOf(vector);
      const code = OUR_CHOICE[vector.id];
      if (vector.expect === "reject" || (code !== undefined && code !== "decrypt")) {
        await checkRefusal(vector, bytes, wrapKey, code === undefined ? toolCodes(vector) : [code]);
      } else {
        await checkDecryption(vector, bytes, wrapKey);
      }
    });
  }

  test("there are vectors to check", () => {
    assert.ok(manifest.vectors.length > 0);
  });

  test("files of our own have the size that the reference tool's files have", () => {
    for (const { id, formatMajor, plaintextSize } of manifest.vectors) {
      if (formatMajor !== undefined && plaintextSize !== undefined && !id.startsWith("third-level")) {
        const options = { wrapKey: new Uint8Array(16), embeddedPath: "a", version: formatMajor };
        const written = encryptBytes(new Uint8Array(plaintextSize), options);
        assert.equal(written.length, hostFileOf(byId.get(id) ?? assert.fail(id)).length, id);
      }
    }
  });

  /** The entry's file on the host: as stored, or made from another by its edits. */
  function hostFileOf(vector: Vector): Uint8Array {
    const bytes = vector.file === undefined ? editedFile(vector) : readFileSync(join(folder, vector.file));
    assert.equal(sha256(bytes), vector.fileSha256, "the vector's own file is not the one in its manifest");
    return bytes;
  }

  function editedFile(vector: Vector): Uint8Array {
    const base = byId.get(vector.derivedFrom ?? "") ?? assert.fail(`${vector.id} has no file`);
    return (vector.edits ?? []).reduce(edited, hostFileOf(base));
  }

  async function checkDecryption(vector: Vector, bytes: Uint8Array, wrapKey: Uint8Array): Promise<void> {
    const expected = vector.plaintextSha256 ?? vector.verdict?.current.outputSha256;
    const opened = decryptBytes(bytes, { wrapKey, embeddedPath: vector.openedAsPath });
    assert.equal(sha256(opened.content), expected);
    if (vector.embeddedPath !== undefined) {
      assert.equal(opened.path, vector.embeddedPath);
      assert.equal(opened.version, vector.formatMajor);
    }
    const { input, output } = await scratchFiles(vector, bytes);
    await decryptFile({ input, output, wrapKey, verifyPath: vector.openedAsPath });
    assert.equal(sha256(await readFile(output)), expected);
    const inspection = await inspectFile(input, { wrapKey, checkNodes: true });
    assert.deepEqual([inspection.wrapKey, inspection.damage], ["accepted", undefined]);
  }

  async function checkRefusal(
    vector: Vector,
    bytes: Uint8Array,
    wrapKey: Uint8Array,
    codes: readonly string[],
  ): Promise<void> {
    const refused = (error: unknown) => error instanceof EncryptedFilesError && codes.includes(error.code);
    assert.throws(() => decryptBytes(bytes, { wrapKey, embeddedPath: vector.openedAsPath }), refused);
    const { directory, input, output } = await scratchFiles(vector, bytes);
    await assert.rejects(decryptFile({ input, output, wrapKey, verifyPath: vector.openedAsPath }), refused);
    assert.deepEqual(await readdir(directory), ["input.pf"], "a refused file must leave nothing behind");
    if (wrapKey.length !== 16) {
      await writeFile(join(directory, "key"), wrapKey);
      const message = new RegExp(`^${vector.verdict?.current.errors?.[0]}`);
      await assert.rejects(readWrapKey(join(directory, "key")), { code: "wrap-key-size", message });
    }
  }

  /** Only some nodes of these files are there; the others are zeros, which no reader may need. */
  async function checkReads(vector: Vector, wrapKey: Uint8Array): Promise<void> {
    const input = join(scratch, `${vector.id}.pf`);
    const bundle = readFileSync(join(folder, vector.bundle ?? assert.fail("no bundle")));
    await using file = await open(input, "w");
    await file.truncate(vector.fullFileSize);
    for (const [index, node] of (vector.nodes ?? []).entries()) {
      await file.write(bundle, index * NODE_SIZE, NODE_SIZE, node * NODE_SIZE);
    }
    const source = await openFileSource(input, { followLinks: false });
    try {
      const content = await openEncryptedContent(source, { wrapKey, embeddedPath: vector.embeddedPath });
      assert.deepEqual([content.size, content.version], [vector.plaintextSize, vector.formatMajor]);
      assert.ok(vector.reads !== undefined && vector.reads.length > 0);
      for (const { offset, length, sha256: expected } of vector.reads) {
        assert.equal(sha256(await content.read(offset, length)), expected);
      }
      await assert.rejects(content.readAll(), { code: "corrupted" });
    } finally {
      await source.close();
    }
  }

  async function scratchFiles(vector: Vector, bytes: Uint8Array) {
    const directory = await mkdtemp(join(scratch, `${vector.id}-`));
    const input = join(directory, "input.pf");
    await writeFile(input, bytes);
    return { directory, input, output: join(directory, "output") };
  }
});

function readManifest(): VectorManifest {
  return JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as VectorManifest;
}

function edited(bytes: Uint8Array, edit: Edit): Uint8Array {
  const result = Uint8Array.from(bytes);
  const node = (number: number) => bytes.subarray(number * NODE_SIZE, (number + 1) * NODE_SIZE);
  switch (edit.op) {
    case "xor":
      result[edit.offset] = (result[edit.offset] ?? assert.fail("edit is out of range")) ^ edit.mask;
      return result;
    case "swapNodes":
      result.set(node(edit.a), edit.b * NODE_SIZE);
      result.set(node(edit.b), edit.a * NODE_SIZE);
      return result;
    case "zeroNode":
      return result.fill(0, edit.node * NODE_SIZE, (edit.node + 1) * NODE_SIZE);
    case "truncate":
      return result.subarray(0, edit.size);
    default:
      return assert.fail("unknown edit");
  }
}

function toolCodes(vector: Vector): readonly string[] {
  const message = vector.verdict?.current.errors?.join("\n") ?? "";
  const known = CODES_OF_TOOL_MESSAGES.find(([text]) => message.includes(text));
  return known?.[1] ?? assert.fail(`the tool's message is not known: ${message}`);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
