/**
 * Whether two values are alike all the way down, as `node:assert/strict` means it: same prototypes, same own enumerable
 * members (symbols too), same content of typed arrays, maps, sets, dates, expressions, errors and boxed values. Objects of
 * other kinds (promises, keys, functions, weak collections) are alike only when they are the same object.
 */
export function isDeepEqual(left: unknown, right: unknown): boolean {
  return alike(left, right, []);
}

type Pair = readonly [object, object];

/** `open` are the pairs being compared further up. Meeting one of them again means a circle, which both sides must have. */
function alike(left: unknown, right: unknown, open: readonly Pair[]): boolean {
  if (!isObject(left) || !isObject(right)) {
    return Object.is(left, right);
  }
  if (left === right) {
    return true;
  }
  const circle = open.find(([a, b]) => a === left || b === right);
  if (circle !== undefined) {
    return circle[0] === left && circle[1] === right;
  }
  const tag = tagOf(left);
  if (tag !== tagOf(right) || Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) {
    return false;
  }
  const inner: readonly Pair[] = [...open, [left, right]];
  return contentAlike(tag, left, right, inner) && membersAlike(left, right, inner);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

/** Compares what an object holds besides its members. */
function contentAlike(tag: string, left: object, right: object, open: readonly Pair[]): boolean {
  if (ArrayBuffer.isView(left) && ArrayBuffer.isView(right)) {
    return sameBytes(bytesOf(left), bytesOf(right));
  }
  if (left instanceof Map && right instanceof Map) {
    return mapsAlike(left, right, open);
  }
  if (left instanceof Set && right instanceof Set) {
    return left.size === right.size && pairUp([...left], [...right], (a, b) => alike(a, b, open));
  }
  switch (tag) {
    case "Object":
    case "Arguments":
      return true;
    case "Array":
      return (left as unknown[]).length === (right as unknown[]).length;
    case "Date":
      return Object.is((left as Date).getTime(), (right as Date).getTime());
    case "RegExp":
      return sameExpression(left as RegExp, right as RegExp);
    case "ArrayBuffer":
    case "SharedArrayBuffer":
      return sameBytes(new Uint8Array(left as ArrayBuffer), new Uint8Array(right as ArrayBuffer));
    case "Error":
      return ["name", "message", "cause", "errors"].every((key) => hiddenMemberAlike(left, right, key, open));
    case "Boolean":
    case "Number":
    case "String":
    case "BigInt":
    case "Symbol":
      return Object.is(left.valueOf(), right.valueOf());
    default:
      return false;
  }
}

function sameExpression(left: RegExp, right: RegExp): boolean {
  return left.source === right.source && left.flags === right.flags && left.lastIndex === right.lastIndex;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

function mapsAlike(left: Map<unknown, unknown>, right: Map<unknown, unknown>, open: readonly Pair[]): boolean {
  const same = ([a, x]: [unknown, unknown], [b, y]: [unknown, unknown]): boolean =>
    alike(a, b, open) && alike(x, y, open);
  return left.size === right.size && pairUp([...left], [...right], same);
}

/** Whether each of `left` finds a partner of its own in `right`, in any order. */
function pairUp<Item>(left: readonly Item[], right: Item[], same: (a: Item, b: Item) => boolean): boolean {
  return left.every((item) => {
    const index = right.findIndex((candidate) => same(item, candidate));
    return index >= 0 && right.splice(index, 1).length === 1;
  });
}

/** Members of errors count although they are not enumerable. */
function hiddenMemberAlike(left: object, right: object, key: string, open: readonly Pair[]): boolean {
  return (
    Object.hasOwn(left, key) === Object.hasOwn(right, key) &&
    alike(Reflect.get(left, key), Reflect.get(right, key), open)
  );
}

function membersAlike(left: object, right: object, open: readonly Pair[]): boolean {
  const keys = memberKeys(left);
  return (
    keys.length === memberKeys(right).length &&
    keys.every((key) => isMember(right, key) && alike(Reflect.get(left, key), Reflect.get(right, key), open))
  );
}

/** The elements of a typed array are left out: they are compared as bytes, and stand before all other keys. */
function memberKeys(value: object): PropertyKey[] {
  const elements = ArrayBuffer.isView(value) && !(value instanceof DataView) ? (value as Uint8Array).length : 0;
  return Reflect.ownKeys(value)
    .slice(elements)
    .filter((key) => isMember(value, key));
}

function isMember(value: object, key: PropertyKey): boolean {
  return Object.prototype.propertyIsEnumerable.call(value, key);
}
