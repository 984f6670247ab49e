/**
 * What a message declaration is made of. A message has fields and a field may hold a message, so these types stand
 * together.
 */
import type { EnumType } from "./enumeration.ts";
import type { WireLimits } from "./limits.ts";
import type { ScalarName } from "./scalar.ts";
import type { WireReader } from "./wire-reader.ts";
import type { WireWriter } from "./wire-writer.ts";

/** A field with the names it goes by. */
export interface NamedField {
  /** Member of the TypeScript type: camel case. */
  readonly member: string;
  /** Name in the .proto file: snake case. JSON and text formats use it. */
  readonly protoName: string;
  readonly field: Field<unknown>;
}

/** A protobuf message declared with {@link message}: reads, writes and describes values of type `T`. */
export interface MessageType<T> {
  /** Full name, such as `tensorflow.serving.ModelSpec`. */
  readonly name: string;
  readonly fields: readonly NamedField[];
  /**
   * The value of `bytes`. Unknown fields are passed over. Members of type `bytes` are views into the input.
   * @throws ProtocolError for anything that is not a message of this type within `limits`
   */
  decode(bytes: Uint8Array, limits?: Partial<WireLimits>): T;
  /** Reads the fields up to the end of the reader's current message, into `current` if given. */
  decodeFrom(reader: WireReader, current?: T): T;
  /** @throws ProtocolError `oneof-conflict` */
  encode(value: Partial<T>): Uint8Array<ArrayBuffer>;
  /** Writes the fields without a length in front. @throws ProtocolError `oneof-conflict` */
  encodeTo(writer: WireWriter, value: Partial<T>): void;
  /** A complete value: members that `value` lacks get their defaults. */
  create(value?: Partial<T>): T;
}

/** A message type, or a function that gives it where two messages contain each other. */
export type MessageReference<T> = MessageType<T> | (() => MessageType<T>);

/** A message that its member keeps in encoded form, as bytes: for messages that are large or hardly ever looked into. */
export interface EncodedType {
  readonly kind: "encoded";
  readonly message: MessageType<unknown>;
}

/** What a field can hold. */
export type FieldType = ScalarName | EnumType | EncodedType | MessageReference<unknown>;

/** A field's type, resolved: for code that walks a declaration, such as a JSON writer. */
export type ResolvedType =
  | { readonly kind: "scalar"; readonly name: ScalarName }
  | EnumType
  | EncodedType
  | { readonly kind: "message"; readonly message: MessageType<unknown> };

/**
 * One field of a message declaration. `V` is the type of the member that holds it, with undefined where it can be
 * absent.
 */
export interface Field<V> {
  readonly number: number;
  readonly label: "plain" | "optional" | "repeated" | "map";
  /** Fields of one group exclude each other; the last one on the wire wins. */
  readonly oneof: string | undefined;
  /** Type of a map's keys. */
  readonly key?: ScalarName;
  /** The scalar in the .proto file, where values are kept in another form. */
  readonly declaredAs?: ScalarName;
  /** True when the scalar stands in a message of google/protobuf/wrappers.proto. */
  readonly isWrapped?: boolean;
  /** Type of the value, of the list's elements, or of the map's values. */
  resolve(): ResolvedType;
  /** What the member holds when nothing is on the wire. */
  initial(): V;
  /**
   * Takes one occurrence of the field from the reader and returns what the member holds from now on; passes over a value
   * of a foreign wire type.
   */
  read(reader: WireReader, current: unknown): unknown;
  /** Turns what {@link read} collected into the member's final value, where these differ. */
  finish?(collected: unknown): V;
  write(writer: WireWriter, value: V): void;
}
