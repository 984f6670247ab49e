import { ProtocolError } from "../errors.ts";
import type { Field, MessageType, NamedField } from "./declaration.ts";
import type { WireLimits } from "./limits.ts";
import { WireReader } from "./wire-reader.ts";
import { encodeWith, type WireWriter } from "./wire-writer.ts";

/** Fields of a declaration by member name. */
export type FieldTable = Readonly<Record<string, Field<unknown>>>;

type MemberOf<F> = F extends Field<infer V> ? V : never;
type AbsentMembers<F> = { [K in keyof F]: undefined extends MemberOf<F[K]> ? K : never }[keyof F];

/** TypeScript type of a declared message: fields that can be absent become optional members. */
export type MessageShape<F> = {
  -readonly [K in Exclude<keyof F, AbsentMembers<F>>]: MemberOf<F[K]>;
} & {
  -readonly [K in AbsentMembers<F>]?: MemberOf<F[K]> | undefined;
};

/** `T` of a {@link MessageType}. */
export type MessageOf<M> = M extends MessageType<infer T> ? T : never;

type Members = Record<string, unknown>;

/**
 * Declares a message: `message("tensorflow.serving.ModelSpec", { name: field(1, "string") })`. Members are named in camel
 * case; the .proto names follow from them.
 */
export function message<const F extends FieldTable>(name: string, table: F): MessageType<MessageShape<F>> {
  return new DeclaredMessage<MessageShape<F>>(name, table);
}

class DeclaredMessage<T> implements MessageType<T> {
  readonly name: string;
  readonly fields: readonly NamedField[];
  readonly #byNumber: ReadonlyMap<number, NamedField>;
  readonly #finishing: readonly NamedField[];
  /** The fields of each oneof. */
  readonly #groups: readonly (readonly NamedField[])[];

  constructor(name: string, table: FieldTable) {
    this.name = name;
    this.fields = Object.entries(table).map(([member, field]) => ({ member, protoName: snakeCase(member), field }));
    this.#byNumber = new Map(this.fields.map((named) => [named.field.number, named]));
    this.#finishing = this.fields.filter(({ field }) => field.finish !== undefined);
    const grouped = this.fields.filter(({ field }) => field.oneof !== undefined);
    this.#groups = [...Map.groupBy(grouped, ({ field }) => field.oneof).values()];
  }

  decode(bytes: Uint8Array, limits?: Partial<WireLimits>): T {
    return this.decodeFrom(new WireReader(bytes, limits));
  }

  decodeFrom(reader: WireReader, current?: T): T {
    const members: Members = current === undefined ? this.#defaults() : (current as Members);
    while (reader.next()) {
      const named = this.#byNumber.get(reader.fieldNumber);
      if (named === undefined) {
        reader.skip();
        continue;
      }
      const value = named.field.read(reader, members[named.member]);
      if (named.field.oneof !== undefined) {
        this.#clearGroup(members, named.field.oneof);
      }
      if (value !== undefined) {
        members[named.member] = value;
      }
    }
    for (const { member, field } of this.#finishing) {
      members[member] = field.finish?.(members[member]);
    }
    return members as T;
  }

  encode(value: Partial<T>): Uint8Array<ArrayBuffer> {
    return encodeWith((writer) => this.encodeTo(writer, value));
  }

  encodeTo(writer: WireWriter, value: Partial<T>): void {
    const members = value as Members;
    this.#refuseConflicts(members);
    for (const { member, field } of this.fields) {
      const memberValue = members[member];
      if (memberValue !== undefined) {
        field.write(writer, memberValue);
      }
    }
  }

  create(value: Partial<T> = {}): T {
    return { ...this.#defaults(), ...value } as T;
  }

  #defaults(): Members {
    const members: Members = {};
    for (const { member, field } of this.fields) {
      const initial = field.initial();
      if (initial !== undefined) {
        members[member] = initial;
      }
    }
    return members;
  }

  #clearGroup(members: Members, group: string): void {
    for (const { member, field } of this.fields) {
      if (field.oneof === group) {
        delete members[member];
      }
    }
  }

  #refuseConflicts(members: Members): void {
    for (const group of this.#groups) {
      let other: string | undefined;
      for (const { member } of group) {
        if (members[member] !== undefined) {
          if (other !== undefined) {
            throw new ProtocolError("oneof-conflict", `${this.name} has both ${other} and ${member} of one oneof`);
          }
          other = member;
        }
      }
    }
  }
}

function snakeCase(member: string): string {
  return member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
