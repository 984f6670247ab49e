import { type MessageOf, message } from "../protobuf/message.ts";
import { field } from "../protobuf/single-field.ts";

/** `google.protobuf.Any`: an encoded message with the name of its type. */
export const Any = message("google.protobuf.Any", { typeUrl: field(1, "string"), value: field(2, "bytes") });
/** A value of the message {@link Any}. */
export type Any = MessageOf<typeof Any>;
