import { SignatureDefMap } from "@sealserve/protocol";
import { collectTypes, type DeclaredTypes } from "./declared-types.ts";
import { describeFile } from "./describe-file.ts";
import { PROTO_FILES } from "./proto-files.ts";
import { SERVICES, type ServiceDeclaration } from "./services.ts";

/** Descriptors of the services that a server offers, and of everything that their messages contain. */
export class DescriptorSet {
  /** Full names of the services. */
  readonly services: readonly string[];
  readonly #files = new Map<string, Uint8Array>();
  readonly #fileOfSymbol = new Map<string, string>();

  /** @param paths of the rpcs that are offered, such as `/tensorflow.serving.PredictionService/Predict` */
  constructor(paths: Iterable<string>) {
    const names = new Set(Array.from(paths, (path) => path.split("/")[1]));
    const services = SERVICES.filter(({ name }) => names.has(name));
    this.services = services.map(({ name }) => name);
    const types = collectTypes([SignatureDefMap, ...messagesOf(services)]);
    for (const symbol of symbolsOf(services, types)) {
      this.#fileOfSymbol.set(symbol, declaringFile(symbol));
    }
    const used = new Set(this.#fileOfSymbol.values());
    for (const file of PROTO_FILES.filter(({ name }) => used.has(name))) {
      this.#files.set(file.name, describeFile(file, types, services, declaringFile));
    }
  }

  /** A `google.protobuf.FileDescriptorProto` by the file's name. */
  file(name: string): Uint8Array | undefined {
    return this.#files.get(name);
  }

  /** The same by the full name of a service, rpc, message or enumeration in it. */
  fileContaining(symbol: string): Uint8Array | undefined {
    return this.#files.get(this.#fileOfSymbol.get(symbol) ?? "");
  }
}

/** Full names of what is declared on the outermost level -> name of the file. */
const declared = new Map(
  PROTO_FILES.flatMap(({ name, package: inPackage, declares }) =>
    declares.map((part): [string, string] => [`${inPackage}.${part}`, name]),
  ),
);

/** Name of the file that a type, service or rpc is in: that of the outermost thing that its name begins with. */
function declaringFile(symbol: string): string {
  for (let name = symbol; name !== ""; name = name.slice(0, Math.max(0, name.lastIndexOf(".")))) {
    const file = declared.get(name);
    if (file !== undefined) {
      return file;
    }
  }
  throw new Error(`no file declares ${symbol}`);
}

function messagesOf(services: readonly ServiceDeclaration[]) {
  return services.flatMap(({ rpcs }) => rpcs.flatMap(({ request, response }) => [request, response]));
}

function symbolsOf(services: readonly ServiceDeclaration[], { messages, enums }: DeclaredTypes): string[] {
  const rpcs = services.flatMap(({ name, rpcs: own }) => own.map((rpc) => `${name}.${rpc.name}`));
  return [...services.map(({ name }) => name), ...rpcs, ...messages.keys(), ...enums.keys()];
}
