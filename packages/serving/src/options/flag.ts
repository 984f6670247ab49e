/** What the server does with a flag. */
export type FlagTreatment =
  | "honoured"
  /** Accepted so that command lines stay as they are; nothing depends on it here. */
  | "no effect"
  /** Refused unless it has its default value: the meaning says why. */
  | "refused";

/** One flag of the command line. */
export interface Flag<Value extends FlagValue = FlagValue> {
  readonly type: FlagType;
  /** The value when the flag is absent. */
  readonly fallback: Value;
  readonly treatment: FlagTreatment;
  /** One sentence for people; for a refused flag the reason. */
  readonly meaning: string;
}

/** The types of TensorFlow's flags. */
export type FlagType = "int32" | "int64" | "float" | "bool" | "string";

export type FlagValue = number | bigint | boolean | string;

/** Flags by their name without the dashes. */
export type FlagTable = Readonly<Record<string, Flag>>;

/** The values of all flags of a table. */
export type FlagValues<Table extends FlagTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Flag<infer Value> ? Value : never;
};

export function int32(fallback: number, treatment: FlagTreatment, meaning: string): Flag<number> {
  return { type: "int32", fallback, treatment, meaning };
}

export function int64(fallback: bigint, treatment: FlagTreatment, meaning: string): Flag<bigint> {
  return { type: "int64", fallback, treatment, meaning };
}

export function float(fallback: number, treatment: FlagTreatment, meaning: string): Flag<number> {
  return { type: "float", fallback, treatment, meaning };
}

export function bool(fallback: boolean, treatment: FlagTreatment, meaning: string): Flag<boolean> {
  return { type: "bool", fallback, treatment, meaning };
}

export function string(fallback: string, treatment: FlagTreatment, meaning: string): Flag<string> {
  return { type: "string", fallback, treatment, meaning };
}
