import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { concatBytes, encodeUtf8 } from "@sealserve/core";
import { type PredictSignature, ServingError } from "@sealserve/protocol";
import { directDecoder } from "../src/rest/decode/body-decoder.ts";
import { DecodeThread, type DecodeThreadOptions, LARGE_BODY } from "../src/rest/decode/decode-thread.ts";
import { MemoryBudget } from "../src/transport/memory-budget.ts";
import { quickLimits } from "./support/quick-limits.ts";

const MIB = 1 << 20;
const PATIENCE = { timeout: 60_000 };
const budget = new MemoryBudget(256 * MIB);
const logged: string[] = [];
const opened: DecodeThread[] = [];
const signature: PredictSignature = {
  inputs: new Map([
    ["x", "float32"],
    ["s", "string"],
  ]),
};
const { signal } = new AbortController();

function open(options: Partial<DecodeThreadOptions> = {}): DecodeThread {
  const log = (event: string, fields: object): void => void logged.push(JSON.stringify([event, fields]));
  const thread = new DecodeThread({ maxElements: quickLimits().maxElements, budget, log, ...options });
  opened.push(thread);
  return thread;
}

const thread = open();

after(async () => void (await Promise.all(opened.map((each) => each.close()))));

/** A body large enough for the thread; space behind the object has no meaning. */
function large(text: string): Uint8Array {
  return encodeUtf8(text.padEnd(LARGE_BODY));
}

/** Waits until the thread has said its last word, which may come after the refusal. */
async function expectNothingHeld(): Promise<void> {
  while (budget.held > 0) {
    await turn();
  }
}

function lookUp(name: string): PredictSignature {
  if (name === "none") {
    throw new ServingError("INVALID_ARGUMENT", 'Serving signature name: "none" not found in signature def');
  }
  return signature;
}

/** A body, or the code and words it is refused with. */
async function outcome(decode: () => unknown): Promise<unknown> {
  try {
    return await decode();
  } catch (error) {
    assert.ok(error instanceof ServingError);
    return [error.code, error.message];
  }
}

const numbers = Array.from({ length: 50_000 }, (_, index) => index / 8).join();

const predictBodies = [
  `{"inputs":{"x":[[${numbers}]],"s":["a",{"b64":"AP8="},"\\u00e4"]}}`,
  '{"signature_name":"other","instances":[{"x":1,"s":"a"},{"x":NaN,"s":""}]}',
  '{"inputs":{"x":[],"s":[[],[]]}}',
  '{"signature_name":"none","inputs":{}}',
  '{"inputs":{"x":[[1,2],[3]],"s":"a"}}',
  '{"inputs":{"x":"text","s":"a"}}',
  '{"inputs":{"x":1,"s":{"b64":"not base64!"}}}',
  '{"inputs":1,"instances":[1]}',
  '{"instances":[]}',
  '{"x":1}',
  '{"inputs":{"x":1e999}}',
  '{"inputs":{"x":[1,2',
  `{"inputs":{"x":${"[".repeat(1_000_000)}`,
  `{"inputs":{"x":${"[".repeat(300)}${"]".repeat(300)},"s":"a"}}`,
  `{"inputs":{"x":1,"s":[${'{"b64":""},'.repeat(50_000)}{"b64":"?"}]}}`,
  `[${"1,".repeat(10)}1]`,
  "nothing",
];

for (const text of predictBodies) {
  test(`in the thread as on the spot: ${text.slice(0, 60)}`, PATIENCE, async () => {
    const limits = { maxNodes: 200_000 };
    const expected = await outcome(() => directDecoder.predict(large(text), lookUp, { limits, signal }));
    const found = await outcome(() => thread.predict(large(text), lookUp, { limits, signal }));
    assert.deepEqual(found, expected);
    await expectNothingHeld();
  });
}

const exampleBodies = [
  `{"examples":[{"x":[${numbers}],"s":["a"]},{}],"context":{"c":1}}`,
  '{"signature_name":"classify","examples":[{"x":1}]}',
  '{"examples":[1]}',
  '{"examples":{}}',
  '{"examples":[{"x":[1,"a"]}]}',
];

for (const text of exampleBodies) {
  test(`examples in the thread as on the spot: ${text.slice(0, 60)}`, PATIENCE, async () => {
    const expected = await outcome(() => directDecoder.examples(large(text), { signal }));
    assert.deepEqual(await outcome(() => thread.examples(large(text), { signal })), expected);
    await expectNothingHeld();
  });
}

const inferBodies: readonly (readonly [text: string, tail: string])[] = [
  [`{"id":"a","inputs":[{"name":"x","shape":[50000],"datatype":"FP64","data":[${numbers}]}]}`, ""],
  [
    '{"inputs":[{"name":"x","shape":[2],"datatype":"INT16","parameters":{"binary_data_size":4}}],"outputs":[{"name":"y"}]}',
    "abcd",
  ],
  ['{"inputs":[{"name":"s","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":5}}]}', "\u0001\0\0\0a"],
  [
    '{"parameters":{"binary_data_output":true},"inputs":[{"name":"s","shape":[1],"datatype":"BYTES","data":["b"]}]}',
    "",
  ],
  ['{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":["b"]}]}', ""],
  ['{"inputs":[{"name":"x","shape":[2],"datatype":"FP32","data":[1]}]}', ""],
  ['{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","parameters":{"binary_data_size":4}}]}', "abc"],
  ['{"inputs":[1]}', ""],
  ["nothing", ""],
];

for (const [text, tail] of inferBodies) {
  test(`infer in the thread as on the spot: ${text.slice(0, 60)}`, PATIENCE, async () => {
    const [json, binary] = [large(text), encodeUtf8(tail)];
    const body = (): Uint8Array => concatBytes(json, binary);
    const length = tail === "" ? undefined : json.length;
    const expected = await outcome(() => directDecoder.infer(body(), length, { signal }));
    assert.deepEqual(await outcome(() => thread.infer(body(), length, { signal })), expected);
    await expectNothingHeld();
  });
}

test("strings of a binary tail stay as they are when their body's memory serves the next", PATIENCE, async () => {
  const memory = new MemoryBudget(256 * MIB);
  const returning = open({ budget: memory });
  const text = '{"inputs":[{"name":"s","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":5}}]}';
  const json = large(text);
  const bodies = ["a", "b"].map((letter) => concatBytes(json, encodeUtf8(`\u0001\0\0\0${letter}`)));
  const first = await returning.infer(bodies[0] as Uint8Array, json.length, { signal });
  const size = json.length + 5;
  await outcome(() => returning.examples(large("nothing"), { signal }));
  const reused = memory.blocks.take(size);
  reused.fill(0xff);
  assert.deepEqual(first.inputs.get("s")?.data, [encodeUtf8("a")]);
  const second = await returning.infer(bodies[1] as Uint8Array, json.length, { signal });
  assert.deepEqual(
    [first, second].map(({ inputs }) => inputs.get("s")?.data),
    [[encodeUtf8("a")], [encodeUtf8("b")]],
  );
});

test("an infer body is large by its JSON: binary data behind it are decoded on the spot", () => {
  const json = '{"inputs":[{"name":"x","shape":[65536],"datatype":"FP32","parameters":{"binary_data_size":262144}}]}';
  const request = thread.infer(Buffer.concat([Buffer.from(json), Buffer.alloc(LARGE_BODY)]), json.length, { signal });
  assert.ok("inputs" in request);
  assert.deepEqual(request.inputs.get("x")?.shape, [65_536]);
});

test("the event loop goes on while a large body is decoded", PATIENCE, async () => {
  const millions = Buffer.from(`{"inputs":{"x":[${"1.25,".repeat(4_000_000)}1],"s":"a"}}`);
  let turns = 0;
  const ticking = setInterval(() => turns++, 1);
  const { inputs } = await thread.predict(millions, lookUp, { signal });
  clearInterval(ticking);
  assert.deepEqual(inputs.get("x")?.shape, [4_000_001]);
  assert.ok(turns > 10, `${turns} turns`);
});

test("the memory of a body comes back for the next, however the body ended", PATIENCE, async () => {
  const memory = new MemoryBudget(256 * MIB);
  const returning = open({ budget: memory });
  const json = '{"inputs":[{"name":"s","shape":[1],"datatype":"BYTES","data":["b"]}]}';
  const asked = [
    () => returning.predict(large('{"inputs":{"x":1,"s":"a"}}'), lookUp, { signal }),
    () => returning.predict(large("nothing"), lookUp, { signal }),
    () => returning.predict(large('{"signature_name":"none","inputs":{}}'), lookUp, { signal }),
    () => returning.examples(large('{"examples":[{"s":["a"]}]}'), { signal }),
    () => returning.infer(large(json), undefined, { signal }),
  ];
  for (const [index, ask] of asked.entries()) {
    await outcome(ask);
    // Its memory comes behind the last word on a body: before the next one is taken.
    await outcome(() => returning.examples(large("nothing"), { signal }));
    assert.ok(
      memory.blocks.keptBytes >= (2 * index + 1) * LARGE_BODY,
      `${memory.blocks.keptBytes} bytes after ${index}`,
    );
  }
});

test("numbers that would take too much memory are refused, and others then decoded", PATIENCE, async () => {
  const narrow = new MemoryBudget(16 * MIB);
  const bounded = open({ budget: narrow });
  const bomb = Buffer.from(`{"inputs":{"x":[${"1,".repeat(2_000_000)}1],"s":"a"}}`);
  assert.deepEqual(await outcome(() => bounded.predict(bomb, lookUp, { signal })), [
    "RESOURCE_EXHAUSTED",
    "The values of the request take too much memory; try again later",
  ]);
  assert.equal(narrow.held, 0);
  const { format } = await bounded.predict(large('{"inputs":{"x":1,"s":"a"}}'), lookUp, { signal });
  assert.deepEqual([format, narrow.held], ["column", 0]);
});

test("so are objects, each of which takes more than the numbers in its place", PATIENCE, async () => {
  const narrow = new MemoryBudget(64 * MIB);
  const bounded = open({ budget: narrow });
  const objects = (): Uint8Array => Buffer.from(`{"inputs":{"x":1,"s":[${'"",'.repeat(100_000)}""]}}`);
  assert.deepEqual(await outcome(() => bounded.predict(objects(), lookUp, { signal })), [
    "RESOURCE_EXHAUSTED",
    "The values of the request take too much memory; try again later",
  ]);
  const { inputs } = await thread.predict(objects(), lookUp, { signal });
  assert.equal(inputs.get("s")?.data.length, 100_001);
});

test("half of the free memory at most is taken for decoding, so that others find room", PATIENCE, async () => {
  const body = large('{"inputs":{"x":1,"s":"a"}}');
  for (const [free, taken] of [
    [256 * MIB, 32 * LARGE_BODY + 256 * Math.ceil(LARGE_BODY / 1.5)],
    [4 * MIB, 2 * MIB],
  ] as const) {
    const memory = new MemoryBudget(free);
    const decoding = open({ budget: memory }).predict(body.slice(), lookUp, { signal });
    assert.equal(memory.held, taken);
    await decoding;
    assert.equal(memory.held, 0);
  }
});

test("no more than so many wait, and those that wait are decoded", PATIENCE, async () => {
  const busy = open({ maxWaiting: 2 });
  const outcomes = Array.from({ length: 5 }, () =>
    outcome(async () => (await busy.predict(large('{"inputs":{"x":1,"s":"a"}}'), lookUp, { signal })).format),
  );
  const refused = ["RESOURCE_EXHAUSTED", "Too many large requests wait to be read; try again later"];
  assert.deepEqual(await Promise.all(outcomes), ["column", "column", "column", refused, refused]);
});

test(
  "one network that fills all places from many addresses loses some to others, who do not wait for all of its bodies",
  PATIENCE,
  async () => {
    const busy = open({ maxWaiting: 4 });
    const order: string[] = [];
    const ask = async (address: string): Promise<unknown> =>
      await outcome(async () => {
        await busy.predict(large('{"inputs":{"x":1,"s":"a"}}'), lookUp, { signal, address });
        order.push(address);
      });
    const asked = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4", "2001:db8::5", "b", "c", "2001:db8::6"];
    const outcomes = await Promise.all(asked.map(ask));
    const refused = ["RESOURCE_EXHAUSTED", "Too many large requests wait to be read; try again later"];
    const [done, late] = [undefined, refused];
    assert.deepEqual(outcomes, [done, done, done, late, late, done, done, late]);
    assert.deepEqual(order, ["2001:db8::1", "2001:db8::2", "b", "c", "2001:db8::3"]);
  },
);

test("a body that takes too long ends with its thread, and those behind it are decoded", PATIENCE, async () => {
  logged.length = 0;
  const slow = open({ decodeMs: 0, startMs: 0, program: new URL("./support/slow-decoder.ts", import.meta.url) });
  const stuck = outcome(() => slow.predict(large("!"), lookUp, { signal }));
  const next = outcome(() => slow.predict(large("!"), lookUp, { signal }));
  const late = ["RESOURCE_EXHAUSTED", "The request takes too long to read"];
  assert.deepEqual([await stuck, await next], [late, late]);
  assert.deepEqual(logged, Array(2).fill('["decoding-failed",{"code":"RESOURCE_EXHAUSTED"}]'));
  await expectNothingHeld();
});

test(
  "no body is sent to a thread that is being ended, though the last word on another came in time",
  PATIENCE,
  async ({ mock }) => {
    const busy = open();
    const ask = (): Promise<unknown> =>
      outcome(
        async () => (await busy.predict(large('{"inputs":{"x":1,"s":"a"}}'), () => signature, { signal })).format,
      );
    assert.equal(await ask(), "column");
    mock.timers.enable({ apis: ["setTimeout"] });
    const decoded = outcome(() => busy.examples(large('{"examples":[{}]}'), { signal }));
    const next = ask();
    // The thread says its last word on the first body, which this one hears only after that body's time is over.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
    mock.timers.tick(60_000);
    await decoded;
    assert.equal(await next, "column");
    await expectNothingHeld();
  },
);

test("one that is given up is not waited for, in its turn or before it", PATIENCE, async () => {
  const giving = open();
  const gone = new ServingError("CANCELLED", "gone");
  const controllers = [new AbortController(), new AbortController(), new AbortController()];
  controllers[2]?.abort(gone);
  const outcomes = controllers.map((controller) =>
    outcome(() => giving.predict(large(predictBodies[0] as string), lookUp, { signal: controller.signal })),
  );
  const next = giving.predict(large('{"inputs":{"x":1,"s":"a"}}'), lookUp, { signal });
  controllers[0]?.abort(gone);
  controllers[1]?.abort(gone);
  assert.deepEqual(
    await Promise.all(outcomes),
    ["", "", ""].map(() => ["CANCELLED", "gone"]),
  );
  assert.equal((await next).format, "column");
  await expectNothingHeld();
});

test("nobody waits for a body that was given up, however long it would take", PATIENCE, async () => {
  logged.length = 0;
  const slow = open({ decodeMs: 3_600_000, program: new URL("./support/slow-decoder.ts", import.meta.url) });
  const caller = new AbortController();
  const stuck = outcome(() => slow.predict(large("!"), lookUp, { signal: caller.signal }));
  const next = slow.predict(large('{"inputs":{"x":1,"s":"a"}}'), lookUp, { signal });
  caller.abort(new ServingError("CANCELLED", "gone"));
  assert.deepEqual(await stuck, ["CANCELLED", "gone"]);
  assert.equal((await next).format, "column");
  assert.deepEqual(logged, [], "it is nobody's failure");
  await expectNothingHeld();
});

test("a thread that dies takes one body with it and is replaced", PATIENCE, async () => {
  logged.length = 0;
  const mortal = open({ program: new URL("./support/mortal-decoder.ts", import.meta.url) });
  const deaths = [1, 2, 3].map(() => outcome(() => mortal.predict(large("!"), lookUp, { signal })));
  const next = mortal.predict(large('{"inputs":{"x":1,"s":"a"}}'), lookUp, { signal });
  const lost = ["INTERNAL", "Internal error"];
  assert.deepEqual(await Promise.all(deaths), [lost, lost, lost]);
  assert.equal((await next).format, "column");
  assert.equal(logged.filter((line) => line.startsWith('["decoding-failed"')).length, 3);
  await expectNothingHeld();
});

test("where no thread can be started each body is refused, and none waits for one", PATIENCE, async () => {
  const memory = new MemoryBudget(MIB);
  const threadless = open({ budget: memory, program: new URL("http://localhost/") });
  const lost = ["INTERNAL", "Internal error"];
  const ask = (): Promise<unknown> => outcome(() => threadless.predict(large("{}"), lookUp, { signal }));
  logged.length = 0;
  assert.deepEqual([await ask(), ...(await Promise.all([ask(), ask()]))], [lost, lost, lost]);
  assert.deepEqual(logged, Array(3).fill('["decoding-failed",{"code":"ERR_INVALID_URL_SCHEME"}]'));
  assert.equal(memory.held, 0);
});

test("what nobody foresaw fails one body and is logged, without a word of it", PATIENCE, async () => {
  logged.length = 0;
  const broken = { inputs: null } as unknown as PredictSignature;
  const body = '{"inputs":{"x":1,"s":"a"}}';
  assert.deepEqual(await outcome(() => thread.predict(large(body), () => broken, { signal })), [
    "INTERNAL",
    "Internal error",
  ]);
  assert.deepEqual(logged, ['["decoding-failed",{"code":"internal"}]']);
  assert.deepEqual((await thread.predict(large(body), lookUp, { signal })).format, "column");
});

test("as many elements as a body may have leave the thread alive", PATIENCE, async () => {
  const maxElements = 2 ** 18;
  const wide = open({ maxElements });
  const bomb = encodeUtf8(`{"inputs":{"x":[${"[0,[]],".repeat(maxElements / 2)}1],"s":"a"}}`);
  const found = await outcome(() => wide.predict(bomb, lookUp, { limits: { maxNodes: maxElements }, signal }));
  assert.deepEqual(found, ["INVALID_ARGUMENT", "JSON document has too many values"]);
  assert.equal((await wide.predict(large('{"inputs":{"x":1,"s":"a"}}'), lookUp, { signal })).format, "column");
});

test("closing refuses what waits, and what comes later", PATIENCE, async () => {
  const closing = open();
  const ask = (): Promise<unknown> =>
    outcome(() => closing.predict(large(predictBodies[0] as string), lookUp, { signal }));
  const waiting = [ask(), ask()];
  await closing.close();
  const refused = ["UNAVAILABLE", "The server is stopping"];
  assert.deepEqual(await Promise.all([...waiting, ask()]), [refused, refused, refused]);
  await expectNothingHeld();
});
