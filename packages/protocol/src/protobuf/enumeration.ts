/** A protobuf enumeration. Values are open: a number without a name is kept as it is. */
export interface EnumType {
  readonly kind: "enum";
  /** Full name, such as `tensorflow.DataType`. */
  readonly name: string;
  /** Value names to numbers. */
  readonly values: Readonly<Record<string, number>>;
  /** Name of a value; undefined for a number the enumeration does not know. */
  nameOf(value: number): string | undefined;
}

/** Declares an enumeration; the first name of a number is the one that {@link EnumType.nameOf} gives. */
export function enumeration(name: string, values: Readonly<Record<string, number>>): EnumType {
  const names = new Map<number, string>();
  for (const [valueName, value] of Object.entries(values)) {
    names.set(value, names.get(value) ?? valueName);
  }
  return { kind: "enum", name, values, nameOf: (value) => names.get(value) };
}
