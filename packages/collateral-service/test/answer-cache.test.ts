import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer } from "../src/http/answer.ts";
import { AnswerCache } from "../src/http/answer-cache.ts";

const answer = (length = 1, reusableUntil?: number): Answer => ({
  status: 200,
  headers: [],
  body: Buffer.alloc(length),
  ...(reusableUntil === undefined ? {} : { reusableUntil }),
});

const now = ({ state }: AnswerCache, from = 0) => ({ state, from });

test("an answer is kept until its time, or until the store changes", () => {
  const cache = new AnswerCache();
  cache.keep("/a", answer(1, 100), now(cache));
  assert.ok(cache.find("/a", 99));
  assert.equal(cache.find("/a", 100), undefined);
  assert.equal(cache.find("/b", 0), undefined);
  cache.clear();
  assert.equal(cache.find("/a", 0), undefined);
});

test("an answer of a clock that was ahead is not given again when the clock is put right", () => {
  const cache = new AnswerCache();
  cache.keep("/a", answer(1, 100), now(cache, 70));
  assert.ok(cache.find("/a", 70));
  assert.equal(cache.find("/a", 69), undefined);
});

test("an answer that was read before a write is not kept after it", () => {
  const cache = new AnswerCache();
  const asked = now(cache);
  cache.clear();
  cache.keep("/a", answer(1, 100), asked);
  assert.equal(cache.find("/a", 0), undefined);
});

test("an answer that says nothing of its time is not kept", () => {
  const cache = new AnswerCache();
  cache.keep("/a", answer(), now(cache));
  assert.equal(cache.find("/a", 0), undefined);
});

test("there are so many answers and no more, and the oldest go", () => {
  const cache = new AnswerCache();
  for (let index = 0; index <= 8192; index++) {
    cache.keep(`/${index}`, answer(1, 100), now(cache));
  }
  assert.equal(cache.find("/0", 0), undefined);
  assert.ok(cache.find("/8192", 0));
  cache.keep("/large", answer(32 * 1024 * 1024 - 100, 100), now(cache));
  assert.ok(cache.find("/large", 0));
  assert.equal(cache.find("/8000", 0), undefined);
});
