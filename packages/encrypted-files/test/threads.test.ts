import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { decryptBytes, encryptBytes } from "../src/bytes.ts";
import { decryptFile, encryptFile } from "../src/files.ts";
import { cipherThreads } from "../src/groups/cipher-threads.ts";
import { groupBuffers } from "../src/groups/group-buffers.ts";
import { inOrder } from "../src/groups/in-order.ts";
import { generateWrapKey } from "../src/wrap-key.ts";
import { flipped, sampleBytes, scratchDirectory } from "./scratch.ts";

const wrapKey = generateWrapKey();

for (const threads of [1, 2, 3]) {
  for (const size of [0, 3072, 3073, 396289, 13_500_000]) {
    test(`${size} bytes come back through ${threads} threads`, async (t) => {
      const directory = await scratchDirectory(t);
      const [input, output, again] = ["plain", "model.pf", "again"].map((name) => join(directory, name)) as [
        string,
        string,
        string,
      ];
      const plain = sampleBytes(size);
      await writeFile(input, plain);
      await encryptFile({ input, output, wrapKey, threads });
      assert.equal(Buffer.compare(decryptBytes(await readFile(output), { wrapKey }).content, plain), 0);
      await decryptFile({ input: output, output: again, wrapKey, threads });
      assert.equal(Buffer.compare(await readFile(again), plain), 0);
    });
  }
}

test("what threads find damaged is named as it is without them, and leaves nothing behind", async (t) => {
  const directory = await scratchDirectory(t);
  const encrypted = encryptBytes(sampleBytes(2_000_000), { wrapKey, embeddedPath: "a" });
  const input = join(directory, "damaged.pf");
  for (const offset of [8192, 4096 + 97 * 4096 + 4096 * 5, encrypted.length - 1]) {
    await writeFile(input, flipped(encrypted, offset));
    const errors = await Promise.all(
      [0, 2].map((threads) => decryptFile({ input, output: join(directory, "x"), wrapKey, threads }).catch(String)),
    );
    assert.match(errors[0] ?? "", /does not fit its tag/);
    assert.equal(errors[1], errors[0]);
    assert.deepEqual(await readdir(directory), ["damaged.pf"]);
  }
});

test("a number of threads that makes no sense is refused, and leaves nothing behind", async (t) => {
  const directory = await scratchDirectory(t);
  const input = join(directory, "plain");
  await writeFile(input, sampleBytes(5000));
  for (const threads of [-1, 1.5, 65, Number.NaN]) {
    await assert.rejects(encryptFile({ input, output: join(directory, "x"), wrapKey, threads }), {
      code: "invalid-argument",
    });
  }
  assert.deepEqual(await readdir(directory), ["plain"]);
});

/** A cipher with one thread that has started, and buffers. */
async function startedThread(t: TestContext) {
  const cipher = cipherThreads(1);
  t.after(() => cipher.close());
  const buffers = groupBuffers(cipher.allocate(3 * 4096 + 10), 10);
  // The thread works in the memory that it is told, the calling one in the buffers: so the two can be told apart.
  const elsewhere = groupBuffers(cipher.allocate(3 * 4096 + 10), 10);
  const misdirected = { ...buffers, memory: elsewhere.memory };
  while (elsewhere.treeNode.every((byte) => byte === 0)) {
    await cipher.seal(misdirected);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { cipher, buffers, elsewhere, misdirected };
}

test("a thread encrypts, decrypts and finds damage", { timeout: 20_000 }, async (t) => {
  const { cipher, elsewhere, misdirected } = await startedThread(t);
  elsewhere.content.set([1, 2, 3]);
  await cipher.seal(misdirected);
  elsewhere.content.fill(0);
  assert.equal(await cipher.open(misdirected), undefined);
  assert.deepEqual([...elsewhere.content], [1, 2, 3, 0, 0, 0, 0, 0, 0, 0]);
  elsewhere.encrypted[4096] = (elsewhere.encrypted[4096] ?? 0) ^ 1;
  assert.equal(await cipher.open(misdirected), 0);
});

test("what a thread leaves undone when it fails is done by the calling one", { timeout: 20_000 }, async (t) => {
  const { cipher, buffers } = await startedThread(t);
  const broken = { ...buffers, memory: new SharedArrayBuffer(1) };
  buffers.content.set([1, 2, 3]);
  await cipher.seal(broken);
  buffers.content.fill(0);
  assert.equal(await cipher.open(broken), undefined);
  assert.deepEqual([...buffers.content], [1, 2, 3, 0, 0, 0, 0, 0, 0, 0]);
});

test("the calling thread does all of it when no thread can start", async () => {
  const cipher = cipherThreads(1);
  await cipher.close();
  const buffers = groupBuffers(cipher.allocate(3 * 4096 + 10), 10);
  buffers.content.set([1, 2, 3]);
  await cipher.seal(buffers);
  buffers.encrypted[4096] = (buffers.encrypted[4096] ?? 0) ^ 1;
  assert.equal(await cipher.open(buffers), 0);
  buffers.encrypted[4096] = (buffers.encrypted[4096] ?? 0) ^ 1;
  assert.equal(await cipher.open(buffers), undefined);
});

test("results come in order, and no more than the depth are under way", async () => {
  let underWay = 0;
  let most = 0;
  const seen: number[] = [];
  const start = async (index: number) => {
    most = Math.max(most, ++underWay);
    await new Promise((resolve) => setTimeout(resolve, (index * 7) % 5));
    return index;
  };
  for await (const index of inOrder(20, 3, start)) {
    seen.push(index);
    underWay--;
  }
  assert.deepEqual(seen, [...Array(20).keys()]);
  assert.equal(most, 3);
});

test("a failure waits for what is under way, and is thrown in its turn", async () => {
  let settled = 0;
  const start = async (index: number) => {
    await new Promise((resolve) => setTimeout(resolve, 5 * (6 - index)));
    settled++;
    assert.notEqual(index, 2, "the third fails");
    return index;
  };
  const seen: number[] = [];
  await assert.rejects(async () => {
    for await (const index of inOrder(10, 4, start)) {
      seen.push(index);
    }
  }, /the third fails/);
  assert.deepEqual(seen, [0, 1]);
  assert.equal(settled, 6);
});
