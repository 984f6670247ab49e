// No public case of TensorFlow Serving's behaviour is forgotten, and no entry of the table is out of date.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { servingCases, skipWithoutCases } from "../support/serving-cases.ts";
import { elsewhere, refused } from "./serving-case-table.ts";

/** Layers all of whose cases are run by the files named after them, unless the table says otherwise. */
const LAYERS = ["codec", "rest", "grpc"];

describe("the public cases of TensorFlow Serving", { skip: skipWithoutCases }, () => {
  const ids = servingCases.map(({ id }) => id);
  const listed = [elsewhere, refused].flatMap((table) => Object.keys(table));

  it("are all run, or listed with the place or reason", () => {
    const forgotten = servingCases.filter(
      ({ id, layer }) => !LAYERS.includes(layer.split(".")[0] ?? "") && !listed.includes(id),
    );
    assert.deepEqual(
      forgotten.map(({ id }) => id),
      [],
    );
  });

  it("are listed once, under names that exist", () => {
    assert.deepEqual(
      listed.filter((id, index) => !ids.includes(id) || listed.indexOf(id) !== index),
      [],
    );
  });

  it("are named by the files that are said to run them", () => {
    for (const [id, file] of Object.entries(elsewhere)) {
      const path = new URL(file, import.meta.url);
      assert.ok(existsSync(path) && readFileSync(path, "utf8").includes(`"${id}"`), `${id} in ${file}`);
    }
  });
});
