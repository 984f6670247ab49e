// Changes to JSON documents at any depth, for tests that go through all of their members.

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** The way to a value: member names, and places in lists. */
export type JsonPath = readonly (string | number)[];

/** The ways to all members of objects and all elements of lists, at any depth. */
export function pathsIn(value: Json, path: JsonPath = []): JsonPath[] {
  const inner = Array.isArray(value)
    ? value.map((element, index) => [index, element] as const)
    : typeof value === "object" && value !== null
      ? Object.entries(value)
      : [];
  return inner.flatMap(([key, child]) => [[...path, key], ...pathsIn(child, [...path, key])]);
}

export function valueAt(document: Json, path: JsonPath): Json {
  return path.reduce<Json>((value, key) => (value as { [name: string]: Json })[key] ?? null, document);
}

/** The string at `path`. */
export function textAt(document: Json, path: JsonPath): string {
  const value = valueAt(document, path);
  if (typeof value !== "string") {
    throw new TypeError(`no string at ${path.join(".")}`);
  }
  return value;
}

/** A copy without what stands at `path`. */
export function withoutPath(document: Json, path: JsonPath): Json {
  const { copy, parent, key } = parentIn(document, path);
  if (Array.isArray(parent)) {
    parent.splice(Number(key), 1);
  } else {
    delete parent[key];
  }
  return copy;
}

/** The text of a copy in which `source`, any text, stands at `path`. */
export function textWith(document: Json, path: JsonPath, source: string): string {
  const { copy, parent, key } = parentIn(document, path);
  const mark = "\u0001";
  (parent as { [name: string]: Json })[key] = mark;
  // A function, since a replacement text gives `$` a meaning.
  return JSON.stringify(copy).replace(JSON.stringify(mark), () => source);
}

function parentIn(document: Json, path: JsonPath) {
  const copy = structuredClone(document);
  const parent = valueAt(copy, path.slice(0, -1)) as Json[] | { [name: string]: Json };
  return { copy, parent, key: `${path.at(-1)}` };
}
