import { type DeclaredTypes, typeNameOf } from "./declared-types.ts";
import { describeEnum, describeMessage, describeOuterMessage, type InnerTypes, lastPart } from "./describe-message.ts";
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  FileDescriptorProto,
  ServiceDescriptorProto,
} from "./descriptor-messages.ts";
import type { ProtoFile } from "./proto-files.ts";
import type { ServiceDeclaration } from "./services.ts";

/**
 * Describes one file, as a `google.protobuf.FileDescriptorProto`.
 *
 * @param types all types that there are; those of other files are left aside
 * @param fileOf name of the file that declares a type or service
 */
export function describeFile(
  file: ProtoFile,
  types: DeclaredTypes,
  services: readonly ServiceDeclaration[],
  fileOf: (name: string) => string,
): Uint8Array {
  const own = services.filter(({ name }) => fileOf(name) === file.name);
  const top = innerTypes(file.package, types, new Set(file.declares));
  return FileDescriptorProto.encode({
    name: file.name,
    package: file.package,
    dependency: dependencies(file, types, own, fileOf),
    messageType: top.messages,
    enumType: top.enums,
    service: own.map(describeService),
    syntax: "proto3",
  });
}

/**
 * The types whose names have exactly one part more than `outer`, with those inside them.
 *
 * @param only if given, all others are left out
 */
function innerTypes(outer: string, types: DeclaredTypes, only?: ReadonlySet<string>): InnerTypes {
  const messages: DescriptorProto[] = [];
  for (const part of innerParts(outer, types.messages)) {
    if (only?.has(part) !== false) {
      const name = `${outer}.${part}`;
      const inner = innerTypes(name, types);
      const type = types.messages.get(name);
      messages.push(type === undefined ? describeOuterMessage(part, inner) : describeMessage(type, inner));
    }
  }
  const enums: EnumDescriptorProto[] = [...types.enums.values()]
    .filter(({ name }) => name === `${outer}.${lastPart(name)}` && only?.has(lastPart(name)) !== false)
    .map(describeEnum);
  return { messages, enums };
}

/** The parts behind `outer` in full names. */
function innerParts(outer: string, messages: DeclaredTypes["messages"]): ReadonlySet<string> {
  const inside = [...messages.keys()].filter((name) => name.startsWith(`${outer}.`));
  return new Set(inside.map((name) => name.slice(outer.length + 1).split(".", 1)[0] ?? ""));
}

/** Files with the types that this file's messages and services use. */
function dependencies(
  file: ProtoFile,
  types: DeclaredTypes,
  services: readonly ServiceDeclaration[],
  fileOf: (name: string) => string,
): string[] {
  const own = [...types.messages.values()].filter(({ name }) => fileOf(name) === file.name);
  const used = [
    ...own.flatMap(({ fields }) => fields.flatMap((named) => typeNameOf(named) ?? [])),
    ...services.flatMap(({ rpcs }) => rpcs.flatMap(({ request, response }) => [request.name, response.name])),
  ];
  return [...new Set(used.map(fileOf))].filter((name) => name !== file.name).sort();
}

function describeService({ name, rpcs }: ServiceDeclaration): ServiceDescriptorProto {
  return ServiceDescriptorProto.create({
    name: lastPart(name),
    method: rpcs.map(({ name: rpcName, request, response, clientStreaming, serverStreaming }) => ({
      name: rpcName,
      inputType: `.${request.name}`,
      outputType: `.${response.name}`,
      clientStreaming,
      serverStreaming,
    })),
  });
}
